//! One customer's spend in a window of whole days: by day and model, by model, by key. Every sum is the same total.

use std::collections::BTreeMap;

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
#[derive(Clone, Debug, Default, PartialEq, Eq, Row, Deserialize)]
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

/// What a customer came to, by day and model: read once, added up both ways.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spend {
    cells: Vec<Cell>,
}

#[derive(Clone, Debug, PartialEq, Eq, Row, Deserialize)]
struct Cell {
    day_us: i64,
    model: String,
    requests: u64,
    errors: u64,
    unrated: u64,
    tokens_in: u64,
    tokens_out: u64,
    cost: i128,
    billed: i128,
    saved: i128,
}

impl DaySpend {
    /// What it cost.
    pub(crate) fn cost(&self) -> Money {
        super::money(self.cost)
    }
}

impl Spend {
    /// Everything together.
    pub(crate) fn whole(&self) -> Slice {
        let mut whole = Slice::default();
        self.cells.iter().for_each(|cell| whole.add(cell));
        whole
    }

    /// By day and model, oldest day first.
    pub(crate) fn days(&self) -> Vec<DaySpend> {
        let day = |cell: &Cell| DaySpend { day_us: cell.day_us, model: cell.model.clone(), cost: cell.cost };
        self.cells.iter().map(day).collect()
    }

    /// By model, the most expensive first.
    pub(crate) fn models(&self) -> Vec<Slice> {
        let mut models: BTreeMap<&str, Slice> = BTreeMap::new();
        for cell in &self.cells {
            models.entry(&cell.model).or_default().add(cell);
        }
        let named = |(id, slice): (&str, Slice)| Slice { id: id.to_owned(), ..slice };
        let mut models: Vec<Slice> = models.into_iter().map(named).collect();
        models.sort_by_key(|one| std::cmp::Reverse(one.cost));
        models
    }
}

impl Slice {
    /// What it cost.
    pub(crate) fn cost(&self) -> Money {
        super::money(self.cost)
    }

    /// What the customer is charged for it.
    pub(crate) fn billed(&self) -> Money {
        super::money(self.billed)
    }

    fn add(&mut self, cell: &Cell) {
        self.requests += cell.requests;
        self.errors += cell.errors;
        self.unrated += cell.unrated;
        self.tokens_in += cell.tokens_in;
        self.tokens_out += cell.tokens_out;
        self.cost += cell.cost;
        self.billed += cell.billed;
        self.saved += cell.saved;
    }
}

impl Archive {
    /// What a customer came to.
    pub(crate) async fn spend_of_customer(
        &self,
        scope: &Scope,
        customer_id: &str,
        window: Window,
    ) -> Result<Spend, ArchiveError> {
        Ok(Spend { cells: self.rows(by_day_and_model(scope, customer_id, window)).await? })
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

fn by_day_and_model(scope: &Scope, customer_id: &str, window: Window) -> Statement {
    let columns = format!("toInt64(toUnixTimestamp(toStartOfDay(t))) * 1000000 AS day_us, model, {MEASURES}");
    of(live(scope, &columns, window), customer_id).then("GROUP BY day_us, model ORDER BY day_us, model")
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
        for ask in [by_day_and_model, by_key] {
            let statement = ask(&scope, "acme", window);
            promise::keeps_to_its_workspaces(&statement);
            assert!(statement.sql().contains("origin = 'live'"), "{}", statement.sql());
        }
    }

    #[test]
    fn days_and_models_are_the_same_cells_added_up() {
        let cell = |day_us, model: &str, cost| Cell {
            day_us,
            model: model.into(),
            requests: 1,
            errors: 0,
            unrated: 0,
            tokens_in: 2,
            tokens_out: 3,
            cost,
            billed: cost,
            saved: 0,
        };
        let spend = Spend { cells: vec![cell(1, "a", 5), cell(1, "b", 9), cell(2, "a", 7)] };
        let models: Vec<_> =
            spend.models().into_iter().map(|model| (model.id, model.cost, model.requests)).collect();
        assert_eq!(models, [("a".to_owned(), 12, 2), ("b".to_owned(), 9, 1)]);
        assert_eq!(spend.days().iter().map(|day| day.cost).sum::<i128>(), spend.whole().cost);
        assert_eq!((spend.whole().tokens_in, spend.whole().tokens_out), (6, 9));
    }
}
