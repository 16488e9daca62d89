//! The list of requests: newest first by keyset, one row per request, its cost summed over all its calls.

use std::collections::HashMap;

use clickhouse::Row;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use weir_contract::filter::Filter;

use super::filter_sql::{FIRST_TOKEN, TOKENS_IN, TOKENS_OUT, narrowed};
use super::scope::{Scope, Statement, Table};
use super::window::Window;
use super::{Archive, ArchiveError};

/// A place in the list: rows are ordered by time, then id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cursor {
    /// When the request came, µs UTC.
    pub(crate) started_us: i64,
    /// Which it is.
    pub(crate) request_id: Uuid,
}

impl Cursor {
    /// The same place, at a moment the archive can hold: a cursor comes from outside.
    pub(crate) fn within_history(self) -> Self {
        const LATEST_US: i64 = 9_000_000_000_000_000; // in the year 2255
        Self { started_us: self.started_us.clamp(0, LATEST_US), ..self }
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.started_us, self.request_id.simple())
    }
}

impl std::str::FromStr for Cursor {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let (started, id) = text.split_once('-').ok_or(())?;
        Ok(Self { started_us: started.parse().map_err(|_| ())?, request_id: id.parse().map_err(|_| ())? })
    }
}

/// Which part of the list is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Place {
    /// From its newest row.
    #[default]
    Newest,
    /// The rows older than this.
    Before(Cursor),
    /// The rows newer than this.
    After(Cursor),
}

/// What is asked of the list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask<'a> {
    /// When.
    pub(crate) window: Window,
    /// Which.
    pub(crate) filter: &'a Filter,
    /// From where.
    pub(crate) place: Place,
    /// At most so many rows.
    pub(crate) limit: usize,
}

impl Ask<'_> {
    /// The day of the window next to where the page begins, when the window is much longer than that.
    fn near(&self) -> Option<Window> {
        const DAY_US: i64 = 86_400_000_000;
        let Window { from_us, to_us } = self.window;
        let near = match self.place {
            Place::Newest => Window { from_us: to_us - DAY_US, to_us },
            Place::Before(cursor) => Window {
                from_us: cursor.started_us.saturating_sub(DAY_US),
                to_us: to_us.min(cursor.started_us.saturating_add(1)),
            },
            Place::After(cursor) => Window {
                from_us: from_us.max(cursor.started_us),
                to_us: cursor.started_us.saturating_add(DAY_US),
            },
        };
        let is_inside = near.from_us >= from_us && near.to_us <= to_us;
        (is_inside && self.window.length_us() > 3 * DAY_US).then_some(near)
    }
}

/// One page of the list, newest first.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The rows.
    pub(crate) rows: Vec<RequestLine>,
    /// Whether more rows follow in the direction asked for.
    pub(crate) more: bool,
}

/// One request.
#[derive(Clone, Debug, Row, Deserialize)]
pub(crate) struct RequestLine {
    /// Its id.
    #[serde(with = "clickhouse::serde::uuid")]
    pub(crate) request_id: Uuid,
    /// When it came, µs UTC.
    pub(crate) started_us: i64,
    /// Number of its last call, from 0: above it, the cost is summed.
    pub(crate) attempt: u8,
    /// Place of the answering target in the plan, from 0.
    pub(crate) target_no: u8,
    pub(crate) outcome: String,
    pub(crate) http_status: u16,
    pub(crate) error_type: String,
    pub(crate) cache_status: String,
    pub(crate) workspace_id: String,
    pub(crate) environment: String,
    pub(crate) key_id: String,
    pub(crate) customer_id: String,
    pub(crate) user_id: String,
    pub(crate) session_id: String,
    pub(crate) origin: String,
    pub(crate) api: String,
    pub(crate) stream: bool,
    pub(crate) model_requested: String,
    pub(crate) model: String,
    pub(crate) provider: String,
    pub(crate) endpoint_id: String,
    pub(crate) tokens_in: u64,
    pub(crate) tokens_out: u64,
    /// µs; 0 when no content came.
    pub(crate) first_token_us: u64,
    /// µs.
    pub(crate) duration_us: u64,
    /// Whether every call of it has a price.
    pub(crate) rated: bool,
    /// Nano-dollars, of all its calls.
    pub(crate) cost: i128,
    /// Nano-dollars, of all its calls.
    pub(crate) billed: i128,
}

impl RequestLine {
    /// Its place in the list.
    pub(crate) fn cursor(&self) -> Cursor {
        Cursor { started_us: self.started_us, request_id: self.request_id }
    }

    /// What the customer is charged for it.
    pub(crate) fn billed(&self) -> weir_contract::money::Money {
        super::money(self.billed)
    }

    /// What it cost; `None` when a call of it could not be rated.
    pub(crate) fn cost(&self) -> Option<weir_contract::money::Money> {
        self.rated.then(|| super::money(self.cost))
    }
}

