//! Who costs what: customers of a window from the hourly rollup. Live traffic only; the rest is internal cost.

use std::collections::HashMap;

use clickhouse::Row;
use serde::Deserialize;
use weir_contract::money::Money;

use super::scope::{Scope, Statement, Table, Value};
use super::window::Window;
use super::{Archive, ArchiveError};

/// What is asked of the list of customers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask<'a> {
    /// When; whole hours.
    pub(crate) window: Window,
    /// Only ids that contain this, whatever the case; empty for all.
    pub(crate) search: &'a str,
    /// How many to leave out.
    pub(crate) skip: u64,
    /// At most so many.
    pub(crate) limit: u64,
}

/// One customer's figures in a window.
#[derive(Clone, Debug, Default, PartialEq, Eq, Row, Deserialize)]
pub(crate) struct CustomerSpend {
    /// Who; empty for requests that named nobody.
    pub(crate) customer_id: String,
    /// Requests made for them.
    pub(crate) requests: u64,
    /// Those that failed.
    pub(crate) errors: u64,
    /// Calls without a known price: missing from the money.
    pub(crate) unrated: u64,
    /// All input tokens.
    pub(crate) tokens_in: u64,
    /// All output tokens.
    pub(crate) tokens_out: u64,
    /// Nano-dollars.
    pub(crate) cost: i128,
    /// Nano-dollars.
    pub(crate) billed: i128,
    /// Nano-dollars.
    pub(crate) saved: i128,
    /// Start of the hour of their newest request in the window, µs UTC.
    pub(crate) last_hour_us: i64,
}

impl CustomerSpend {
    /// What the providers charge for them.
    pub(crate) fn cost(&self) -> Money {
        super::money(self.cost)
    }

    /// What they are charged.
    pub(crate) fn billed(&self) -> Money {
        super::money(self.billed)
    }
}

#[derive(Row, Deserialize)]
struct LastSeen {
    customer_id: String,
    seen_us: i64,
}

/// What all customers of a window come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Row, Deserialize)]
pub(crate) struct AllCustomers {
    /// How many there are.
    pub(crate) customers: u64,
    /// Nano-dollars.
    pub(crate) cost: i128,
}

impl AllCustomers {
    /// What they cost together.
    pub(crate) fn cost(&self) -> Money {
        super::money(self.cost)
    }

    /// A part of the whole, in parts per million.
    pub(crate) fn share_ppm(&self, part: i128) -> u32 {
        let ppm = if self.cost > 0 { part.saturating_mul(1_000_000) / self.cost } else { 0 };
        u32::try_from(ppm.clamp(0, 1_000_000)).unwrap_or(0)
    }
}

/// Sums over the rollups' measures, named as in the row structs.
pub(super) const MEASURES: &str = "sum(requests) AS requests, sum(errors) AS errors, sum(unrated) AS unrated, \
    sum(input_tokens) + sum(cache_read_tokens) + sum(cache_write_5m_tokens) + sum(cache_write_1h_tokens) + sum(audio_input_tokens) + sum(image_input_tokens) AS tokens_in, \
    sum(output_tokens) + sum(reasoning_tokens) + sum(audio_output_tokens) + sum(image_output_tokens) AS tokens_out, \
    sum(cost) AS cost, sum(billed) AS billed, sum(saved) AS saved";

impl Archive {
    /// Customers of a window, the most expensive first.
    pub(crate) async fn list_customers(
        &self,
        scope: &Scope,
        ask: Ask<'_>,
    ) -> Result<Vec<CustomerSpend>, ArchiveError> {
        self.rows(list(scope, ask)).await
    }

    /// What the customers of [`Archive::list_customers`] come to, all pages together.
    pub(crate) async fn sum_customers(
        &self,
        scope: &Scope,
        ask: Ask<'_>,
    ) -> Result<AllCustomers, ArchiveError> {
        Ok(self.row(all(scope, ask)).await?.unwrap_or_default())
    }

    /// One customer's figures; zeroes when nothing was sent.
    pub(crate) async fn find_customer(
        &self,
        scope: &Scope,
        customer_id: &str,
        window: Window,
    ) -> Result<CustomerSpend, ArchiveError> {
        let found: Option<CustomerSpend> = self.row(one(scope, customer_id, window)).await?;
        Ok(found
            .unwrap_or_else(|| CustomerSpend { customer_id: customer_id.to_owned(), ..Default::default() }))
    }

    /// When the newest request of each of these customers came in their window, µs UTC.
    pub(crate) async fn last_seen(
        &self,
        scope: &Scope,
        customers: &[CustomerSpend],
    ) -> Result<HashMap<String, i64>, ArchiveError> {
        let Some(statement) = newest_of(scope, customers) else { return Ok(HashMap::new()) };
        let rows: Vec<LastSeen> = self.rows(statement).await?;
        Ok(rows.into_iter().map(|row| (row.customer_id, row.seen_us)).collect())
    }

