//! `/requests`: filter, histogram, fifty rows.

use crate::page::{Freshness, Window};
use crate::part::Status;
use crate::shell::Shell;
use crate::url::RequestsQuery;
use askama::Template;
use weir_contract::filter::Filter;
use weir_contract::money::Money;

/// Requests of a window under a filter, newest first.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/requests/list.html")]
pub struct RequestsPage {
    /// The frame.
    pub shell: Shell,
    /// What is asked for, as it stands in the address.
    pub query: RequestsQuery,
    /// Why the filter was not understood; the page is then sent with status 422 and no rows.
    pub error: Option<FilterError>,
    /// The stretch of time the query comes to.
    pub window: Window,
    /// How far the figures are counted.
    pub freshness: Freshness,
    /// How many requests match; `None` when that was not counted.
    pub total: Option<u64>,
    /// The window cut into equal pieces, oldest first; two dozen keep the page within its budget of elements.
    pub histogram: Vec<HistogramBar>,
    /// At most fifty, newest first.
    pub rows: Vec<RequestRow>,
    /// Cursor of the rows before these.
    pub older: Option<String>,
    /// Cursor of the rows after these.
    pub newer: Option<String>,
    /// Why there are no rows.
    pub empty: Option<Empty>,
    /// The rows added up by a field; `None` when that was not asked for.
    pub groups: Option<Groups>,
    /// Where new rows are announced from, when that is on; the rows stay as they are.
    pub events: Option<String>,
    /// Whether the window goes on to now, so that new rows can come at all.
    pub may_be_live: bool,
}

/// The requests of a list added up by one field.
#[derive(Debug, Clone, Default)]
pub struct Groups {
    /// The groups, the most expensive first; `None` when the archive took too long.
    pub rows: Option<Vec<GroupRow>>,
    /// Whether there are more than are shown.
    pub more: bool,
}

/// One group.
#[derive(Debug, Clone, Default)]
pub struct GroupRow {
    /// What it is called.
    pub name: String,
    /// The list narrowed to it.
    pub href: String,
    /// Its requests.
    pub requests: u64,
    /// Those that failed.
    pub failed: u64,
    /// What it cost.
    pub cost: Money,
    /// Calls without a known price, missing from the cost.
    pub unrated: u64,
    /// All input tokens.
    pub tokens_in: u64,
    /// All output tokens.
    pub tokens_out: u64,
    /// Mean time of a request.
    pub duration_us: u64,
}

/// The message of the list's event stream: how many requests came since the page was made.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/requests/live_event.html")]
pub struct LiveEvent {
    /// How many.
    pub count: u64,
    /// Whether there are more than were counted.
    pub more: bool,
    /// The same list from its newest row.
    pub href: String,
}

/// One request's line.
#[derive(Debug, Clone, Default)]
pub struct RequestRow {
    /// Its id.
    pub request_id: String,
    /// When it came.
    pub started_us: i64,
    /// How it ended.
    pub status: Status,
    /// The customer it was for; empty if none was named.
    pub customer_id: String,
    /// The model asked for.
    pub model_requested: String,
    /// The model that answered; empty if none did.
    pub model: String,
    /// Who ran it; empty if nobody did.
    pub provider: String,
    /// All input tokens, cached ones included.
    pub tokens_in: u64,
    /// All output tokens, reasoning included.
    pub tokens_out: u64,
    /// From the request's arrival to the first token.
    pub first_token_us: Option<u64>,
    /// From the request's arrival to its last byte.
    pub duration_us: u64,
    /// What it cost; `None` when it could not be rated.
    pub cost: Option<Money>,
}

/// Why a filter was not understood.
#[derive(Debug, Clone, Default)]
pub struct FilterError {
    /// What is wrong, in a sentence.
    pub message: String,
    /// The term it is about, as typed.
    pub term: String,
    /// Whole filters that would be understood.
    pub suggestions: Vec<String>,
}

/// One piece of the histogram.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HistogramBar {
    /// Its stretch of time.
    pub window: Window,
    /// Requests that ended well.
    pub ok: u64,
    /// Requests that did not.
    pub failed: u64,
}

/// Why a list of requests is empty.
#[derive(Debug, Clone)]
pub enum Empty {
    /// There was never any traffic.
    Never,
    /// There was none in this window.
    Window {
        /// When the last request came.
        last_request_us: i64,
    },
    /// The filter removed everything: for each of its terms in order, how many rows there would be without it.
    Terms(Vec<(String, u64)>),
}

impl RequestsPage {
    /// What rows can be added up by: value and label.
    pub const GROUPS: [(&'static str, &'static str); 5] = [
        ("model", "Model"),
        ("customer", "Customer"),
        ("key", "Key"),
        ("provider", "Provider"),
        ("status", "Status"),
    ];
    /// The filter without its term at `place`, as an address.
    #[must_use]
    pub fn without(&self, place: &usize) -> String {
        let rest = Filter::parse(&self.query.q).map(|filter| filter.without(*place)).unwrap_or_default();
        self.query.filtered(rest.to_string()).href()
    }

    /// The same filter over the last 30 days.
    #[must_use]
    pub fn widened(&self) -> String {
        RequestsQuery { q: self.query.q.clone(), range: "30d".into(), ..RequestsQuery::default() }.href()
    }
}