#[derive(Row, Deserialize)]
struct Sums {
    #[serde(with = "clickhouse::serde::uuid")]
    request_id: Uuid,
    cost: i128,
    billed: i128,
    rated: bool,
}

impl Archive {
    /// One page of requests.
    pub(crate) async fn list_requests(&self, scope: &Scope, ask: Ask<'_>) -> Result<Found, ArchiveError> {
        let mut rows: Vec<RequestLine> = Vec::new();
        // Days are partitions. Most pages fill from the day next to where they begin; only sparse ones open the others.
        for window in [ask.near(), Some(ask.window)].into_iter().flatten() {
            rows = self.rows(list(scope, Ask { window, ..ask })).await?;
            if rows.len() > ask.limit {
                break;
            }
        }
        let more = rows.len() > ask.limit;
        rows.truncate(ask.limit);
        if matches!(ask.place, Place::After(_)) {
            rows.reverse();
        }
        self.sum_calls(scope, &mut rows).await?;
        Ok(Found { rows, more })
    }

    /// Requests of several calls get the sum over them; most have one, and then nothing is asked.
    async fn sum_calls(&self, scope: &Scope, rows: &mut [RequestLine]) -> Result<(), ArchiveError> {
        let several: Vec<&RequestLine> = rows.iter().filter(|row| row.attempt > 0).collect();
        let Some(statement) = sums(scope, &several) else { return Ok(()) };
        let sums: Vec<Sums> = self.rows(statement).await?;
        let sums: HashMap<Uuid, Sums> = sums.into_iter().map(|sum| (sum.request_id, sum)).collect();
        for row in rows {
            if let Some(sum) = sums.get(&row.request_id) {
                (row.cost, row.billed, row.rated) = (sum.cost, sum.billed, sum.rated);
            }
        }
        Ok(())
    }

    /// How many requests match.
    pub(crate) async fn count_requests(
        &self,
        scope: &Scope,
        window: Window,
        filter: &Filter,
    ) -> Result<u64, ArchiveError> {
        Ok(self.row(count(scope, window, filter)).await?.unwrap_or_default())
    }

    /// When the newest request came, µs UTC; `None` when there was never one.
    pub(crate) async fn newest_request(&self, scope: &Scope) -> Result<Option<i64>, ArchiveError> {
        let Some(hour_us) = self.row::<i64>(last_hour(scope)).await?.filter(|us| *us > 0) else {
            return Ok(None);
        };
        // The hour is known of requests whose calls are gone, and of those counted without a row of their own.
        Ok(self.row(newest(scope, hour_us)).await?.or(Some(hour_us)))
    }
}

/// Columns of [`RequestLine`].
fn columns() -> String {
    format!(
        "request_id, toUnixTimestamp64Micro(started_at) AS started_us, attempt, target_no, outcome, http_status, error_type, \
         cache_status, workspace_id, environment, key_id, customer_id, user_id, session_id, origin, api, stream, \
         model_requested, model, provider, endpoint_id, {TOKENS_IN} AS tokens_in, {TOKENS_OUT} AS tokens_out, \
         {FIRST_TOKEN} AS first_token_us, duration_us, rated, toDecimal128(cost, 9) AS cost, toDecimal128(billed, 9) AS billed"
    )
}

/// Final rows of single requests: gap rows stand for many and are in sums only.
pub(super) fn finals(scope: &Scope, columns: &str, window: Window) -> Statement {
    scope.read(columns, Table::Calls).during(Table::Calls, window).and("final AND weight = 1")
}

fn list(scope: &Scope, ask: Ask<'_>) -> Statement {
    let mut statement = finals(scope, &columns(), ask.window);
    let mut direction = "DESC";
    if let Place::Before(cursor) | Place::After(cursor) = ask.place {
        let sign = if matches!(ask.place, Place::After(_)) { ">" } else { "<" };
        direction = if sign == ">" { "ASC" } else { "DESC" };
        let (at, id) = (statement.moment(cursor.started_us), statement.uuid(cursor.request_id));
        statement = statement
            .and(&format!("started_at {sign}= {at}"))
            .and(&format!("started_at != {at} OR request_id {sign} {id}"));
    }
    // The hour comes first as it does in the table's key: so the newest rows are one read from the end.
    narrowed(statement, ask.filter, ask.window).then(&format!(
        "ORDER BY toStartOfHour(started_at) {direction}, started_at {direction}, request_id {direction} LIMIT {}",
        ask.limit + 1
    ))
}

fn sums(scope: &Scope, rows: &[&RequestLine]) -> Option<Statement> {
    let from_us = rows.iter().map(|row| row.started_us).min()?;
    let to_us = rows.iter().map(|row| row.started_us).max()? + 1;
    let columns = "request_id, sum(cost) AS cost, sum(billed) AS billed, min(rated) AS rated";
    let mut statement = scope.read(columns, Table::Calls).during(Table::Calls, Window { from_us, to_us });
    let ids = statement.uuids(&rows.iter().map(|row| row.request_id).collect::<Vec<_>>());
    Some(statement.and(&format!("request_id IN {ids}")).then("GROUP BY request_id"))
}

