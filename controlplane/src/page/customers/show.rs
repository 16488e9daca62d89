//! `GET /customers/{id}`: one customer in one month, the audit.

use axum::extract::{Path, Query, State};
use axum::response::Response;
use weir_contract::filter::{Field, Filter};
use weir_web::page::CustomerPage;
use weir_web::page::customers::{DaySpend, SpendRow};
use weir_web::shell::Section;

use super::period::{Asked, period, periods};
use crate::app::App;
use crate::archive::requests::{Ask, Place};
use crate::archive::{Scope, spend};
use crate::auth::{Actor, Allowed, ReadFigures, Right};
use crate::error::AppError;
use crate::keys;
use crate::page::answer::page;
use crate::page::frame::Frame;
use crate::page::freshness::freshness;
use crate::page::requests::row::row;

/// How many of the latest requests are shown.
const LATEST: usize = 10;

/// `GET /customers/{id}`
pub(in crate::page) async fn show(
    by: Allowed<ReadFigures>,
    State(app): State<App>,
    frame: Frame,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, AppError> {
    let now_us = app.clock.now_us();
    let window = asked.window(now_us)?;
    let scope = Scope::of(&app, &by, "customer").await?;
    let filter = Filter::default().with(Field::Customer, &id).with(Field::Origin, "live");
    let latest = Ask { window: window.until(now_us), filter: &filter, place: Place::Newest, limit: LATEST };
    let archive = &app.archive;
    let (spend, by_key, latest) = tokio::try_join!(
        archive.spend_of_customer(&scope, &id, window),
        archive.spend_by_key(&scope, &id, window),
        archive.list_requests(&scope, latest),
    )?;
    let figures = spend.whole();
    // The newest of a month that still runs is the newest of all.
    let newest = latest.rows.first().map(|row| row.started_us);
    let last_seen_us = match newest.filter(|_| window.to_us > now_us) {
        Some(at_us) => Some(at_us),
        None => archive.customer_last_seen(&scope, &id).await?,
    };
    if last_seen_us.is_none() && figures.requests == 0 {
        return Err(AppError::not_found("customer", &id));
    }
    page(&CustomerPage {
        shell: frame.shell(&app, &by, &id, Section::Customers).await?,
        period: period(window, now_us),
        periods: periods(window, now_us),
        freshness: freshness(&app).await?,
        total: figures.cost(),
        unrated: figures.unrated,
        requests: figures.requests,
        errors: figures.errors,
        tokens_in: figures.tokens_in,
        tokens_out: figures.tokens_out,
        last_seen_us,
        // A day that cost nothing is no bar; its requests are in the tables.
        days: spend.days().into_iter().filter(|day| day.cost != 0).map(day).collect(),
        models: spend.models().into_iter().map(model).collect(),
        keys: named(&app, &by, by_key).await?,
        latest: latest.rows.into_iter().map(row).collect(),
        customer_id: id,
    })
}

fn day(spend: spend::DaySpend) -> DaySpend {
    DaySpend { spend: spend.cost(), day_us: spend.day_us, model: spend.model }
}

fn line(slice: spend::Slice, name: Option<String>) -> SpendRow {
    SpendRow {
        spend: slice.cost(),
        name: name.unwrap_or_else(|| slice.id.clone()),
        requests: slice.requests,
        tokens_in: slice.tokens_in,
        tokens_out: slice.tokens_out,
        id: slice.id,
    }
}

/// Requests that were refused before a model was chosen have none.
fn model(slice: spend::Slice) -> SpendRow {
    let name = slice.id.is_empty().then(|| "no model served".to_owned());
    line(slice, name)
}

/// Keys by their names, for whoever may know them.
async fn named(app: &App, actor: &Actor, slices: Vec<spend::Slice>) -> Result<Vec<SpendRow>, AppError> {
    let known = if actor.may(Right::ReadSetup) { keys::list(app, actor).await? } else { Vec::new() };
    let name = |id: &str| known.iter().find(|key| key.id.as_str() == id).map(|key| key.name.clone());
    Ok(slices
        .into_iter()
        .map(|slice| {
            let name = name(&slice.id);
            line(slice, name)
        })
        .collect())
}
