//! Every call under a filter, row by row, oldest first: what CSV files are made of. Nothing is held but one row.

use clickhouse::Row;
use clickhouse::query::RowCursor;
use serde::Deserialize;
use uuid::Uuid;
use weir_contract::filter::Filter;

use super::filter_sql::{TOKENS_IN, TOKENS_OUT, conditions};
use super::scope::{Scope, Statement, Table};
use super::window::Window;
use super::{Archive, ArchiveError};

/// One call of an export. Gap rows are in it, with their weight: the file must add up to the page.
#[derive(Clone, Debug, Row, Deserialize)]
pub(crate) struct CallLine {
    #[serde(with = "clickhouse::serde::uuid")]
    pub(crate) request_id: Uuid,
    /// Arrival of the request, µs UTC.
    pub(crate) started_us: i64,
    pub(crate) attempt: u8,
    #[serde(rename = "final")]
    pub(crate) is_final: bool,
    /// Requests this row stands for.
    pub(crate) weight: u32,
    pub(crate) origin: String,
    pub(crate) workspace_id: String,
    pub(crate) key_id: String,
    pub(crate) customer_id: String,
    pub(crate) user_id: String,
    pub(crate) session_id: String,
    pub(crate) api: String,
    pub(crate) model_requested: String,
    pub(crate) model: String,
    pub(crate) provider: String,
    pub(crate) outcome: String,
    pub(crate) http_status: u16,
    pub(crate) tokens_in: u64,
    pub(crate) tokens_out: u64,
    pub(crate) rated: bool,
    pub(crate) price_version: String,
    /// Nano-dollars.
    pub(crate) cost: i64,
    /// Nano-dollars.
    pub(crate) billed: i64,
    /// µs.
    pub(crate) duration_us: u64,
}

/// Rows on their way.
pub(crate) struct Export(RowCursor<CallLine>);

impl Export {
    /// The next row; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<CallLine>, ArchiveError> {
        Ok(self.0.next().await?)
    }
}

impl Archive {
    /// All calls of the requests that match.
    pub(crate) fn export_requests(
        &self,
        scope: &Scope,
        window: Window,
        filter: &Filter,
    ) -> Result<Export, ArchiveError> {
        Ok(Export(self.cursor(&matching(scope, window, filter))?))
    }

    /// All live calls made for one customer.
    pub(crate) fn export_customer(
        &self,
        scope: &Scope,
        window: Window,
        customer_id: &str,
    ) -> Result<Export, ArchiveError> {
        Ok(Export(self.cursor(&of_customer(scope, window, customer_id))?))
    }
}

const OLDEST_FIRST: &str = "ORDER BY toStartOfHour(started_at), started_at, request_id, attempt";

fn columns() -> String {
    format!(
        "request_id, toUnixTimestamp64Micro(started_at) AS started_us, attempt, final, weight, origin, workspace_id, key_id, \
         customer_id, user_id, session_id, api, model_requested, model, provider, outcome, http_status, \
         {TOKENS_IN} AS tokens_in, {TOKENS_OUT} AS tokens_out, rated, price_version, cost, billed, duration_us"
    )
}

fn calls(scope: &Scope, columns: &str, window: Window) -> Statement {
    scope.read(columns, Table::Calls).during(Table::Calls, window)
}

/// The filter speaks of requests, so it is asked of final rows; the other calls of the same requests come along.
pub(super) fn of_requests(scope: &Scope, columns: &str, window: Window, filter: &Filter) -> Statement {
    let mut statement = calls(scope, columns, window);
    let matches = conditions(&mut statement, filter, window);
    let several = statement.nested("request_id", Table::Calls, window);
    let along = format!("NOT final AND request_id IN ({several} AND final AND attempt > 0 AND {matches})");
    statement.and(&format!("(final AND {matches}) OR ({along})"))
}

fn matching(scope: &Scope, window: Window, filter: &Filter) -> Statement {
    of_requests(scope, &columns(), window, filter).then(OLDEST_FIRST)
}

fn of_customer(scope: &Scope, window: Window, customer_id: &str) -> Statement {
    let mut statement = calls(scope, &columns(), window);
    let id = statement.text(customer_id);
    statement.and(&format!("customer_id = {id}")).and("origin = 'live'").then(OLDEST_FIRST)
}

#[cfg(test)]
mod tests {
    use super::super::scope::promise;
    use super::*;

    const WINDOW: Window = Window { from_us: 1, to_us: 2 };

    #[test]
    fn every_question_keeps_to_its_workspaces() {
        for filter in ["", "customer:a cost:>1 hello"] {
            let filter = Filter::parse(filter).unwrap();
            promise::keeps_to_its_workspaces(&matching(&promise::scope(), WINDOW, &filter));
        }
        promise::keeps_to_its_workspaces(&of_customer(&promise::scope(), WINDOW, "acme"));
    }

    #[test]
    fn a_customers_file_is_live_traffic_like_its_page() {
        let statement = of_customer(&promise::scope(), WINDOW, "acme");
        assert!(statement.sql().contains("origin = 'live'"), "{}", statement.sql());
    }
}
