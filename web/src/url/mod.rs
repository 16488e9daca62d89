//! Every link of the product, built in one place, with everything that changes what is seen in the address.

mod kept;
mod people;
mod providers;
mod rollout;

use weir_contract::filter::{Field, Filter, Term, Test};

pub use kept::*;
pub use people::*;
pub use providers::*;
pub use rollout::{
    gateway_deletion, gateway_drain, gateway_drain_end, history, history_before, history_discard,
    revision_events, version_restoration,
};

/// What happens and what it costs, at a glance.
pub const OVERVIEW: &str = "/";
/// The list of requests.
pub const REQUESTS: &str = "/requests";
/// The list of customers.
pub const CUSTOMERS: &str = "/customers";
/// The list of keys, and where a new one is posted.
pub const KEYS: &str = "/keys";
/// Endpoints: who runs models, and with which credential.
pub const PROVIDERS: &str = "/providers";
/// The names clients may ask for; where a new one is posted.
pub const MODELS: &str = "/models";
/// What units cost, and where that is known from.
pub const PRICES: &str = "/prices";
/// What is not published yet, and every revision that was.
pub const PUBLISHING: &str = "/publishing";
/// Who runs which revision.
pub const GATEWAYS: &str = "/gateways";
/// Where ending all other sessions is posted.
pub const SESSIONS_END: &str = "/settings/sessions/end";
/// Where a new API token is posted.
pub const API_TOKENS: &str = "/settings/tokens";
/// Where a new workspace is posted.
pub const WORKSPACES: &str = "/settings/workspaces";
/// Where a new gateway token is posted.
pub const GATEWAY_TOKENS: &str = "/gateways/tokens";
/// What is stopped, and where a new stop is posted.
pub const STOPS: &str = "/stops";
/// Who changed what.
pub const AUDIT: &str = "/audit";
/// The whole audit chain as a file that can be checked without a server.
pub const AUDIT_JSONL: &str = "/audit.jsonl";
/// People, sessions, tokens, workspaces, looks.
pub const SETTINGS: &str = "/settings";
/// Sign-in, and where it is posted.
pub const SIGN_IN: &str = "/sign-in";
/// Where signing out is posted.
pub const SIGN_OUT: &str = "/sign-out";
/// First steps.
pub const WELCOME: &str = "/welcome";
/// Where "Send a test request for me" is posted.
pub const WELCOME_TEST: &str = "/welcome/test";
/// The event stream that says the first request has come.
pub const WELCOME_EVENTS: &str = "/welcome/events";
/// Where the first administrator is posted.
pub const FIRST_ADMIN: &str = "/first-admin";
/// Where the choice of colours is posted.
pub const APPEARANCE: &str = "/appearance";
/// Where publishing is posted.
pub const PUBLISH: &str = "/publish";

/// What is found by a few words, or by an id.
pub const PALETTE: &str = "/palette";
/// The event stream of the list of requests.
pub const REQUESTS_EVENTS: &str = "/requests/events";
/// Filters kept by name, and where a new one is posted.
pub const VIEWS: &str = "/requests/views";
/// Exports, and where a new one is posted.
pub const EXPORTS: &str = "/requests/exports";
/// The form for a new export.
pub const EXPORT_NEW: &str = "/requests/exports/new";

/// The overview of one window and workspace; empty for all workspaces. `wait` asks for what was too slow.
#[must_use]
pub fn overview(range: &str, workspace: &str, wait: bool) -> String {
    let query = Query::new().set("range", range).set("workspace", workspace);
    format!("{OVERVIEW}{}", query.set("wait", if wait { "1" } else { "" }))
}

/// All that is explained.
pub const HELP: &str = "/help";

/// One group of the API, described.
#[must_use]
pub fn api(group: &str) -> String {
    format!("/api{}", Query::new().set("group", group))
}

/// How to read one screen.
#[must_use]
pub fn help(screen: &str) -> String {
    format!("{HELP}/{}", escaped(screen))
}

/// What one error means; also the `type` of a problem.
#[must_use]
pub fn error_help(slug: &str) -> String {
    format!("{HELP}/errors/{}", escaped(slug))
}

/// One request.
#[must_use]
pub fn request(id: &str) -> String {
    format!("/requests/{}", escaped(id))
}

