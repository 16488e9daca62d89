//! API tokens: for scripts, with a scope and an end. Nobody gives away more than they have, nor for longer: a token does what
//! its scope says and its maker may do at that moment. It ends with its maker's account, and a token made by a token ends
//! with that one.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weir_contract::id::{WorkspaceId, prefixed};
use weir_web::form::FieldError;

use crate::api::schema;
use crate::app::App;
use crate::audit::{self, Change};
use crate::auth::{Actor, Grant, Right, Role, session};
use crate::bootstrap::OURSELVES;
use crate::error::{AppError, FieldErrors};
use crate::objects::check_name;
use crate::store::token::{
    TokenRow, create_token, find_token, find_token_by_hash, list_tokens, update_token_revoked,
};
use crate::store::{Conn, StoreError};
use crate::token;

/// Tokens made by tokens made by tokens, so far and no further.
const GENERATIONS_MAX: usize = 8;

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
    /// Whether it opens anything: not revoked, not ended, and whoever made it may still do what it is for.
    pub works: bool,
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
    let mut reading = app.store.read().await?;
    let row = find_token_by_hash(&mut reading, &token::hash(presented)).await?;
    let row = row.ok_or(AppError::Unauthenticated)?;
    actor(&mut reading, row, app.clock.now_us()).await?.ok_or(AppError::Unauthenticated)
}

/// Whoever has that token, while anything can be done with it.
pub(crate) async fn actor(conn: &mut Conn, row: TokenRow, now_us: i64) -> Result<Option<Actor>, StoreError> {
    let grants = rights(conn, &row, now_us).await?;
    let actor = Actor { id: row.id, name: row.name, email: String::new(), grants };
    Ok(Some(actor).filter(|actor| !actor.grants.is_empty()))
}

/// What can be done with the token now: what it was made for, as far as whoever made it may do so now. Nothing when it
/// ended, or when its maker did: a person who was shut out, a token that was revoked.
async fn rights(conn: &mut Conn, token: &TokenRow, now_us: i64) -> Result<Vec<Grant>, StoreError> {
    let Some(mut left) = grant(token, now_us).map(|grant| vec![grant]) else { return Ok(Vec::new()) };
    let mut maker = token.created_by.clone();
    for _ in 0..GENERATIONS_MAX {
        if maker == OURSELVES {
            return Ok(left);
        }
        let (grants, makers_maker) = match find_token(conn, &maker).await? {
            Some(row) => (grant(&row, now_us).into_iter().collect(), Some(row.created_by)),
            None => {
                (session::person(conn, &maker).await?.map(|person| person.grants).unwrap_or_default(), None)
            }
        };
        left = left.iter().flat_map(|one| grants.iter().filter_map(|other| one.within(other))).collect();
        match makers_maker {
            Some(id) => maker = id,
            None => return Ok(left),
        }
    }
    Ok(Vec::new())
}

/// The scope of a token that has not ended.
fn grant(row: &TokenRow, now_us: i64) -> Option<Grant> {
    let ended = row.revoked_us.is_some() || row.expires_us.is_some_and(|at_us| at_us <= now_us);
    let role = Role::from_name(&row.role).filter(|_| !ended)?;
    Some(Grant { workspace: place(row), role, read_bodies: row.read_bodies != 0 })
}

/// Whether the actor manages tokens where this one is valid. To others there is no such token.
fn is_seen(actor: &Actor, token: &ApiToken) -> bool {
    actor.may_in(Right::ManageTokens, token.workspace.as_ref())
}

/// The tokens the actor manages, newest first.
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<ApiToken>, AppError> {
    let now_us = app.clock.now_us();
    let mut reading = app.store.read().await?;
    let mut seen = Vec::new();
    for row in list_tokens(&mut reading).await? {
        let works = !rights(&mut reading, &row, now_us).await?.is_empty();
        seen.push(ApiToken { works, ..ApiToken::from(row) });
    }
    seen.retain(|token| is_seen(actor, token));
    Ok(seen)
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
    if rights(conn, &row, now_us).await?.is_empty() {
        let sentence = "whoever makes this token may do nothing with it, so it would not work: sign in and make it there";
        return Err(AppError::Conflict(sentence.to_owned()));
    }
    let made = ApiToken::from(row);
    let (object, after) = (made.id.as_str(), audit::state(&made));
    let change = Change { actor, action: "token.create", object, before: String::new(), after };
    audit::append(conn, now_us, change).await?;
    Ok((made, secret))
}

/// Revokes a token; acts at once.
pub async fn revoke(app: &App, actor: &Actor, id: &str) -> Result<ApiToken, AppError> {
    let mut writing = app.store.write().await?;
    let before =
        find_token(&mut writing, id).await?.map(ApiToken::from).filter(|token| is_seen(actor, token));
    let before = before.ok_or_else(|| AppError::not_found("token", id))?;
    let after = revoke_in(&mut writing, actor, before, app.clock.now_us()).await?;
    writing.commit().await?;
    Ok(after)
}

async fn revoke_in(
    conn: &mut Conn,
    actor: &Actor,
    before: ApiToken,
    now_us: i64,
) -> Result<ApiToken, StoreError> {
    if !update_token_revoked(conn, &before.id, now_us).await? {
        return Ok(before);
    }
    let after = ApiToken { revoked_us: Some(now_us), works: false, ..before.clone() };
    let change = Change {
        actor: &actor.id,
        action: "token.revoke",
        object: &after.id,
        before: audit::state(&before),
        after: audit::state(&after),
    };
    audit::append(conn, now_us, change).await?;
    Ok(after)
}

/// Revokes the tokens that person made, as far as the actor manages them.
pub(crate) async fn revoke_made_by(
    conn: &mut Conn,
    actor: &Actor,
    person: &str,
    now_us: i64,
) -> Result<(), StoreError> {
    let tokens = list_tokens(conn).await?.into_iter().filter(|row| row.created_by == person);
    for token in tokens.map(ApiToken::from).collect::<Vec<_>>() {
        if actor.may_in(Right::ManageTokens, token.workspace.as_ref()) {
            revoke_in(conn, actor, token, now_us).await?;
        }
    }
    Ok(())
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
            works: row.revoked_us.is_none(),
            revoked_us: row.revoked_us,
        }
    }
}
