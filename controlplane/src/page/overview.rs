//! `GET /`: the overview, or the first steps while there was never a request.

use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;
use weir_contract::id::WorkspaceId;
use weir_web::form::Choice;
use weir_web::page::OverviewPage;
use weir_web::page::customers::DaySpend;
use weir_web::page::overview::{Attention, Figure, Value};
use weir_web::shell::{Section, Tone};
use weir_web::{number, url};

use super::answer::{go, page};
use super::frame::Frame;
use super::freshness::freshness;
use super::requests::list::shown;
use crate::app::App;
use crate::archive::Scope;
use crate::archive::overview::{Latency, Sums, Totals};
use crate::auth::{Allowed, ReadFigures, Right};
use crate::error::AppError;
use crate::overview::{Notice, Panels, Severity, Span, Wait, look};
use crate::workspaces;

/// The query string of the overview.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    range: String,
    workspace: String,
    wait: String,
}

/// `GET /`
pub(super) async fn show(
    by: Allowed<ReadFigures>,
    State(app): State<App>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, AppError> {
    let span = Span::resolve(&asked.range, app.clock.now_us())?;
    let scope = chosen(&by, Scope::of(&app, &by, "overview").await?, &asked.workspace)?;
    let wait = if asked.wait.is_empty() { Wait::Deadline } else { Wait::Patience };
    let newest = async { app.archive.newest_request(&scope).await.map_err(AppError::from) };
    let (newest, (found, attention)) = tokio::try_join!(newest, look(&app, &by, &scope, &span, wait))?;
    if newest.is_none() && by.may(Right::ReadSetup) && asked.workspace.is_empty() {
        return Ok(go(url::WELCOME));
    }
    let window = span.stretches.window;
    let is_quiet = found.sums.is_some_and(|sums| sums.window.requests == 0);
    let seen = workspaces::in_reach(&app, &by, Right::ReadFigures).await?;
    let mut view = OverviewPage {
        shell: frame.shell(&app, &by, "Overview", Section::Overview).await?,
        range: span.range.clone(),
        window: shown(window),
        before: shown(span.stretches.before),
        freshness: freshness(&app).await?,
        workspaces: seen.into_iter().map(|one| Choice::new(one.id.as_str(), one.name)).collect(),
        workspace: asked.workspace,
        attention: attention.into_iter().map(notice).collect(),
        quiet: is_quiet.then_some(newest),
        ..OverviewPage::default()
    };
    view.figures = figures(&view, &found);
    view.days = found.days.map(|days| days.iter().filter(|day| day.cost != 0).map(day).collect());
    page(&view)
}

/// The scope kept to the chosen workspace, for whoever may see it.
fn chosen(by: &Allowed<ReadFigures>, all: Scope, workspace: &str) -> Result<Scope, AppError> {
    if workspace.is_empty() {
        return Ok(all);
    }
    by.require(Right::ReadFigures, Some(&WorkspaceId::from(workspace)))?;
    Ok(all.within(workspace))
}

fn notice(notice: Notice) -> Attention {
    let tone = if notice.severity == Severity::Bad { Tone::Bad } else { Tone::Warn };
    Attention { tone, what: notice.what, detail: notice.detail, href: notice.link }
}

fn day(spend: &crate::archive::spend::DaySpend) -> DaySpend {
    let model = if spend.model.is_empty() { "no model served".to_owned() } else { spend.model.clone() };
    DaySpend { spend: spend.cost(), day_us: spend.day_us, model }
}

fn figures(view: &OverviewPage, found: &Panels) -> Vec<Figure> {
    let rows = |terms: &str| view.query(terms);
    let slow = found
        .latency
        .and_then(|latency| latency.window)
        .map_or_else(String::new, |us| format!("latency:>{us}us"));
    vec![
        Figure { href: rows("").grouped("customer").href(), ..cost(found.sums.as_ref()) },
        Figure { href: rows("").href(), ..requests(found.sums.as_ref()) },
        Figure { href: rows("status:error").href(), ..errors(found.sums.as_ref()) },
        Figure { href: rows(&slow).href(), ..latency(found.latency.as_ref()) },
    ]
}

fn cost(sums: Option<&Sums>) -> Figure {
    let Some(sums) = sums else { return Figure { name: "Cost", ..Figure::default() } };
    let nano = |totals: &Totals| i128::from(totals.cost().nano());
    let note = if sums.window.unrated > 0 {
        format!("{} unrated and not in it", number::count(&sums.window.unrated))
    } else {
        String::new()
    };
    Figure {
        name: "Cost",
        value: Value::Money(sums.window.cost()),
        change: number::change(nano(&sums.whole), nano(&sums.before)),
        note,
        ..Figure::default()
    }
}

fn requests(sums: Option<&Sums>) -> Figure {
    let Some(sums) = sums else { return Figure { name: "Requests", ..Figure::default() } };
    let tokens = |count: u64| number::tokens(&count);
    Figure {
        name: "Requests",
        value: Value::Count(sums.window.requests),
        change: number::change(sums.whole.requests.into(), sums.before.requests.into()),
        note: format!("{} tokens in, {} out", tokens(sums.window.tokens_in), tokens(sums.window.tokens_out)),
        ..Figure::default()
    }
}

fn errors(sums: Option<&Sums>) -> Figure {
    let name = "Failed";
    let Some(sums) = sums else { return Figure { name, ..Figure::default() } };
    let before = sums.before.errors_ppm();
    let note = before.map_or_else(String::new, |ppm| format!("{} before", number::share(&ppm)));
    let compared = sums.whole.errors_ppm().zip(before);
    Figure {
        name,
        value: sums.window.errors_ppm().map_or(Value::Unknown, Value::Share),
        change: compared.and_then(|(now, before)| number::change(now.into(), before.into())),
        note,
        ..Figure::default()
    }
}

fn latency(latency: Option<&Latency>) -> Figure {
    let name = "Total time, 95th percentile";
    let Some(latency) = latency else { return Figure { name, ..Figure::default() } };
    let compared = latency.whole.zip(latency.before);
    Figure {
        name,
        value: latency.window.map_or(Value::Unknown, Value::AboutUs),
        change: compared.and_then(|(now, before)| number::change(now.into(), before.into())),
        ..Figure::default()
    }
}
