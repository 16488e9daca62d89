//! `GET /welcome`: the three steps as they stand.

use axum::extract::State;
use axum::response::Response;
use weir_web::page::WelcomePage;
use weir_web::page::welcome::Arrived;
use weir_web::shell::Section;

use crate::app::App;
use crate::archive::requests::{Ask, Place};
use crate::archive::{ArchiveError, Scope, Window};
use crate::auth::{Allowed, ReadSetup, Right};
use crate::bootstrap::welcome_key;
use crate::error::AppError;
use crate::page::answer::page;
use crate::page::example::examples;
use crate::page::frame::Frame;
use crate::page::gateway::gateway_url;
use crate::page::requests::row::status;
use crate::{endpoints, keys};

/// `GET /welcome`
pub(in crate::page) async fn show(
    by: Allowed<ReadSetup>,
    State(app): State<App>,
    frame: Frame,
) -> Result<Response, AppError> {
    let now_us = app.clock.now_us();
    let scope = Scope::of(&app, &by, "welcome").await?;
    let known = endpoints::list(&app, &by).await?;
    let is_demo = |provider: &str| provider == "demo";
    let others = known.iter().filter(|endpoint| !is_demo(&endpoint.body.provider)).count();
    let in_force =
        |key: &keys::Key| key.revoked_us.is_none() && key.expires_us.is_none_or(|at_us| at_us > now_us);
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let models = examples(&app, &by).await?;
    // Whoever may make keys may see this one: it is the installation's first, kept for this page.
    let secret = if by.may(Right::ManageKeys) { welcome_key(&app).await? } else { None };
    // The steps are worth showing without an archive; the last one then waits.
    let arrived = newest(&app, &scope).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "the welcome page does not know whether a request came");
        None
    });
    page(&WelcomePage {
        shell: frame.shell(&app, &by, "Welcome to Weir", Section::None).await?,
        demo_provider: known.len() > others,
        endpoints: count(others),
        keys: count(keys::list(&app, &by).await?.iter().filter(|key| in_force(key)).count()),
        secret: secret.map(|secret| secret.to_string()),
        gateway_url: gateway_url(&app).await?,
        model: models.openai_or_any(),
        anthropic_model: models.anthropic_or_any(),
        arrived,
    })
}

/// The newest request there is.
pub(super) async fn newest(app: &App, scope: &Scope) -> Result<Option<Arrived>, ArchiveError> {
    // Where it is in time is one column's work; the row itself is then read from a single moment.
    let Some(at_us) = app.archive.newest_request(scope).await? else { return Ok(None) };
    let window = Window { from_us: at_us, to_us: at_us + 1 };
    let ask = Ask { window, filter: &Default::default(), place: Place::Newest, limit: 1 };
    let found = app.archive.list_requests(scope, ask).await?;
    Ok(found.rows.into_iter().next().map(|line| Arrived {
        request_id: line.request_id.to_string(),
        status: status(&line),
        model: if line.model.is_empty() { line.model_requested } else { line.model },
        customer_id: line.customer_id,
    }))
}
