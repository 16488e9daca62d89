//! API tokens: for scripts, with a scope and an end. Nobody gives away more than they have.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weir_contract::id::{WorkspaceId, prefixed};
use weir_web::form::FieldError;

use crate::api::schema;
use crate::app::App;
use crate::audit::{self, Change};
use crate::auth::{Actor, Grant, Right, Role};
use crate::error::{AppError, FieldErrors};
use crate::objects::check_name;
use crate::store::Conn;
use crate::store::token::{
    TokenRow, create_token, find_token, find_token_by_hash, list_tokens, update_token_revoked,
};
use crate::token;

/// An API token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ApiToken {
    /// `token_…`
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The last characters of its secret.
    pub ends_with: String,
    /// Where it is valid; `null` is everywhere.
    #[schema(value_type = Option<String>)]
    pub workspace: Option<WorkspaceId>,
    /// `admin`, `member` or `viewer`.
    pub role: String,
    /// Whether bodies may be read with it.
    pub read_bodies: bool,
    /// When it was made, µs UTC.
    pub created_us: i64,
    /// Who made it.
    pub created_by: String,
    /// When it ends by itself, µs UTC.
    pub expires_us: Option<i64>,
    /// When it was revoked, µs UTC.
    pub revoked_us: Option<i64>,
}

/// What people say about a new token.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApiToken {
    /// What people call it.
    #[schema(min_length = 1, max_length = 200, example = "deploy script")]
    pub name: String,
    /// Where it is valid; left out, everywhere.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub workspace: Option<WorkspaceId>,
    /// `admin`, `member` or `viewer`.
    #[schema(schema_with = schema::role)]
    pub role: String,
    /// Whether bodies may be read with it.
    #[serde(default)]
    pub read_bodies: bool,
    /// When it ends by itself, µs UTC.
    #[serde(default)]
    pub expires_us: Option<i64>,
}

/// Who presents that token.
pub(crate) async fn identify(app: &App, presented: &str) -> Result<Actor, AppError> {
    if !token::is_well_formed(token::API, presented) {
        return Err(AppError::Unauthenticated);
    }
    let hash = token::hash(presented);
    let row =
        find_token_by_hash(&mut *app.store.read().await?, &hash).await?.ok_or(AppError::Unauthenticated)?;
    let ended = row.expires_us.is_some_and(|at_us| at_us <= app.clock.now_us());
    if ended || row.revoked_us.is_some() {
        return Err(AppError::Unauthenticated);
    }
    let grant = Role::from_name(&row.role).map(|role| Grant {
        workspace: place(&row),
        role,
        read_bodies: row.read_bodies != 0,
    });
    Ok(Actor { id: row.id, name: row.name, email: String::new(), grants: grant.into_iter().collect() })
}

/// All tokens, newest first.
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<ApiToken>, AppError> {
    let reach = actor.reach(Right::ManageTokens);
    let tokens = list_tokens(&mut *app.store.read().await?).await?.into_iter().map(ApiToken::from);
    let visible = |token: &ApiToken| match &token.workspace {
        None => reach == crate::auth::Reach::All,
        Some(workspace) => reach.includes(workspace),
    };
    Ok(tokens.filter(visible).collect())
}

/// Makes a token; its secret is told this once.
pub async fn create(app: &App, actor: &Actor, form: NewApiToken) -> Result<(ApiToken, String), AppError> {
    actor.require(Right::ManageTokens, form.workspace.as_ref())?;
    if form.read_bodies {
        actor.require(Right::ReadBodies, form.workspace.as_ref())?;
    }
    let mut writing = app.store.write().await?;
    let created = create_in(app, &mut writing, &actor.id, form).await?;
    writing.commit().await?;
    Ok(created)
}

pub(crate) async fn create_in(
    app: &App,
    conn: &mut Conn,
    actor: &str,
    form: NewApiToken,
) -> Result<(ApiToken, String), AppError> {
    let mut errors = FieldErrors::default();
    check_name(&mut errors, form.name.trim());
    if Role::from_name(&form.role).is_none() {
        errors.add("role", FieldError::UnknownChoice);
    }
    let now_us = app.clock.now_us();
    if form.expires_us.is_some_and(|at_us| at_us <= now_us) {
        errors.add("expires_us", FieldError::NotADate);
    }
    errors.check()?;
    let secret = token::mint(token::API, app.random.as_ref());
    let row = TokenRow {
        id: prefixed("token", app.random.bytes()),
        name: form.name.trim().to_owned(),
        hash: token::hash(&secret),
        ends_with: token::ending(&secret),
        workspace_id: form.workspace.as_ref().map_or("*", WorkspaceId::as_str).to_owned(),
        role: form.role,
        read_bodies: i64::from(form.read_bodies),
        created_us: now_us,
        created_by: actor.to_owned(),
        expires_us: form.expires_us,
        revoked_us: None,
    };
    create_token(conn, &row).await?;
    let made = ApiToken::from(row);
    let (object, after) = (made.id.as_str(), audit::state(&made));
    let change = Change { actor, action: "token.create", object, before: String::new(), after };
    audit::append(conn, now_us, change).await?;
    Ok((made, secret))
}

/// Revokes a token; acts at once.
pub async fn revoke(app: &App, actor: &Actor, id: &str) -> Result<ApiToken, AppError> {
    let mut writing = app.store.write().await?;
    let row = find_token(&mut writing, id).await?.ok_or_else(|| AppError::not_found("token", id))?;
    let before = ApiToken::from(row);
    actor.require(Right::ManageTokens, before.workspace.as_ref())?;
    let now_us = app.clock.now_us();
    if !update_token_revoked(&mut writing, id, now_us).await? {
        return Ok(before);
    }
    let after = ApiToken { revoked_us: Some(now_us), ..before.clone() };
    let change = Change {
        actor: &actor.id,
        action: "token.revoke",
        object: id,
        before: audit::state(&before),
        after: audit::state(&after),
    };
    audit::append(&mut writing, now_us, change).await?;
    writing.commit().await?;
    Ok(after)
}

fn place(row: &TokenRow) -> Option<WorkspaceId> {
    (row.workspace_id != "*").then(|| row.workspace_id.as_str().into())
}

impl From<TokenRow> for ApiToken {
    fn from(row: TokenRow) -> Self {
        Self {
            workspace: place(&row),
            id: row.id,
            name: row.name,
            ends_with: row.ends_with,
            role: row.role,
            read_bodies: row.read_bodies != 0,
            created_us: row.created_us,
            created_by: row.created_by,
            expires_us: row.expires_us,
            revoked_us: row.revoked_us,
        }
    }
}