/// One tab of a request: `messages`, `cost`, `attempts` or `raw`.
#[must_use]
pub fn request_tab(id: &str, tab: &str) -> String {
    format!("/requests/{}?tab={}", escaped(id), escaped(tab))
}

/// All requests of the last 30 days with one value of one field.
#[must_use]
pub fn requests_with(field: &str, value: &str) -> String {
    RequestsQuery { q: term(field, value), range: "30d".into(), ..RequestsQuery::default() }.href()
}

/// One stored body as it was sent; `body` is `request`, `response`, `upstream_request` or `upstream_response`.
#[must_use]
pub fn request_body(id: &str, attempt: impl std::fmt::Display, body: &str) -> String {
    format!("/requests/{}/bodies/{attempt}/{}", escaped(id), escaped(body))
}

/// One customer in one period, for example `2026-11`.
#[must_use]
pub fn customer(id: &str, period: &str) -> String {
    format!("/customers/{}{}", escaped(id), Query::new().set("period", period))
}

/// The calls of one customer in one period as CSV.
#[must_use]
pub fn customer_csv(id: &str, period: &str) -> String {
    format!("/customers/{}/calls.csv{}", escaped(id), Query::new().set("period", period))
}

/// The list of customers, searched, in one period.
#[must_use]
pub fn customers(period: &str, search: &str, after: &str) -> String {
    format!("{CUSTOMERS}{}", Query::new().set("period", period).set("search", search).set("after", after))
}

/// The list of customers as CSV.
#[must_use]
pub fn customers_csv(period: &str, search: &str) -> String {
    format!("/customers.csv{}", Query::new().set("period", period).set("search", search))
}

/// Where revoking a key is asked (GET) and done (POST).
#[must_use]
pub fn key_revocation(id: &str) -> String {
    format!("/keys/{}/revocation", escaped(id))
}

/// One key: its page (GET) and where its change is posted.
#[must_use]
pub fn key(id: &str) -> String {
    format!("{KEYS}/{}", escaped(id))
}

/// Where rotating a key is asked (GET) and done (POST).
#[must_use]
pub fn key_rotation(id: &str) -> String {
    format!("{KEYS}/{}/rotation", escaped(id))
}

/// Where the end of a key's old secret is posted.
#[must_use]
pub fn key_rotation_end(id: &str) -> String {
    format!("{KEYS}/{}/rotation/end", escaped(id))
}

/// The list of keys, searched, in one state, from one row on.
#[must_use]
pub fn keys(search: &str, state: &str, after: &str) -> String {
    format!("{KEYS}{}", Query::new().set("search", search).set("state", state).set("after", after))
}

/// The form to stop a customer, key, model or endpoint, filled in.
#[must_use]
pub fn stop(kind: &str, target: &str) -> String {
    format!("{STOPS}{}", Query::new().set("kind", kind).set("target", target))
}

/// Where letting a stopped thing go on is posted.
#[must_use]
pub fn stop_end(id: &str) -> String {
    format!("{STOPS}/{}/end", escaped(id))
}

/// Where ending one session is posted.
#[must_use]
pub fn session_end(id: &str) -> String {
    format!("{SETTINGS}/sessions/{}/end", escaped(id))
}

/// One workspace, and where its change is posted.
#[must_use]
pub fn workspace(id: &str) -> String {
    format!("{WORKSPACES}/{}", escaped(id))
}

/// Where revoking an API token is posted.
#[must_use]
pub fn api_token_revocation(id: &str) -> String {
    format!("{API_TOKENS}/{}/revocation", escaped(id))
}

/// The history of revisions below that one.
#[must_use]
pub fn publishing(before: &u64) -> String {
    format!("{PUBLISHING}{}", Query::new().set("before", &before.to_string()))
}

/// One revision and its roll-out.
#[must_use]
pub fn revision(number: &u64) -> String {
    format!("{PUBLISHING}/{number}")
}

/// Where restoring a revision is asked (GET) and done (POST).
#[must_use]
pub fn revision_restoration(number: &u64) -> String {
    format!("{PUBLISHING}/{number}/restoration")
}

/// Where revoking a gateway's token is asked (GET) and done (POST).
#[must_use]
pub fn gateway_token_revocation(id: &str) -> String {
    format!("{GATEWAY_TOKENS}/{}/revocation", escaped(id))
}