    /// When the customer's newest request came, µs UTC.
    pub(crate) async fn customer_last_seen(
        &self,
        scope: &Scope,
        customer_id: &str,
    ) -> Result<Option<i64>, ArchiveError> {
        self.row(last_seen(scope, customer_id)).await
    }
}

fn columns() -> String {
    format!("customer_id, {MEASURES}, toInt64(max(t)) * 1000000 AS last_hour_us")
}

fn searched(scope: &Scope, columns: &str, ask: Ask<'_>) -> Statement {
    let mut statement = live(scope, columns, ask.window);
    if ask.search.is_empty() {
        return statement;
    }
    let search = statement.text(ask.search);
    statement.and(&format!("positionCaseInsensitiveUTF8(customer_id, {search}) > 0"))
}

pub(super) fn live(scope: &Scope, columns: &str, window: Window) -> Statement {
    scope.read(columns, Table::SpendCustomer).during(Table::SpendCustomer, window).and("origin = 'live'")
}

fn list(scope: &Scope, ask: Ask<'_>) -> Statement {
    let tail = "GROUP BY customer_id ORDER BY sum(cost) DESC, customer_id";
    let Ask { skip, limit, .. } = ask;
    searched(scope, &columns(), ask).then(&format!("{tail} LIMIT {limit} OFFSET {skip}"))
}

fn all(scope: &Scope, ask: Ask<'_>) -> Statement {
    searched(scope, "uniqExact(customer_id) AS customers, sum(cost) AS cost", ask)
}

fn one(scope: &Scope, customer_id: &str, window: Window) -> Statement {
    let mut statement = live(scope, &columns(), window);
    let id = statement.text(customer_id);
    statement.and(&format!("customer_id = {id}")).then("GROUP BY customer_id")
}

/// The rollup tells the hour; only those hours' calls are read for the moment.
fn newest_of(scope: &Scope, customers: &[CustomerSpend]) -> Option<Statement> {
    const HOUR_US: i64 = 3_600_000_000;
    let hours = customers.iter().map(|customer| customer.last_hour_us);
    let window = Window { from_us: hours.clone().min()?, to_us: hours.clone().max()? + HOUR_US };
    let columns = "customer_id, max(toUnixTimestamp64Micro(started_at)) AS seen_us";
    let mut statement = scope.read(columns, Table::Calls).during(Table::Calls, window);
    let hours =
        statement.bind("Array(DateTime('UTC'))", Value::Numbers(hours.map(|us| us / 1_000_000).collect()));
    let ids = customers.iter().map(|customer| customer.customer_id.clone()).collect();
    let ids = statement.bind("Array(String)", Value::Texts(ids));
    Some(
        statement
            .and(&format!("toStartOfHour(started_at) IN {hours}"))
            .and(&format!("customer_id IN {ids}"))
            .then("GROUP BY customer_id"),
    )
}

fn last_seen(scope: &Scope, customer_id: &str) -> Statement {
    let mut statement = scope.read("toUnixTimestamp64Micro(started_at)", Table::Calls);
    let id = statement.text(customer_id);
    statement
        .and(&format!("customer_id = {id}"))
        .then("ORDER BY toStartOfHour(started_at) DESC, started_at DESC LIMIT 1")
}

#[cfg(test)]
mod tests {
    use super::super::scope::promise;
    use super::*;

    #[test]
    fn every_question_keeps_to_its_workspaces_and_to_live_traffic() {
        let scope = promise::scope();
        let window = Window { from_us: 1, to_us: 2 };
        let ask = Ask { window, search: "ac", skip: 0, limit: 10 };
        for statement in [list(&scope, ask), all(&scope, ask), one(&scope, "acme", window)] {
            promise::keeps_to_its_workspaces(&statement);
            assert!(statement.sql().contains("origin = 'live'"), "{}", statement.sql());
        }
        promise::keeps_to_its_workspaces(&last_seen(&scope, "acme"));
        let customers = [CustomerSpend { customer_id: "acme".into(), ..CustomerSpend::default() }];
        promise::keeps_to_its_workspaces(&newest_of(&scope, &customers).unwrap());
        assert!(newest_of(&scope, &[]).is_none());
    }

    #[test]
    fn shares_are_of_the_whole_and_never_beyond_it() {
        let all = AllCustomers { customers: 2, cost: 3_000 };
        assert_eq!((all.share_ppm(1_000), all.share_ppm(9_000), all.share_ppm(-5)), (333_333, 1_000_000, 0));
        assert_eq!(AllCustomers::default().share_ppm(5), 0);
    }
}
