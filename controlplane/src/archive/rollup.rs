//! Which rollup knows a filter's requests: one whose keys are all that the filter speaks of. It tells in a moment what
//! the calls would be counted for one by one.

use weir_contract::filter::{Field, Filter, Pattern, Term, Test};

use super::filter_sql::condition;
use super::scope::{Scope, Statement, Table};
use super::window::Window;

/// The rollups by hour, the narrowest first.
const HOURLY: [Table; 4] = [Table::SpendModel, Table::SpendKey, Table::SpendPolicy, Table::SpendCustomer];

/// Requests that ended well and those that did not, in an hour of a rollup.
const ENDED: (&str, &str) = ("toUInt64(sum(requests) - sum(errors))", "sum(errors)");

/// A filter that a rollup understands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rolled<'a> {
    table: Table,
    filter: &'a Filter,
}

impl<'a> Rolled<'a> {
    /// The narrowest rollup that knows all the filter speaks of; `None` when only the calls do.
    pub(super) fn of(filter: &'a Filter) -> Option<Self> {
        let table = HOURLY.into_iter().find(|table| filter.terms.iter().all(|term| knows(*table, term)))?;
        Some(Self { table, filter })
    }

    /// Begins a statement over the hours of a window; `columns` may say [`Rolled::ended`].
    pub(super) fn read(self, scope: &Scope, columns: &str, window: Window) -> Statement {
        let mut statement = scope.read(columns, self.table).during(self.table, window);
        for term in self.filter.terms.iter().filter(|term| !self.is_count_of_errors(term)) {
            let condition = condition(&mut statement, term, window);
            statement = statement.and(&condition);
        }
        statement
    }

    /// How many requests ended well, and how many did not: two expressions.
    pub(super) fn ended(self) -> (&'static str, &'static str) {
        let errors_alone = self.filter.terms.iter().any(|term| self.is_count_of_errors(term));
        (if errors_alone { "toUInt64(0)" } else { ENDED.0 }, ENDED.1)
    }

    /// Errors are a measure of every rollup; only the one by outcome has them as a key.
    fn is_count_of_errors(self, term: &Term) -> bool {
        self.table != Table::SpendPolicy && is_errors(term)
    }
}

/// `status:error`, and nothing else.
fn is_errors(term: &Term) -> bool {
    let any_error = |pattern: &Pattern| matches!(pattern, Pattern::Exactly(name) if name == "error");
    matches!(&term.test, Test::AnyOf(Field::Status, patterns) if !term.negated && patterns.iter().all(any_error))
}

fn knows(table: Table, term: &Term) -> bool {
    let (Test::AnyOf(field, _) | Test::Present(field)) = &term.test else { return false };
    is_errors(term)
        || match field {
            Field::Origin | Field::Provider => true,
            Field::Endpoint => table == Table::SpendModel,
            Field::Key | Field::Env => table == Table::SpendKey,
            Field::Customer => table == Table::SpendCustomer,
            Field::Status | Field::Rule | Field::Cached => table == Table::SpendPolicy,
            // A model is one that answered or one that was asked for: the rollups know the first only.
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::super::scope::promise;
    use super::*;

    const WINDOW: Window = Window { from_us: 1, to_us: 2 };

    fn table(filter: &str) -> Option<Table> {
        Rolled::of(&Filter::parse(filter).unwrap()).map(|rolled| rolled.table)
    }

    #[test]
    fn the_narrowest_rollup_that_knows_every_term_is_asked() {
        assert_eq!(table(""), Some(Table::SpendModel));
        assert_eq!(table("origin:live provider:demo"), Some(Table::SpendModel));
        assert_eq!(table("endpoint:ep_1 status:error"), Some(Table::SpendModel));
        assert_eq!(table("key:key_1 env:prod"), Some(Table::SpendKey));
        assert_eq!(table("status:timeout cached:*"), Some(Table::SpendPolicy));
        assert_eq!(table("-status:error"), Some(Table::SpendPolicy));
        assert_eq!(table("customer:a,b* status:error"), Some(Table::SpendCustomer));
    }

    #[test]
    fn what_no_rollup_knows_is_counted_by_the_calls() {
        for filter in ["model:m", "cost:>1", "words", "customer:a key:k", "customer:a status:timeout", "id:x"]
        {
            assert_eq!(table(filter), None, "{filter}");
        }
    }

    #[test]
    fn errors_are_a_measure_where_they_are_no_key() {
        let filter = Filter::parse("customer:a status:error").unwrap();
        let rolled = Rolled::of(&filter).unwrap();
        let statement = rolled.read(&promise::scope(), "1", WINDOW);
        promise::keeps_to_its_workspaces(&statement);
        assert!(!statement.sql().contains("outcome"), "{}", statement.sql());
        assert_eq!(rolled.ended().0, "toUInt64(0)");
        let filter = Filter::parse("-status:error").unwrap();
        let rolled = Rolled::of(&filter).unwrap();
        assert!(rolled.read(&promise::scope(), "1", WINDOW).sql().contains("NOT (outcome NOT IN"));
        assert_eq!(rolled.ended(), ENDED);
    }
}