/// Where a thing is shown, by its id; `None` for what has no page.
#[must_use]
pub fn object(id: &str) -> Option<String> {
    let (kind, _) = id.split_once('_').unwrap_or((id, ""));
    match kind {
        "key" => Some(format!("{KEYS}/{}", escaped(id))),
        "ep" => Some(endpoint(id)),
        "model" => Some(model(id)),
        "person" => Some(person(id)),
        "link" => Some(PEOPLE.to_owned()),
        "ws" => Some(workspace(id)),
        "token" => Some(SETTINGS.to_owned()),
        number if number.parse::<u64>().is_ok() => Some(format!("{PUBLISHING}/{number}")),
        _ => None,
    }
}

/// What the audit log shows; empty parts narrow nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Who, by id.
    pub actor: String,
    /// What was done, or how it begins.
    pub action: String,
    /// To what, by id.
    pub object: String,
    /// From that day on.
    pub from: String,
    /// Before that day.
    pub to: String,
}

impl AuditQuery {
    /// The address of the list.
    #[must_use]
    pub fn href(&self) -> String {
        format!("{AUDIT}{}", self.query())
    }

    /// The same rows as CSV.
    #[must_use]
    pub fn csv(&self) -> String {
        format!("/audit.csv{}", self.query())
    }

    /// The rows before number `before`.
    #[must_use]
    pub fn before(&self, before: &i64) -> String {
        format!("{AUDIT}{}", self.query().set("before", &before.to_string()))
    }

    /// One row of the list.
    #[must_use]
    pub fn row(&self, seq: &i64) -> String {
        format!("{}#row_{seq}", self.before(&(seq + 1)))
    }

    /// The list with the chain checked.
    #[must_use]
    pub fn checked(&self) -> String {
        format!("{AUDIT}{}", self.query().set("check", "1"))
    }

    /// Whether anything is narrowed.
    #[must_use]
    pub fn is_filtered(&self) -> bool {
        *self != Self::default()
    }

    fn query(&self) -> Query {
        let Self { actor, action, object, from, to } = self;
        let query = Query::new().set("actor", actor).set("action", action).set("object", object);
        query.set("from", from).set("to", to)
    }
}

/// What the list of requests shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestsQuery {
    /// The filter as typed.
    pub q: String,
    /// A named window: `1h`, `24h`, `7d`, `30d`, `mtd`, `last_month`; empty when `from` and `to` rule.
    pub range: String,
    /// Start of the window, ISO 8601 UTC; empty when `range` rules.
    pub from: String,
    /// End of the window, ISO 8601 UTC; empty when `range` rules.
    pub to: String,
    /// Cursor: rows older than this.
    pub before: String,
    /// Cursor: rows newer than this.
    pub after: String,
    /// A field to add up by: `model`, `customer`, `key`, `provider`, `status`; empty for none.
    pub group: String,
    /// Whether new rows are announced while the page is open.
    pub live: bool,
}

impl RequestsQuery {
    /// The named windows a reader may choose: value and label.
    pub const RANGES: [(&'static str, &'static str); 6] = [
        ("1h", "Last hour"),
        ("24h", "Last 24 hours"),
        ("7d", "Last 7 days"),
        ("30d", "Last 30 days"),
        ("mtd", "This month"),
        ("last_month", "Last month"),
    ];

    /// The rows one customer made in a window given in ISO 8601 UTC.
    #[must_use]
    pub fn of(q: impl Into<String>, from: impl Into<String>, to: impl Into<String>) -> Self {
        Self { q: q.into(), from: from.into(), to: to.into(), ..Self::default() }
    }

    /// The address of this view.
    #[must_use]
    pub fn href(&self) -> String {
        format!("{REQUESTS}{}", self.query())
    }

    /// The same view as CSV, without the paging.
    #[must_use]
    pub fn csv(&self) -> String {
        format!("/requests.csv{}", self.plain().query())
    }

    /// Where an export of the same view is begun.
    #[must_use]
    pub fn export(&self) -> String {
        format!("{EXPORT_NEW}{}", self.plain().query())
    }

    /// Where the same view is kept under a name.
    #[must_use]
    pub fn keep(&self) -> String {
        format!("{VIEWS}{}", Self { live: false, ..self.first_page() }.query())
    }

    /// The event stream that announces rows newer than `cursor`.
    #[must_use]
    pub fn events(&self, cursor: &str) -> String {
        format!("{REQUESTS_EVENTS}{}", self.newer(cursor).query())
    }

