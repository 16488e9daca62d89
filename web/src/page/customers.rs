//! `/customers` and `/customers/{id}`: who costs what, and the rows that prove it.

use crate::chart::SpendChart;
use crate::form::Choice;
use crate::number;
use crate::page::requests::RequestRow;
use crate::page::{Freshness, Window};
use crate::shell::Shell;
use crate::url::{self, RequestsQuery};
use askama::Template;
use weir_contract::money::Money;

/// A calendar month, or another stretch the reader chose.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Period {
    /// As it stands in the address: `2026-11`.
    pub name: String,
    /// As people say it: "November 2026".
    pub label: String,
    /// Its stretch of time.
    pub window: Window,
    /// Whether it is still running.
    pub open: bool,
}

/// All customers of a period, the most expensive first.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/customers/list.html")]
pub struct CustomersPage {
    /// The frame.
    pub shell: Shell,
    /// What the figures cover.
    pub period: Period,
    /// The periods to choose from.
    pub periods: Vec<Choice>,
    /// What was typed into the search.
    pub search: String,
    /// How far they are counted.
    pub freshness: Freshness,
    /// The customers of this page.
    pub rows: Vec<CustomerRow>,
    /// What all customers of the period spent.
    pub total: Money,
    /// How many customers the period has.
    pub count: u64,
    /// Cursor of the next page.
    pub next: Option<String>,
    /// Base address of the gateway without `/v1`, for the instructions of an empty page.
    pub gateway_url: String,
}

/// One customer's line.
#[derive(Debug, Clone, Default)]
pub struct CustomerRow {
    /// Who.
    pub customer_id: String,
    /// What they spent.
    pub spend: Money,
    /// How many of their calls have no price, and are missing from `spend`.
    pub unrated: u64,
    /// How many requests were made for them.
    pub requests: u64,
    /// Their part of the total, in parts per million.
    pub share_ppm: u32,
    /// When their last request came.
    pub last_seen_us: i64,
}

/// One customer in one period: the audit.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/customers/show.html")]
pub struct CustomerPage {
    /// The frame.
    pub shell: Shell,
    /// Who.
    pub customer_id: String,
    /// What the figures cover.
    pub period: Period,
    /// The periods to choose from.
    pub periods: Vec<Choice>,
    /// How far they are counted.
    pub freshness: Freshness,
    /// What they spent.
    pub total: Money,
    /// How many of their calls have no price, and are missing from `total`.
    pub unrated: u64,
    /// How many requests were made for them.
    pub requests: u64,
    /// How many of those failed.
    pub errors: u64,
    /// All input tokens.
    pub tokens_in: u64,
    /// All output tokens.
    pub tokens_out: u64,
    /// When their last request ever came.
    pub last_seen_us: Option<i64>,
    /// What they spent day by day; days without traffic may be missing.
    pub days: Vec<DaySpend>,
    /// The same total by model, the most expensive first.
    pub models: Vec<SpendRow>,
    /// The same total by key, the most expensive first.
    pub keys: Vec<SpendRow>,
    /// Their latest requests.
    pub latest: Vec<RequestRow>,
}

/// What one model cost on one day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DaySpend {
    /// The day's first microsecond.
    pub day_us: i64,
    /// The model.
    pub model: String,
    /// What it cost.
    pub spend: Money,
}

/// One line of a breakdown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SpendRow {
    /// The model's name or the key's id: what the filter takes.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// What it cost.
    pub spend: Money,
    /// Its requests.
    pub requests: u64,
    /// Its input tokens.
    pub tokens_in: u64,
    /// Its output tokens.
    pub tokens_out: u64,
}

impl Period {
    /// The requests of one customer in this period.
    #[must_use]
    pub fn requests_of(&self, customer_id: &str) -> String {
        self.query(customer_id).href()
    }

    fn query(&self, customer_id: &str) -> RequestsQuery {
        let q = if customer_id.is_empty() {
            "-customer:*".to_owned()
        } else {
            url::term("customer", customer_id)
        };
        RequestsQuery::of(q, number::iso(&self.window.from_us), number::iso(&self.window.to_us))
    }
}

impl CustomerPage {
    /// The requests behind the page's figures, narrowed by more `terms`.
    #[must_use]
    pub fn query(&self, terms: &str) -> RequestsQuery {
        let all = self.period.query(&self.customer_id);
        let q = format!("{} {terms}", all.q).trim_end().to_owned();
        RequestsQuery { q, ..all }
    }

    /// Their address.
    #[must_use]
    pub fn rows(&self, terms: &str) -> String {
        self.query(terms).href()
    }

    /// The address of those with one value of one field.
    #[must_use]
    pub fn rows_with(&self, field: &str, value: &str) -> String {
        self.rows(&url::term(field, value))
    }

    /// Spend by day and model.
    #[must_use]
    pub fn chart(&self) -> SpendChart {
        SpendChart::new(&self.days, &self.period.window, self.freshness.now_us, &self.query(""))
    }
}
