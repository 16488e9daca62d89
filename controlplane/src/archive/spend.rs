//! One customer's spend in a window of whole days: by day and model, by model, by key. Every sum is the same total.

use clickhouse::Row;
use serde::Deserialize;
use weir_contract::money::Money;

use super::customers::{MEASURES, live};
use super::scope::{Scope, Statement, Table};
use super::window::Window;
use super::{Archive, ArchiveError};

/// What one model cost on one day.
#[derive(Clone, Debug, PartialEq, Eq, Row, Deserialize)]
pub(crate) struct DaySpend {
    /// The day's first microsecond, UTC.
    pub(crate) day_us: i64,
    /// The model.
    pub(crate) model: String,
    /// Nano-dollars.
    pub(crate) cost: i128,
}

/// One line of a breakdown.
#[derive(Clone, Debug, PartialEq, Eq, Row, Deserialize)]
pub(crate) struct Slice {
    /// The model's name or the key's id.
    pub(crate) id: String,
    pub(crate) requests: u64,
    pub(crate) errors: u64,
    pub(crate) unrated: u64,
    pub(crate) tokens_in: u64,
    pub(crate) tokens_out: u64,
    /// Nano-dollars.
    pub(crate) cost: i128,
    /// Nano-dollars.
    pub(crate) billed: i128,
    /// Nano-dollars.
    pub(crate) saved: i128,
}

impl DaySpend {
    /// What it cost.
    pub(crate) fn cost(&self) -> Money {
        super::money(self.cost)
    }
}

impl Slice {
    /// What it cost.
    pub(crate) fn cost(&self) -> Money {
        super::money(self.cost)
    }
}

impl Archive {
    /// By day and model, oldest day first.
    pub(crate) async fn spend_by_day(
        &self,
        scope: &Scope,
        customer_id: &str,
        window: Window,
    ) -> Result<Vec<DaySpend>, ArchiveError> {
        self.rows(by_day(scope, customer_id, window)).await
    }

    /// By model, the most expensive first.
    pub(crate) async fn spend_by_model(
        &self,
        scope: &Scope,
        customer_id: &str,
        window: Window,
    ) -> Result<Vec<Slice>, ArchiveError> {
        self.rows(by_model(scope, customer_id, window)).await
    }

    /// By key, the most expensive first.
    pub(crate) async fn spend_by_key(
        &self,
        scope: &Scope,
        customer_id: &str,
        window: Window,
    ) -> Result<Vec<Slice>, ArchiveError> {
        self.rows(by_key(scope, customer_id, window)).await
    }
}

const COSTLIEST: &str = "GROUP BY id ORDER BY sum(cost) DESC, id LIMIT 500";

fn of(mut statement: Statement, customer_id: &str) -> Statement {
    let id = statement.text(customer_id);
    statement.and(&format!("customer_id = {id}"))
}

fn by_day(scope: &Scope, customer_id: &str, window: Window) -> Statement {
    let columns = "toInt64(toUnixTimestamp(toStartOfDay(t))) * 1000000 AS day_us, model, sum(cost) AS cost";
    of(live(scope, columns, window), customer_id).then("GROUP BY day_us, model ORDER BY day_us, model")
}

fn by_model(scope: &Scope, customer_id: &str, window: Window) -> Statement {
    of(live(scope, &format!("model AS id, {MEASURES}"), window), customer_id).then(COSTLIEST)
}

/// The daily cube is the one rollup that knows both customer and key; windows of whole days lose nothing by it.
fn by_key(scope: &Scope, customer_id: &str, window: Window) -> Statement {
    let cube = scope
        .read(&format!("key_id AS id, {MEASURES}"), Table::SpendDay)
        .during(Table::SpendDay, window)
        .and("origin = 'live'");
    of(cube, customer_id).then(COSTLIEST)
}

#[cfg(test)]
mod tests {
    use super::super::scope::promise;
    use super::*;

    #[test]
    fn every_question_keeps_to_its_workspaces_and_to_live_traffic() {
        let scope = promise::scope();
        let window = Window { from_us: 1, to_us: 2 };
        for ask in [by_day, by_model, by_key] {
            let statement = ask(&scope, "acme", window);
            promise::keeps_to_its_workspaces(&statement);
            assert!(statement.sql().contains("origin = 'live'"), "{}", statement.sql());
        }
    }
}