    /// The same view added up by `field`; empty for not.
    #[must_use]
    pub fn grouped(&self, field: &str) -> Self {
        Self { group: field.into(), ..self.first_page() }
    }

    /// The same view, announcing new rows or not.
    #[must_use]
    pub fn live(&self, live: bool) -> Self {
        Self { live, ..self.first_page() }
    }

    /// The filter and the window alone.
    #[must_use]
    pub fn plain(&self) -> Self {
        Self { group: String::new(), live: false, ..self.first_page() }
    }

    /// The address of one request, opened from this view.
    #[must_use]
    pub fn open(&self, id: &str) -> String {
        format!("{}{}", request(id), Self { live: false, ..self.clone() }.query())
    }

    /// The address of one request's tab, keeping the view it was opened from.
    #[must_use]
    pub fn open_tab(&self, id: &str, tab: &str) -> String {
        format!("{}{}", request(id), self.query().set("tab", tab))
    }

    /// The same view from its newest row.
    #[must_use]
    pub fn first_page(&self) -> Self {
        Self { before: String::new(), after: String::new(), ..self.clone() }
    }

    /// The rows before `cursor`.
    #[must_use]
    pub fn older(&self, cursor: &str) -> Self {
        Self { before: cursor.into(), ..self.first_page() }
    }

    /// The rows after `cursor`.
    #[must_use]
    pub fn newer(&self, cursor: &str) -> Self {
        Self { after: cursor.into(), ..self.first_page() }
    }

    /// The same window under another filter.
    #[must_use]
    pub fn filtered(&self, q: impl Into<String>) -> Self {
        Self { q: q.into(), ..self.first_page() }
    }

    /// The same filter in another window, given in ISO 8601 UTC.
    #[must_use]
    pub fn within(&self, from: impl Into<String>, to: impl Into<String>) -> Self {
        Self { range: String::new(), from: from.into(), to: to.into(), ..self.first_page() }
    }

    /// Whether `range` is the chosen window.
    #[must_use]
    pub fn is_range(&self, range: &str) -> bool {
        self.range == range
    }

    fn query(&self) -> Query {
        Query::new()
            .set("q", &self.q)
            .set("range", &self.range)
            .set("from", &self.from)
            .set("to", &self.to)
            .set("before", &self.before)
            .set("after", &self.after)
            .set("group", &self.group)
            .set("live", if self.live { "1" } else { "" })
    }
}

/// A filter term `field:value`, quoted where the value needs it; a name that is no field searches for the value as text.
#[must_use]
pub fn term(field: &str, value: &str) -> String {
    match Field::from_name(field) {
        Some(field) => Filter::default().with(field, value).to_string(),
        None => {
            Filter { terms: vec![Term { negated: false, test: Test::Text(value.to_owned()) }] }.to_string()
        }
    }
}

/// A query string under construction; empty values are left out.
struct Query(String);

impl Query {
    fn new() -> Self {
        Self(String::new())
    }

    fn set(mut self, name: &str, value: &str) -> Self {
        if !value.is_empty() {
            self.0.push(if self.0.is_empty() { '?' } else { '&' });
            self.0.push_str(name);
            self.0.push('=');
            self.0.push_str(&escaped(value));
        }
        self
    }
}

impl std::fmt::Display for Query {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Percent-encodes everything but the unreserved characters of RFC 3986.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_id_with_a_slash_or_a_question_mark_stays_one_segment() {
        assert_eq!(customer("a/b?c#d", "2026-11"), "/customers/a%2Fb%3Fc%23d?period=2026-11");
    }

    #[test]
    fn opening_a_row_keeps_the_view_it_came_from() {
        let view = RequestsQuery { q: "customer:acme".into(), range: "7d".into(), ..Default::default() };
        assert_eq!(view.open("01f"), "/requests/01f?q=customer%3Aacme&range=7d");
        assert_eq!(view.older("x").newer("y").href(), "/requests?q=customer%3Aacme&range=7d&after=y");
    }

    #[test]
    fn a_value_with_spaces_or_quotes_becomes_one_term() {
        assert_eq!(term("customer", "acme"), "customer:acme");
        assert_eq!(term("customer", "a \"b\""), "customer:\"a \\\"b\\\"\"");
        assert_eq!(term("mood", "fine"), "\"fine\"");
    }
}
