//! `/prices`: what units cost, and where that is known from.

use crate::shell::Shell;
use crate::url;
use askama::Template;
use weir_contract::money::Money;

/// The price book, a page at a time.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/prices/list.html")]
pub struct PricesPage {
    /// The frame.
    pub shell: Shell,
    /// The version in use.
    pub version: String,
    /// When its facts were collected, `YYYY-MM-DD`.
    pub collected: String,
    /// Days since.
    pub age_days: u64,
    /// What was searched for.
    pub search: String,
    /// Whether only rows are shown that price a model of ours.
    pub in_use: bool,
    /// Targets of ours without a price.
    pub unrated: Vec<UnratedRow>,
    /// The rows of this page.
    pub rows: Vec<PriceRow>,
    /// How many match.
    pub matching: u64,
    /// The cursor of the next page.
    pub next: Option<String>,
}

/// A target without a price.
#[derive(Debug, Clone, Default)]
pub struct UnratedRow {
    /// The model, by name.
    pub model: String,
    /// Its id.
    pub model_id: String,
    /// Who runs the target.
    pub provider: String,
    /// What it is called there.
    pub upstream_model: String,
}

/// One model at one provider.
#[derive(Debug, Clone, Default)]
pub struct PriceRow {
    /// Who runs it.
    pub provider: String,
    /// The model's name there.
    pub model: String,
    /// `chat`, `embedding`, …
    pub mode: String,
    /// What its units cost.
    pub prices: Vec<UnitPrice>,
    /// Where that is known from.
    pub source: String,
    /// When it was collected, `YYYY-MM-DD`.
    pub date: String,
    /// Models of ours it prices, by name.
    pub used_by: Vec<String>,
}

/// What one unit costs.
#[derive(Debug, Clone, Default)]
pub struct UnitPrice {
    /// `input`, `output`, …
    pub unit: String,
    /// For a million of them, or a thousand where `is_large`.
    pub amount: Money,
    /// Whether it is a unit of which a thousand is many: a search, a picture, a request.
    pub is_large: bool,
    /// When it holds; empty for always.
    pub when: String,
}

impl PricesPage {
    /// The days after which a book is called old.
    pub const OLD_DAYS: u64 = 45;

    /// Whether the book should be renewed.
    #[must_use]
    pub fn is_old(&self) -> bool {
        self.age_days > Self::OLD_DAYS
    }

    /// The same rows as a file.
    #[must_use]
    pub fn csv(&self) -> String {
        url::prices_csv(&self.search, self.in_use)
    }

    /// The rows after `cursor`.
    #[must_use]
    pub fn page(&self, cursor: &str) -> String {
        url::prices(&self.search, self.in_use, cursor)
    }
}
