//! `/settings/tokens`: a new API token is shown once; revoking acts at once.

use axum::extract::{Form, Path, State};
use axum::response::Response;
use chrono::NaiveDate;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use weir_web::form::{Choice, Field, FieldError};
use weir_web::page::TokenShownPage;
use weir_web::page::settings::{TokenRow, TokensPart};
use weir_web::shell::Section;
use weir_web::url;

use super::show::view;
use crate::api_tokens::{self, ApiToken, NewApiToken};
use crate::app::App;
use crate::auth::{Actor, Allowed, ManageTokens, Right, Role};
use crate::error::{AppError, FieldErrors};
use crate::page::answer::{go_saying, page_with};
use crate::page::flash::Flash;
use crate::page::frame::Frame;
use crate::workspaces;

/// What the form sends.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::page) struct Sent {
    name: String,
    role: String,
    workspace: String,
    read_bodies: String,
    expires: String,
}

/// `POST /settings/tokens`
pub(in crate::page) async fn create(
    by: Allowed<ManageTokens>,
    State(app): State<App>,
    frame: Frame,
    headers: HeaderMap,
    Form(sent): Form<Sent>,
) -> Result<Response, AppError> {
    let made = match sent.read() {
        Ok(form) => api_tokens::create(&app, &by, form).await,
        Err(errors) => Err(AppError::Invalid(errors)),
    };
    match made {
        Ok((token, secret)) => {
            let shell = frame.shell(&app, &by, "New API token", Section::Settings).await?;
            let view = TokenShownPage { shell, name: token.name, secret, control_url: app.public_url() };
            page_with(StatusCode::CREATED, &view)
        }
        Err(AppError::Invalid(errors)) => {
            let tokens = part(&app, &by, &sent, &errors).await?;
            let mut view = view(&app, &by, frame, &headers).await?;
            view.tokens = tokens;
            page_with(StatusCode::UNPROCESSABLE_ENTITY, &view)
        }
        Err(other) => Err(other),
    }
}

/// `POST /settings/tokens/{id}/revocation`
pub(in crate::page) async fn revoke(
    by: Allowed<ManageTokens>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, AppError> {
    let gone = api_tokens::revoke(&app, &by, &id).await?;
    Ok(go_saying(url::SETTINGS, &Flash::ok(format!("The API token {} is revoked.", gone.name))))
}

impl Sent {
    fn read(&self) -> Result<NewApiToken, FieldErrors> {
        let day = |text: &str| {
            let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
            Some(day.and_hms_opt(23, 59, 59)?.and_utc().timestamp_micros())
        };
        let expires_us = match self.expires.as_str() {
            "" => None,
            text => Some(day(text).ok_or_else(|| FieldErrors::one("expires", FieldError::NotADate))?),
        };
        Ok(NewApiToken {
            name: self.name.clone(),
            role: self.role.clone(),
            workspace: (!self.workspace.is_empty()).then(|| self.workspace.as_str().into()),
            read_bodies: self.read_bodies == "on",
            expires_us,
        })
    }
}

/// The part of the page, with what was sent in its form; `None` for readers who may not manage tokens.
pub(super) async fn part(
    app: &App,
    actor: &Actor,
    sent: &Sent,
    errors: &FieldErrors,
) -> Result<Option<TokensPart>, AppError> {
    if !actor.may(Right::ManageTokens) {
        return Ok(None);
    }
    let mut tokens = api_tokens::list(app, actor).await?;
    tokens.sort_by_key(|token| !token.works);
    let known = workspaces::in_reach(app, actor, Right::ManageTokens).await?;
    let name_of = |token: &ApiToken| match &token.workspace {
        None => "everywhere".to_owned(),
        Some(id) => {
            known.iter().find(|one| one.id == *id).map_or_else(|| id.to_string(), |one| one.name.clone())
        }
    };
    let field = |name: &str, value: &str| match errors.of(name) {
        Some(error) => Field::new(value).refused(error.clone()),
        None => Field::new(value),
    };
    let roles = [Role::Viewer, Role::Member, Role::Admin];
    Ok(Some(TokensPart {
        rows: tokens.iter().map(|token| row(token, &name_of(token), app.clock.now_us())).collect(),
        name: field("name", &sent.name),
        role: field("role", &sent.role),
        roles: roles.map(|role| Choice::new(role.name(), role.name())).to_vec(),
        workspace: field("workspace", &sent.workspace),
        workspaces: known.iter().map(|one| Choice::new(one.id.to_string(), one.name.clone())).collect(),
        read_bodies: field("read_bodies", &sent.read_bodies),
        expires: field("expires", &sent.expires),
    }))
}

fn row(token: &ApiToken, place: &str, now_us: i64) -> TokenRow {
    let shut = match token {
        ApiToken { works: true, .. } => "",
        ApiToken { revoked_us: Some(_), .. } => "revoked",
        ApiToken { expires_us: Some(at_us), .. } if *at_us <= now_us => "ended",
        ApiToken { .. } => "its maker may not do this now",
    };
    let bodies = if token.read_bodies { ", reads bodies" } else { "" };
    TokenRow {
        token_id: token.id.clone(),
        name: token.name.clone(),
        ends_with: token.ends_with.clone(),
        scope: format!("{} {place}{bodies}", token.role),
        created_us: token.created_us,
        expires_us: token.expires_us,
        revoked_us: token.revoked_us,
        shut,
    }
}
