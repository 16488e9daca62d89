//! Who costs what: customers of a window, from the rollup by day where it knows the window, else by hour. Live traffic
//! only; the rest is internal cost.

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
    /// When their newest request in the window came, µs UTC.
    pub(crate) last_seen_us: i64,
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
        let table = self.customers_of(ask.window).await?;
        let mut found: Vec<CustomerSpend> = self.rows(list(scope, table, ask)).await?;
        if table == Table::SpendCustomer {
            let seen = self.last_seen(scope, &found).await?;
            for customer in &mut found {
                customer.last_seen_us =
                    seen.get(&customer.customer_id).copied().unwrap_or(customer.last_seen_us);
            }
        }
        Ok(found)
    }

    /// What the customers of [`Archive::list_customers`] come to, all pages together.
    pub(crate) async fn sum_customers(
        &self,
        scope: &Scope,
        ask: Ask<'_>,
    ) -> Result<AllCustomers, ArchiveError> {
        let table = self.customers_of(ask.window).await?;
        Ok(self.row(all(scope, table, ask)).await?.unwrap_or_default())
    }

    /// The rollup that knows the customers of a window with the fewest rows.
    async fn customers_of(&self, window: Window) -> Result<Table, ArchiveError> {
        const DAY_US: i64 = 86_400_000_000;
        let whole_days = window.from_us % DAY_US == 0 && window.to_us % DAY_US == 0;
        let known = whole_days && window.from_us >= self.daily_customers_from().await?;
        Ok(if known { Table::SpendCustomerDay } else { Table::SpendCustomer })
    }

    /// When the newest request of each of these customers came in the hour that is known of them, µs UTC.
    async fn last_seen(
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
        let Some(hour_us) = self.row::<i64>(last_hour(scope, customer_id)).await?.filter(|us| *us > 0) else {
            return Ok(None);
        };
        let customer = CustomerSpend {
            customer_id: customer_id.to_owned(),
            last_seen_us: hour_us,
            ..Default::default()
        };
        let seen = self.last_seen(scope, &[customer]).await?;
        // A customer's calls may be gone while their sums are kept.
        Ok(Some(seen.get(customer_id).copied().unwrap_or(hour_us)))
    }
}

fn columns(table: Table) -> String {
    let last = if table == Table::SpendCustomerDay {
        "toUnixTimestamp64Micro(max(last_at))"
    } else {
        "toInt64(max(t)) * 1000000"
    };
    format!("customer_id, {MEASURES}, {last} AS last_seen_us")
}

fn searched(scope: &Scope, columns: &str, table: Table, ask: Ask<'_>) -> Statement {
    let mut statement = live_in(scope, columns, table, ask.window);
    if ask.search.is_empty() {
        return statement;
    }
    let search = statement.text(ask.search);
    statement.and(&format!("positionCaseInsensitiveUTF8(customer_id, {search}) > 0"))
}

pub(super) fn live(scope: &Scope, columns: &str, window: Window) -> Statement {
    live_in(scope, columns, Table::SpendCustomer, window)
}

fn live_in(scope: &Scope, columns: &str, table: Table, window: Window) -> Statement {
    scope.read(columns, table).during(table, window).and("origin = 'live'")
}

fn list(scope: &Scope, table: Table, ask: Ask<'_>) -> Statement {
    let tail = "GROUP BY customer_id ORDER BY sum(cost) DESC, customer_id";
    let Ask { skip, limit, .. } = ask;
    searched(scope, &columns(table), table, ask).then(&format!("{tail} LIMIT {limit} OFFSET {skip}"))
}

fn all(scope: &Scope, table: Table, ask: Ask<'_>) -> Statement {
    searched(scope, "uniqExact(customer_id) AS customers, sum(cost) AS cost", table, ask)
}

/// The rollup tells the hour; only those hours' calls are read for the moment.
fn newest_of(scope: &Scope, customers: &[CustomerSpend]) -> Option<Statement> {
    const HOUR_US: i64 = 3_600_000_000;
    let hours = customers.iter().map(|customer| customer.last_seen_us);
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

/// The start of the hour of the newest request, µs; 0 when there was none.
fn last_hour(scope: &Scope, customer_id: &str) -> Statement {
    let mut statement = scope.read("toInt64(max(t)) * 1000000", Table::SpendCustomer);
    let id = statement.text(customer_id);
    statement.and(&format!("customer_id = {id}"))
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
        for table in [Table::SpendCustomer, Table::SpendCustomerDay] {
            for statement in [list(&scope, table, ask), all(&scope, table, ask)] {
                promise::keeps_to_its_workspaces(&statement);
                assert!(statement.sql().contains("origin = 'live'"), "{}", statement.sql());
            }
        }
        promise::keeps_to_its_workspaces(&last_hour(&scope, "acme"));
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