fn count(scope: &Scope, window: Window, filter: &Filter) -> Statement {
    narrowed(finals(scope, "count()", window), filter, window)
}

/// The start of the hour of the newest request, µs; 0 when there was none. The calls themselves would be opened by day.
fn last_hour(scope: &Scope) -> Statement {
    scope.read("toInt64(max(t)) * 1000000", Table::SpendModel)
}

fn newest(scope: &Scope, hour_us: i64) -> Statement {
    let window = Window { from_us: hour_us, to_us: hour_us + 3_600_000_000 };
    finals(scope, "toUnixTimestamp64Micro(started_at)", window)
        .then("ORDER BY toStartOfHour(started_at) DESC, started_at DESC LIMIT 1")
}

#[cfg(test)]
mod tests {
    use super::super::scope::promise;
    use super::*;

    const WINDOW: Window = Window { from_us: 10, to_us: 20 };

    fn line() -> RequestLine {
        let text = String::new;
        RequestLine {
            request_id: Uuid::from_u128(7),
            started_us: 12,
            attempt: 1,
            target_no: 1,
            outcome: "ok".into(),
            http_status: 200,
            error_type: text(),
            cache_status: "none".into(),
            workspace_id: "ws_test".into(),
            environment: text(),
            key_id: text(),
            customer_id: "c".into(),
            user_id: text(),
            session_id: text(),
            origin: "live".into(),
            api: text(),
            stream: false,
            model_requested: "m".into(),
            model: "m".into(),
            provider: text(),
            endpoint_id: text(),
            tokens_in: 1,
            tokens_out: 2,
            first_token_us: 0,
            duration_us: 5,
            rated: true,
            cost: 7,
            billed: 7,
        }
    }

    #[test]
    fn every_question_keeps_to_its_workspaces() {
        let scope = promise::scope();
        let filter = Filter::parse("customer:a cost:>1 hello").unwrap();
        let cursor = line().cursor();
        for place in [Place::Newest, Place::Before(cursor), Place::After(cursor)] {
            let ask = Ask { window: WINDOW, filter: &filter, place, limit: 50 };
            promise::keeps_to_its_workspaces(&list(&scope, ask));
        }
        promise::keeps_to_its_workspaces(&sums(&scope, &[&line()]).unwrap());
        promise::keeps_to_its_workspaces(&count(&scope, WINDOW, &filter));
        promise::keeps_to_its_workspaces(&last_hour(&scope));
        promise::keeps_to_its_workspaces(&newest(&scope, 0));
    }

    #[test]
    fn the_order_is_the_tables_own_and_one_row_more_is_read() {
        let ask = Ask { window: WINDOW, filter: &Filter::default(), place: Place::Newest, limit: 50 };
        let statement = list(&promise::scope(), ask);
        let tail = "ORDER BY toStartOfHour(started_at) DESC, started_at DESC, request_id DESC LIMIT 51";
        assert!(statement.sql().ends_with(tail), "{}", statement.sql());
    }

    #[test]
    fn rows_after_a_cursor_are_read_upwards() {
        let place = Place::After(line().cursor());
        let statement =
            list(&promise::scope(), Ask { window: WINDOW, filter: &Filter::default(), place, limit: 2 });
        assert!(statement.sql().contains("request_id > {"), "{}", statement.sql());
        assert!(statement.sql().ends_with("request_id ASC LIMIT 3"));
    }

    #[test]
    fn the_day_looked_at_first_lies_within_the_window_and_at_the_pages_end() {
        const DAY: i64 = 86_400_000_000;
        let window = Window { from_us: 0, to_us: 30 * DAY };
        let filter = Filter::default();
        let near = |place| Ask { window, filter: &filter, place, limit: 1 }.near();
        let cursor = Cursor { started_us: 10 * DAY, request_id: Uuid::nil() };
        assert_eq!(near(Place::Newest), Some(Window { from_us: 29 * DAY, to_us: 30 * DAY }));
        assert_eq!(near(Place::Before(cursor)), Some(Window { from_us: 9 * DAY, to_us: 10 * DAY + 1 }));
        assert_eq!(near(Place::After(cursor)), Some(Window { from_us: 10 * DAY, to_us: 11 * DAY }));
        let early = Cursor { started_us: DAY / 2, ..cursor };
        assert_eq!(near(Place::Before(early)), None, "the window ends before that day does");
        assert_eq!(Ask { window: WINDOW, filter: &filter, place: Place::Newest, limit: 1 }.near(), None);
    }

    #[test]
    fn a_cursor_survives_the_address() {
        let cursor = line().cursor();
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        assert!("12-".parse::<Cursor>().is_err() && "x".parse::<Cursor>().is_err());
    }

    #[test]
    fn requests_of_one_call_ask_no_second_question() {
        assert!(sums(&promise::scope(), &[]).is_none());
    }
}
