//! Gateways: the tokens that let them in, and how each one is.

pub mod retire;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weir_contract::id::{GatewayId, Revision, prefixed};
use weir_contract::sync::{GatewayStatus, HEARTBEAT_SECONDS, Hello};

use crate::app::App;
use crate::audit::{self, Change};
use crate::auth::{Actor, FromGateway};
use crate::error::{AppError, FieldErrors};
use crate::objects::check_name;
use crate::store::gateway::{self, GatewayRow, GatewayTokenRow};
use crate::store::{Conn, StoreError};
use crate::token;

/// A gateway as it last showed itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Gateway {
    /// Its name.
    #[schema(value_type = String)]
    pub id: GatewayId,
    /// Its program's version.
    pub version: String,
    /// The revision it runs; 0 for none.
    #[schema(value_type = u64)]
    pub revision: Revision,
    /// Since when it runs that, µs UTC.
    pub applied_at_us: Option<i64>,
    /// The newest revision it refused, and why; `None` when it runs a newer one.
    pub refusal: Option<Refusal>,
    /// How it is, as it last said.
    #[schema(value_type = Object)]
    pub status: GatewayStatus,
    /// Since when it is asked to take no new requests, µs UTC; `None` when it is not.
    pub drain_us: Option<i64>,
    /// Its clock minus ours, µs.
    pub clock_off_us: i64,
    /// When it last spoke, µs UTC.
    pub contact_us: i64,
    /// Whether it spoke within the last three heartbeats.
    pub connected: bool,
}

/// A refused revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Refusal {
    /// Which.
    #[schema(value_type = u64)]
    pub revision: Revision,
    /// Why, in the gateway's words.
    pub reason: String,
}

/// A gateway token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct GatewayToken {
    /// `gtok_…`
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The gateway it belongs to, from its first use on.
    pub gateway: Option<String>,
    /// When it was made, µs UTC.
    pub created_us: i64,
    /// Who made it.
    pub created_by: String,
    /// When it was revoked, µs UTC.
    pub revoked_us: Option<i64>,
}

/// What people say about a new gateway token.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGatewayToken {
    /// What people call it.
    #[schema(min_length = 1, max_length = 200, example = "edge 1")]
    pub name: String,
}

/// All gateways, newest contact first.
pub async fn list(app: &App) -> Result<Vec<Gateway>, AppError> {
    let now_us = app.clock.now_us();
    let rows = gateway::list_gateways(&mut *app.store.read().await?).await?;
    Ok(rows.into_iter().map(|row| read(row, now_us)).collect())
}

/// The gateway of that name.
///
/// # Errors
/// [`AppError::NotFound`] when none of that name ever connected.
pub async fn find(app: &App, id: &str) -> Result<Gateway, AppError> {
    let row = gateway::find_gateway(&mut *app.store.read().await?, id).await?;
    Ok(read(row.ok_or_else(|| AppError::not_found("gateway", id))?, app.clock.now_us()))
}

/// All tokens, newest first.
pub async fn list_tokens(app: &App) -> Result<Vec<GatewayToken>, AppError> {
    let rows = gateway::list_tokens(&mut *app.store.read().await?).await?;
    Ok(rows.into_iter().map(GatewayToken::from).collect())
}

/// Makes a token for one more gateway; its secret is told this once.
pub async fn create_token(
    app: &App,
    actor: &Actor,
    form: NewGatewayToken,
) -> Result<(GatewayToken, String), AppError> {
    let mut errors = FieldErrors::default();
    check_name(&mut errors, form.name.trim());
    errors.check()?;
    let secret = token::mint(token::GATEWAY, app.random.as_ref());
    let mut writing = app.store.write().await?;
    let made = enrol(app, &mut writing, &actor.id, form.name.trim(), &secret).await?;
    writing.commit().await?;
    Ok((made, secret))
}

/// Stores the token's hash.
pub(crate) async fn enrol(
    app: &App,
    conn: &mut Conn,
    actor: &str,
    name: &str,
    secret: &str,
) -> Result<GatewayToken, AppError> {
    let row = GatewayTokenRow {
        id: prefixed("gtok", app.random.bytes()),
        hash: token::hash(secret),
        name: name.to_owned(),
        gateway_id: None,
        created_us: app.clock.now_us(),
        created_by: actor.to_owned(),
        revoked_us: None,
    };
    gateway::create_token(conn, &row).await?;
    let made = GatewayToken::from(row);
    let (object, after) = (made.id.as_str(), audit::state(&made));
    let change = Change { actor, action: "gateway_token.create", object, before: String::new(), after };
    audit::append(conn, made.created_us, change).await?;
    Ok(made)
}

/// Revokes a token: the gateway's next message is refused; it goes on with its last good snapshot.
pub async fn revoke_token(app: &App, actor: &Actor, id: &str) -> Result<(), AppError> {
    let now_us = app.clock.now_us();
    let mut writing = app.store.write().await?;
    if !gateway::update_token_revoked(&mut writing, id, now_us).await? {
        return Err(AppError::not_found("gateway token in force", id));
    }
    let change = Change {
        actor: &actor.id,
        action: "gateway_token.revoke",
        object: id,
        before: String::new(),
        after: String::new(),
    };
    audit::append(&mut writing, now_us, change).await?;
    Ok(writing.commit().await?)
}

