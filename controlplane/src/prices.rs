//! The price book as people read it: what units cost, from when and whom, and which models of ours it prices.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use weir_contract::price::{BookRow, Rates, Tier, Window};

use crate::app::App;
use crate::auth::Actor;
use crate::error::AppError;
use crate::{endpoints, models};

/// What one unit costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct UnitPrice {
    /// `input`, `output`, `cache_read`, …
    pub unit: &'static str,
    /// Nano-dollars for a million of them.
    pub nano_per_million: i64,
    /// When it holds: empty for the ordinary rate, else one clause (`above 200000 input tokens`).
    pub when: String,
}

/// One model at one provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PriceRow {
    /// Who runs it.
    pub provider: String,
    /// The model's name there.
    pub model: String,
    /// Other names of the same model with the same price.
    pub aliases: Vec<String>,
    /// `chat`, `embedding`, …
    pub mode: String,
    /// Input and output together, tokens.
    pub context_window: Option<u64>,
    /// Most output tokens.
    pub max_output: Option<u64>,
    /// What it can do, as far as a source says.
    pub capabilities: Vec<String>,
    /// What its units cost; empty when no price is known.
    pub prices: Vec<UnitPrice>,
    /// Where the facts come from.
    pub source: String,
    /// When they were collected, `YYYY-MM-DD`.
    pub date: String,
    /// Models of ours with a target it prices, by name.
    pub used_by: Vec<String>,
}

/// A target that no row of the book prices: its calls are unrated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Unrated {
    /// The model of ours, by name.
    pub model: String,
    /// Its id.
    pub model_id: String,
    /// Who runs the target.
    pub provider: String,
    /// What it is called there.
    pub upstream_model: String,
}

/// Which rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Which {
    /// Only rows that have this in provider, model or alias, whatever the case.
    pub search: String,
    /// Only rows that price a target of ours.
    pub in_use: bool,
}

/// The rows that match, in the book's order.
pub async fn list(app: &App, actor: &Actor, which: &Which) -> Result<Vec<PriceRow>, AppError> {
    let targets = targets(app, actor).await?;
    let search = which.search.trim().to_lowercase();
    let has = |text: &String| text.to_lowercase().contains(&search);
    let fits = |row: &BookRow| {
        search.is_empty() || has(&row.provider) || has(&row.model) || row.aliases.iter().any(has)
    };
    let rows = app.book.rows().iter().filter(|row| fits(row)).map(|row| read(row, &targets));
    Ok(rows.filter(|row| !which.in_use || !row.used_by.is_empty()).collect())
}

/// The targets of models in reach that no row prices.
pub async fn unrated(app: &App, actor: &Actor) -> Result<Vec<Unrated>, AppError> {
    let found = targets(app, actor).await?;
    Ok(found.into_iter().filter(|one| app.book.price(&one.provider, &one.upstream_model).is_none()).collect())
}

/// Every target of every model in reach.
async fn targets(app: &App, actor: &Actor) -> Result<Vec<Unrated>, AppError> {
    let known = endpoints::list(app, actor).await?;
    let mut found = Vec::new();
    for model in models::list(app, actor).await? {
        for target in &model.body.targets {
            let endpoint = known.iter().find(|endpoint| endpoint.id == target.endpoint);
            found.push(Unrated {
                model: model.name.clone(),
                model_id: model.id.clone(),
                provider: endpoint.map(|endpoint| endpoint.body.provider.clone()).unwrap_or_default(),
                upstream_model: target.upstream_model.clone(),
            });
        }
    }
    Ok(found)
}

fn read(row: &BookRow, targets: &[Unrated]) -> PriceRow {
    let is_of = |target: &&Unrated| {
        target.provider == row.provider
            && (target.upstream_model == row.model || row.aliases.contains(&target.upstream_model))
    };
    let mut used_by: Vec<String> = targets.iter().filter(is_of).map(|target| target.model.clone()).collect();
    used_by.dedup();
    PriceRow {
        provider: row.provider.clone(),
        model: row.model.clone(),
        aliases: row.aliases.clone(),
        mode: row.mode.clone(),
        context_window: row.context_window,
        max_output: row.max_output,
        capabilities: row.capabilities.clone(),
        prices: unit_prices(&row.rates, &row.tiers, &row.service_tiers, &row.windows),
        source: row.source.clone(),
        date: row.date.clone(),
        used_by,
    }
}

/// Every rate with the condition it holds under, the ordinary ones first.
pub(crate) fn unit_prices(
    rates: &Rates,
    tiers: &[Tier],
    service_tiers: &BTreeMap<String, Rates>,
    windows: &[Window],
) -> Vec<UnitPrice> {
    fn under<'a>(rates: &'a Rates, when: &'a str) -> impl Iterator<Item = UnitPrice> + 'a {
        rates.iter().map(move |(unit, nano_per_million)| UnitPrice {
            unit: unit.name(),
            nano_per_million,
            when: when.to_owned(),
        })
    }
    let mut prices: Vec<UnitPrice> = under(rates, "").collect();
    for tier in tiers {
        prices.extend(under(&tier.rates, &format!("above {} input tokens", tier.above_input_tokens)));
    }
    for (tier, rates) in service_tiers {
        prices.extend(under(rates, &format!("service tier {tier}")));
    }
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    for window in windows {
        let when = format!("{} to {} UTC", clock(window.from_minute), clock(window.to_minute));
        prices.extend(under(&window.rates, &when));
    }
    prices
}
