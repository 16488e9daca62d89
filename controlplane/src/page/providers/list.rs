//! `GET /providers`: endpoints with their health, gateways, publishes.

use std::collections::HashSet;

use axum::extract::State;
use axum::response::Response;
use weir_contract::policy::snapshot::AuthStyle;
use weir_web::page::ProvidersPage;
use weir_web::page::providers::{CredentialState, EndpointRow};
use weir_web::shell::Section;

use super::gateways;
use super::health::health;
use crate::app::App;
use crate::archive::Window;
use crate::auth::{Actor, Allowed, ReadSetup, Right};
use crate::endpoints::{self, CredentialSource, Endpoint, EndpointBody};
use crate::error::AppError;
use crate::models::{self, Model};
use crate::observed::{self, Observed};
use crate::page::answer::page;
use crate::page::frame::Frame;
use crate::publish;
use crate::workspaces::{self, Workspace};

/// `GET /providers`
pub(in crate::page) async fn list(
    by: Allowed<ReadSetup>,
    State(app): State<App>,
    frame: Frame,
) -> Result<Response, AppError> {
    let (gateways, publishes) = gateways::state(&app).await?;
    page(&ProvidersPage {
        shell: frame.shell(&app, &by, "Providers", Section::Providers).await?,
        may_edit: by.may(Right::ManageProviders),
        endpoints: rows(&app, &by).await?,
        gateways,
        publishes,
        now_us: app.clock.now_us(),
    })
}

/// The endpoints in the actor's reach, with their health.
pub(super) async fn rows(app: &App, actor: &Actor) -> Result<Vec<EndpointRow>, AppError> {
    let known = endpoints::list(app, actor).await?;
    let models = models::list(app, actor).await?;
    let workspaces = workspaces::in_reach(app, actor, Right::ReadSetup).await?;
    let draft = publish::draft_state(app).await?;
    let changed: HashSet<String> = draft.changed.into_iter().map(|one| one.id).collect();
    let seen = last_hour(app, actor).await?;
    let endpoint = |one: &Endpoint| EndpointRow {
        health: seen.iter().find(|seen| seen.endpoint == one.id.as_str()).map(health),
        ..endpoint_row(one, &models, &workspaces, changed.contains(one.id.as_str()))
    };
    Ok(known.iter().map(endpoint).collect())
}

fn endpoint_row(
    one: &Endpoint,
    models: &[Model],
    workspaces: &[Workspace],
    unpublished: bool,
) -> EndpointRow {
    let targets =
        models.iter().flat_map(|model| &model.body.targets).filter(|target| target.endpoint == one.id);
    let owner = one.workspace.as_ref().map(|id| {
        let found = workspaces.iter().find(|workspace| workspace.id == *id);
        found.map_or_else(|| id.to_string(), |workspace| workspace.name.clone())
    });
    EndpointRow {
        endpoint_id: one.id.to_string(),
        name: one.name.clone(),
        provider: one.body.provider.clone(),
        base_url: one.body.base_url.clone(),
        region: one.body.region.clone(),
        credential: credential(&one.body),
        workspace: owner,
        targets: u64::try_from(targets.count()).unwrap_or(0),
        unpublished,
        health: None,
    }
}

/// What endpoints did in the last hour; nothing while the archive does not answer.
pub(super) async fn last_hour(app: &App, actor: &Actor) -> Result<Vec<Observed>, AppError> {
    const HOUR_US: i64 = 3_600_000_000;
    let now_us = app.clock.now_us();
    match observed::by_endpoint(app, actor, Window { from_us: now_us - HOUR_US, to_us: now_us }).await {
        Err(AppError::ArchiveAway(_)) => Ok(Vec::new()),
        seen => seen,
    }
}

/// Where its credential comes from, as pages say it.
pub(super) fn credential(body: &EndpointBody) -> CredentialState {
    match &body.credential {
        CredentialSource::None if body.auth == AuthStyle::None => CredentialState::NotNeeded,
        CredentialSource::None => CredentialState::Missing,
        CredentialSource::Stored { since_us, .. } => CredentialState::Stored { since_us: *since_us },
        CredentialSource::Env { name } => CredentialState::Reference(format!("env:{name}")),
        CredentialSource::File { path } => CredentialState::Reference(format!("file:{path}")),
    }
}
