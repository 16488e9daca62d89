//! `GET /prices` and `/prices.csv`: the price book, what it does not price first.

use axum::extract::{Query, State};
use axum::response::Response;
use chrono::{DateTime, NaiveDate};
use serde::Deserialize;
use weir_contract::money::Money;
use weir_web::page::PricesPage;
use weir_web::page::prices::{PriceRow as Shown, UnitPrice as ShownPrice, UnratedRow};
use weir_web::shell::Section;

use super::answer::page;
use super::frame::Frame;
use super::sheet::{sheet, text};
use crate::app::App;
use crate::auth::{Allowed, ReadSetup};
use crate::error::AppError;
use crate::prices::{self, PriceRow, UnitPrice, Which};

const ROWS: usize = 50;
/// Units of which a thousand is many: their price is told for a thousand.
const LARGE_UNITS: [&str; 4] = ["request", "web_search", "image", "milli_second"];

/// What is asked of the book.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    search: String,
    in_use: String,
    after: String,
}

impl Asked {
    fn which(&self) -> Which {
        Which { search: self.search.clone(), in_use: self.in_use == "on" }
    }
}

/// `GET /prices`
pub(super) async fn list(
    by: Allowed<ReadSetup>,
    State(app): State<App>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, AppError> {
    let which = asked.which();
    let found = prices::list(&app, &by, &which).await?;
    let unrated = prices::unrated(&app, &by).await?.into_iter().map(|one| UnratedRow {
        model: one.model,
        model_id: one.model_id,
        provider: one.provider,
        upstream_model: one.upstream_model,
    });
    let skip: usize = asked.after.parse().unwrap_or(0);
    let end = skip.saturating_add(ROWS);
    page(&PricesPage {
        shell: frame.shell(&app, &by, "Prices", Section::Prices).await?,
        version: app.book.version.to_string(),
        collected: app.book.collected.clone(),
        age_days: age_days(&app.book.collected, app.clock.now_us()),
        search: which.search,
        in_use: which.in_use,
        unrated: unrated.collect(),
        matching: u64::try_from(found.len()).unwrap_or(u64::MAX),
        next: (found.len() > end).then(|| end.to_string()),
        rows: found.into_iter().skip(skip).take(ROWS).map(shown).collect(),
    })
}

/// `GET /prices.csv`
pub(super) async fn export(
    by: Allowed<ReadSetup>,
    State(app): State<App>,
    Query(asked): Query<Asked>,
) -> Result<Response, AppError> {
    let columns =
        ["provider", "model", "mode", "unit", "usd_per_million", "when", "source", "date", "used_by"];
    let mut lines = vec![columns.map(str::to_owned).to_vec()];
    for row in prices::list(&app, &by, &asked.which()).await? {
        for price in &row.prices {
            lines.push(line(&row, price));
        }
    }
    sheet(&format!("prices-{}.csv", app.book.version), lines)
}

fn line(row: &PriceRow, price: &UnitPrice) -> Vec<String> {
    vec![
        text(&row.provider),
        text(&row.model),
        text(&row.mode),
        text(price.unit),
        Money::from_nano(price.nano_per_million).usd_exact(),
        text(&price.when),
        text(&row.source),
        text(&row.date),
        text(&row.used_by.join(" ")),
    ]
}

fn shown(row: PriceRow) -> Shown {
    let price = |price: UnitPrice| {
        let is_large = LARGE_UNITS.contains(&price.unit);
        let nano = if is_large { price.nano_per_million / 1000 } else { price.nano_per_million };
        let unit = price.unit.replace('_', " ");
        ShownPrice { unit, amount: Money::from_nano(nano), is_large, when: price.when }
    };
    Shown {
        provider: row.provider,
        model: row.model,
        mode: row.mode,
        prices: row.prices.into_iter().map(price).collect(),
        source: row.source,
        date: row.date,
        used_by: row.used_by,
    }
}

/// Whole days from the day the facts were collected to now.
fn age_days(collected: &str, now_us: i64) -> u64 {
    let day = NaiveDate::parse_from_str(collected, "%Y-%m-%d").ok();
    let today = DateTime::from_timestamp_micros(now_us).map(|now| now.date_naive());
    let days = day.zip(today).map(|(day, today)| (today - day).num_days());
    days.and_then(|days| u64::try_from(days).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_of_the_book_is_in_whole_days() {
        assert_eq!(age_days("2026-11-20", crate::testing::NOW_US), 1);
        assert_eq!(age_days("2027-01-01", crate::testing::NOW_US), 0, "a book of tomorrow is not old");
        assert_eq!(age_days("", crate::testing::NOW_US), 0);
    }
}
