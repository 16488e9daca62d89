//! The requests under a filter, added up by one of their fields. A call's cost stands where it was spent: with the model
//! and provider of that call.

use clickhouse::Row;
use serde::Deserialize;
use utoipa::ToSchema;
use weir_contract::filter::Filter;
use weir_contract::money::Money;

use super::filter_sql::{FAILED, TOKENS_IN, TOKENS_OUT};
use super::scope::{Scope, Statement};
use super::window::Window;
use super::{Archive, ArchiveError, export};

/// Groups a summary may have; the rest is left out, and the page says so.
pub(crate) const GROUPS_MAX: usize = 100;

/// What requests are added up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum GroupBy {
    /// The model that answered.
    Model,
    /// The customer.
    Customer,
    /// The key.
    Key,
    /// Who ran it.
    Provider,
    /// How it ended.
    Status,
}

/// One group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Row, Deserialize)]
pub(crate) struct Group {
    /// The field's value; empty when there was none.
    pub(crate) id: String,
    /// Requests.
    pub(crate) requests: u64,
    /// Those that failed.
    pub(crate) failed: u64,
    /// Calls without a known price: missing from the money.
    pub(crate) unrated: u64,
    /// All input tokens.
    pub(crate) tokens_in: u64,
    /// All output tokens.
    pub(crate) tokens_out: u64,
    /// Mean time of a request, µs.
    pub(crate) duration_us: u64,
    /// Nano-dollars.
    pub(crate) cost: i128,
}

impl GroupBy {
    /// All, in the order they are offered.
    pub(crate) const ALL: [Self; 5] = [Self::Model, Self::Customer, Self::Key, Self::Provider, Self::Status];

    /// As addresses and the filter's grammar call it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Customer => "customer",
            Self::Key => "key",
            Self::Provider => "provider",
            Self::Status => "status",
        }
    }

    /// Reads [`GroupBy::name`].
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.name() == name)
    }

    const fn column(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Customer => "customer_id",
            Self::Key => "key_id",
            Self::Provider => "provider",
            Self::Status => "outcome",
        }
    }
}

impl Group {
    /// What the providers charge.
    pub(crate) fn cost(&self) -> Money {
        super::money(self.cost)
    }
}

impl Archive {
    /// The groups of the requests that match, the most expensive first, at most [`GROUPS_MAX`] and one.
    pub(crate) async fn list_groups(
        &self,
        scope: &Scope,
        window: Window,
        filter: &Filter,
        by: GroupBy,
    ) -> Result<Vec<Group>, ArchiveError> {
        self.rows(groups(scope, window, filter, by)).await
    }
}

fn groups(scope: &Scope, window: Window, filter: &Filter, by: GroupBy) -> Statement {
    let columns = format!(
        "toString({}) AS id, sumIf(toUInt64(weight), final) AS requests, sumIf(toUInt64(weight), final AND {FAILED}) AS failed, \
         sumIf(toUInt64(weight), NOT rated) AS unrated, sum({TOKENS_IN}) AS tokens_in, sum({TOKENS_OUT}) AS tokens_out, \
         toUInt64(ifNotFinite(avgIf(duration_us, final), 0)) AS duration_us, sum(toDecimal128(cost, 9)) AS cost",
        by.column()
    );
    export::of_requests(scope, &columns, window, filter)
        .then(&format!("GROUP BY id ORDER BY sum(cost) DESC, requests DESC, id LIMIT {}", GROUPS_MAX + 1))
}

#[cfg(test)]
mod tests {
    use super::super::scope::promise;
    use super::*;

    #[test]
    fn every_question_keeps_to_its_workspaces() {
        for by in GroupBy::ALL {
            for filter in ["", "customer:a cost:>1 hello"] {
                let filter = Filter::parse(filter).unwrap();
                let window = Window { from_us: 1, to_us: 2 };
                promise::keeps_to_its_workspaces(&groups(&promise::scope(), window, &filter, by));
            }
        }
    }

    #[test]
    fn every_group_is_a_field_of_the_grammar() {
        for by in GroupBy::ALL {
            assert!(weir_contract::filter::Field::from_name(by.name()).is_some(), "{by:?}");
            assert_eq!(GroupBy::from_name(by.name()), Some(by));
        }
    }
}
