//! The price book: facts about models (price, context, abilities), one row a model, each with its source and date.
//!
//! The built-in book is a file of JSON lines embedded in the binary (`deploy/prices/`); its first line is the header
//! `{"version": "...", "collected": "YYYY-MM-DD"}`.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Price, Rates, Tier, Window};
use crate::id::PriceVersion;

/// What is known of one model at one provider.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BookRow {
    /// Provider, by our name.
    pub provider: String,
    /// The id the provider's API takes.
    pub model: String,
    /// Other ids of the same model with the same price.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// What it is for: `chat`, `embedding`, `image`, …
    pub mode: String,
    /// Tokens of input and output together; absent when no source says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_window: Option<u64>,
    /// Most input tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_input: Option<u64>,
    /// Most output tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_output: Option<u64>,
    /// What the model accepts, as far as a source says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<String>,
    /// Ordinary rates, nano-dollars per million units; empty when no price is known.
    pub rates: Rates,
    /// Whole-request rates by size of input.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<Tier>,
    /// Rates by service tier.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub service_tiers: BTreeMap<String, Rates>,
    /// Rates by time of day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<Window>,
    /// Where the facts come from.
    pub source: String,
    /// When they were collected, `YYYY-MM-DD`.
    pub date: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    version: PriceVersion,
    collected: String,
}

/// All rows of one version, found by provider and model or alias.
#[derive(Clone, Debug, Default)]
pub struct PriceBook {
    /// The version, stored with every call rated by this book.
    pub version: PriceVersion,
    /// When the facts were collected, `YYYY-MM-DD`.
    pub collected: String,
    rows: Vec<Arc<BookRow>>,
    found_by: HashMap<(String, String), usize>,
}

/// Why a book was refused.
#[derive(Debug, Error)]
pub enum BookError {
    /// A line is not what it should be.
    #[error("line {line} of the price book: {reason}")]
    Line {
        /// Line number, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no header line.
    #[error("the price book is empty: its first line must be the header with version and date")]
    Empty,
}

impl PriceBook {
    /// Reads a book of JSON lines. The whole book is refused when one line is wrong.
    pub fn parse(text: &str) -> Result<Self, BookError> {
        let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let (_, header) = lines.next().ok_or(BookError::Empty)?;
        let wrong = |line: usize, error: &serde_json::Error| BookError::Line {
            line: line + 1,
            reason: error.to_string(),
        };
        let header: Header = serde_json::from_str(header).map_err(|error| wrong(0, &error))?;
        let rows = lines
            .map(|(number, line)| {
                serde_json::from_str(line).map(Arc::new).map_err(|error| wrong(number, &error))
            })
            .collect::<Result<Vec<Arc<BookRow>>, _>>()?;
        Ok(Self::from_rows(header.version, header.collected, rows))
    }

    /// A book of those rows. A model's own row wins over another row's alias.
    #[must_use]
    pub fn from_rows(version: PriceVersion, collected: String, rows: Vec<Arc<BookRow>>) -> Self {
        let mut found_by = HashMap::with_capacity(rows.len() * 2);
        for (place, row) in rows.iter().enumerate() {
            found_by.insert((row.provider.clone(), row.model.clone()), place);
        }
        for (place, row) in rows.iter().enumerate() {
            for alias in &row.aliases {
                found_by.entry((row.provider.clone(), alias.clone())).or_insert(place);
            }
        }
        Self { version, collected, rows, found_by }
    }

    /// The row of that model, by id or alias.
    #[must_use]
    pub fn find(&self, provider: &str, model: &str) -> Option<&Arc<BookRow>> {
        self.found_by.get(&(provider.to_owned(), model.to_owned())).map(|place| &self.rows[*place])
    }

    /// The price of that model under this version; `None` when the model or its price is not known.
    #[must_use]
    pub fn price(&self, provider: &str, model: &str) -> Option<Price> {
        let row = self.find(provider, model).filter(|row| !row.rates.is_empty())?;
        Some(Price {
            version: self.version.clone(),
            rates: row.rates.clone(),
            tiers: row.tiers.clone(),
            service_tiers: row.service_tiers.clone(),
            windows: row.windows.clone(),
        })
    }

    /// All rows in file order.
    #[must_use]
    pub fn rows(&self) -> &[Arc<BookRow>] {
        &self.rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOK: &str = r#"{"version":"v1","collected":"2026-11-21"}
{"provider":"openai","model":"m","aliases":["m-1","n"],"mode":"chat","rates":{"input":1250000000},"source":"s","date":"2026-11-21"}
{"provider":"openai","model":"n","mode":"chat","rates":{},"source":"s","date":"2026-11-21"}
"#;

    #[test]
    fn a_model_is_found_by_id_or_alias_and_its_own_row_wins() {
        let book = PriceBook::parse(BOOK).unwrap();
        assert_eq!(book.price("openai", "m-1").unwrap().version.as_str(), "v1");
        assert_eq!(book.find("openai", "n").unwrap().model, "n");
        assert!(book.price("openai", "n").is_none(), "no rates is no price");
        assert!(book.price("azure", "m").is_none());
    }

    #[test]
    fn a_wrong_line_is_named_and_nothing_is_taken() {
        let error = PriceBook::parse(&BOOK.replace("\"mode\":\"chat\",\"rates\":{}", "\"mood\":\"chat\""))
            .unwrap_err();
        assert!(error.to_string().starts_with("line 3 of the price book: unknown field `mood`"), "{error}");
    }
}