/// Whose token that is.
pub(crate) async fn identify(app: &App, presented: &str) -> Result<FromGateway, AppError> {
    if !token::is_well_formed(token::GATEWAY, presented) {
        return Err(AppError::Unauthenticated);
    }
    let hash = token::hash(presented);
    let row = gateway::find_token_by_hash(&mut *app.store.read().await?, &hash).await?;
    let row = row.filter(|row| row.revoked_us.is_none()).ok_or(AppError::Unauthenticated)?;
    Ok(FromGateway { token: row.id, gateway: row.gateway_id })
}

/// What the API has beside the gateways' own names.
const RESERVED: &str = "tokens";

/// Takes a hello: ties the token to the gateway's name at first use, and notes that it is here.
pub(crate) async fn greet(app: &App, from: &FromGateway, hello: &Hello) -> Result<(), AppError> {
    let name = hello.gateway.as_str();
    if name.is_empty() || name.len() > 128 || name.chars().any(char::is_control) {
        return Err(AppError::BadRequest("a gateway needs a name of 1 to 128 characters".to_owned()));
    }
    if name == RESERVED {
        let sentence = format!("no gateway can be called `{RESERVED}`: give it another name");
        return Err(AppError::BadRequest(sentence));
    }
    let now_us = app.clock.now_us();
    let mut writing = app.store.write().await?;
    if !gateway::update_token_tied(&mut writing, &from.token, name).await? {
        let tied = from.gateway.as_deref().unwrap_or("another one");
        let sentence = format!("this token belongs to gateway `{tied}`: make one for `{name}` of its own");
        return Err(AppError::Conflict(sentence));
    }
    let row = GatewayRow {
        id: name.to_owned(),
        incarnation: hello.incarnation.to_string(),
        version: hello.version.chars().take(64).collect(),
        revision: i64::try_from(hello.revision.0).unwrap_or(i64::MAX),
        clock_off_us: hello.now_us.saturating_sub(now_us),
        hello_us: now_us,
        ..GatewayRow::default()
    };
    gateway::update_hello(&mut writing, &row).await?;
    writing.commit().await?;
    app.gateways_spoke();
    Ok(())
}

/// Notes that a revision is in force there.
pub(crate) async fn acknowledged(
    app: &App,
    gateway: &str,
    revision: Revision,
    at_us: i64,
) -> Result<(), StoreError> {
    let mut writing = app.store.write().await?;
    let revision = i64::try_from(revision.0).unwrap_or(i64::MAX);
    gateway::update_applied(&mut writing, gateway, revision, at_us, app.clock.now_us()).await?;
    writing.commit().await?;
    app.gateways_spoke();
    Ok(())
}

/// Notes that a revision was refused there.
pub(crate) async fn refused(
    app: &App,
    gateway: &str,
    revision: Revision,
    reason: &str,
) -> Result<(), StoreError> {
    tracing::warn!(
        gateway,
        revision = revision.0,
        reason,
        "a gateway refused a revision and runs on with its own"
    );
    let mut writing = app.store.write().await?;
    let reason: String = reason.chars().take(2000).collect();
    let revision = i64::try_from(revision.0).unwrap_or(i64::MAX);
    gateway::update_refused(&mut writing, gateway, revision, &reason, app.clock.now_us()).await?;
    writing.commit().await?;
    app.gateways_spoke();
    Ok(())
}

/// Notes how it is.
pub(crate) async fn reported(app: &App, gateway: &str, status: &GatewayStatus) -> Result<(), StoreError> {
    let mut writing = app.store.write().await?;
    gateway::update_status(&mut writing, gateway, &audit::state(status), app.clock.now_us()).await?;
    writing.commit().await?;
    app.gateways_spoke();
    Ok(())
}

pub(crate) fn read(row: GatewayRow, now_us: i64) -> Gateway {
    let number = |revision: i64| Revision(u64::try_from(revision).unwrap_or(0));
    let refused = row.refused_revision.filter(|refused| *refused > row.revision).map(number);
    let silence_us = i64::try_from(HEARTBEAT_SECONDS * 3_000_000).unwrap_or(i64::MAX);
    Gateway {
        id: row.id.into(),
        version: row.version,
        revision: number(row.revision),
        applied_at_us: row.applied_at_us,
        refusal: refused.map(|revision| Refusal { revision, reason: row.refusal }),
        status: serde_json::from_str(&row.status_json).unwrap_or_default(),
        drain_us: row.drain_us,
        clock_off_us: row.clock_off_us,
        contact_us: row.contact_us,
        connected: now_us - row.contact_us <= silence_us,
    }
}

impl From<GatewayTokenRow> for GatewayToken {
    fn from(row: GatewayTokenRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            gateway: row.gateway_id,
            created_us: row.created_us,
            created_by: row.created_by,
            revoked_us: row.revoked_us,
        }
    }
}
