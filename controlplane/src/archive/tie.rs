//! The tie-out: what is written one by one, what is summed as it arrives and what batches were sealed with must be the
//! same integers. A difference names its batch.

use clickhouse::Row;
use serde::Deserialize;
use weir_contract::money::Money;

use super::scope::{Scope, Statement, Table};
use super::window::Window;
use super::{Archive, ArchiveError, customers};

/// Counts and money of one side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Row, Deserialize)]
pub(crate) struct Side {
    /// Requests.
    pub(crate) requests: u64,
    /// Calls.
    pub(crate) calls: u64,
    /// Nano-dollars.
    pub(crate) cost: i128,
    /// Nano-dollars.
    pub(crate) billed: i128,
}

impl Side {
    /// What the providers charge.
    pub(crate) fn cost(&self) -> Money {
        super::money(self.cost)
    }

    /// What the customer is charged.
    pub(crate) fn billed(&self) -> Money {
        super::money(self.billed)
    }
}

/// One customer's two sides in a window of whole hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CustomerTie {
    /// Summed over the calls.
    pub(crate) calls: Side,
    /// Summed over the rollup.
    pub(crate) rollup: Side,
}

impl CustomerTie {
    /// Whether both are equal to the nano-dollar.
    pub(crate) fn holds(&self) -> bool {
        self.calls == self.rollup
    }
}

/// A sealed batch whose rows are not what it was sealed with.
#[derive(Clone, Debug, PartialEq, Eq, Row, Deserialize)]
pub(crate) struct BatchDifference {
    /// The batch.
    pub(crate) batch: String,
    /// Rows it was sealed with.
    pub(crate) sealed_rows: u64,
    /// Rows that are here.
    pub(crate) rows: u64,
    /// Rows that are here twice.
    pub(crate) doubled: u64,
    /// Nano-dollars it was sealed with.
    pub(crate) sealed_cost: i128,
    /// Nano-dollars that are here.
    pub(crate) cost: i128,
}

impl BatchDifference {
    /// How much money is too much (or, negative, missing).
    pub(crate) fn difference(&self) -> Money {
        super::money(self.cost - self.sealed_cost)
    }
}

impl Archive {
    /// One customer's calls against the rollup.
    pub(crate) async fn tie_customer(
        &self,
        scope: &Scope,
        customer_id: &str,
        window: Window,
    ) -> Result<CustomerTie, ArchiveError> {
        let (calls, rollup) = tokio::try_join!(
            self.row::<Side>(over_calls(scope, customer_id, window)),
            self.row::<Side>(over_rollup(scope, customer_id, window)),
        )?;
        Ok(CustomerTie { calls: calls.unwrap_or_default(), rollup: rollup.unwrap_or_default() })
    }

    /// Batches sealed in a window whose rows differ from their manifest; empty means that all tie out.
    pub(crate) async fn untied_batches(&self, window: Window) -> Result<Vec<BatchDifference>, ArchiveError> {
        self.rows(untied(window)).await
    }
}

fn over_calls(scope: &Scope, customer_id: &str, window: Window) -> Statement {
    let columns = "sum(toUInt64(final) * weight) AS requests, sum(toUInt64(weight)) AS calls, sum(cost) AS cost, sum(billed) AS billed";
    let mut statement = scope.read(columns, Table::Calls).during(Table::Calls, window).and("origin = 'live'");
    let id = statement.text(customer_id);
    statement.and(&format!("customer_id = {id}"))
}

fn over_rollup(scope: &Scope, customer_id: &str, window: Window) -> Statement {
    let columns = "sum(requests) AS requests, sum(calls) AS calls, sum(cost) AS cost, sum(billed) AS billed";
    let mut statement = customers::live(scope, columns, window);
    let id = statement.text(customer_id);
    statement.and(&format!("customer_id = {id}"))
}

/// Manifests are the gateways', not a workspace's: this alone looks across workspaces, and gives batch names and sums only.
fn untied(window: Window) -> Statement {
    let mut statement = Statement::of_manifests();
    let (from, to) = (statement.moment(window.from_us), statement.moment(window.to_us));
    statement.then(&format!(
        "WITH sealed AS (\
           SELECT batch, max(rows) AS sealed_rows, max(cost) AS sealed_cost, min(min_ts) AS low, max(max_ts) AS high FROM ingest_batches \
           WHERE table_name = 'llm_calls' AND sealed_at >= {from} AND sealed_at < {to} GROUP BY batch), \
         here AS (\
           SELECT ingest_batch, count() AS rows, toUInt64(count() - uniqExact(request_id, attempt, weight, started_at, model, key_id, customer_id)) AS doubled, sum(cost) AS cost \
           FROM llm_calls WHERE started_at >= (SELECT min(low) FROM sealed) AND started_at <= (SELECT max(high) FROM sealed) \
             AND ingest_batch IN (SELECT batch FROM sealed) GROUP BY ingest_batch) \
         SELECT sealed.batch AS batch, sealed.sealed_rows AS sealed_rows, here.rows AS rows, here.doubled AS doubled, \
           sealed.sealed_cost AS sealed_cost, here.cost AS cost \
         FROM sealed LEFT JOIN here ON here.ingest_batch = sealed.batch \
         WHERE here.rows != sealed.sealed_rows OR here.cost != sealed.sealed_cost OR here.doubled > 0 ORDER BY batch LIMIT 100"
    ))
}

#[cfg(test)]
mod tests {
    use super::super::scope::promise;
    use super::*;

    const WINDOW: Window = Window { from_us: 1, to_us: 2 };

    #[test]
    fn both_sides_of_a_customer_keep_to_its_workspaces() {
        promise::keeps_to_its_workspaces(&over_calls(&promise::scope(), "acme", WINDOW));
        promise::keeps_to_its_workspaces(&over_rollup(&promise::scope(), "acme", WINDOW));
    }

    #[test]
    fn manifests_give_batches_and_sums_but_no_tenants_row() {
        let statement = untied(WINDOW);
        let shown = statement.sql().rsplit_once("SELECT sealed.batch").unwrap().1;
        for column in ["request_id", "customer_id", "workspace_id", "preview"] {
            assert!(!shown.contains(column), "{shown}");
        }
    }

    #[test]
    fn one_nano_dollar_is_a_difference() {
        let side = Side { requests: 1, calls: 1, cost: 5, billed: 5 };
        assert!(CustomerTie { calls: side, rollup: side }.holds());
        assert!(!CustomerTie { calls: side, rollup: Side { cost: 6, ..side } }.holds());
    }
}
