//! Keys: what applications present. A secret is shown once and stored as a keyed hash; making and revoking act at once.

use std::collections::BTreeMap;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weir_contract::id::{CustomerId, EndpointId, KeyId, WorkspaceId, prefixed};
use weir_contract::policy::{KeyEntry, PolicySecret};
use weir_contract::record::{CustomerSource, LogLevel};
use weir_web::form::FieldError;

use crate::app::App;
use crate::audit::{self, Change};
use crate::auth::{Actor, Right};
use crate::endpoints::EndpointBody;
use crate::error::{AppError, FieldErrors};
use crate::objects::{self, check_name};
use crate::publish::seal;
use crate::store::key::{self, KeyRow};
use crate::store::{Conn, StoreError};
use crate::{publish, store, token, workspaces};

/// Scopes, bindings and limits of a key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct KeySettings {
    /// Models it may ask for; `*` at the end of a name stands for anything. Empty: all.
    pub models: Vec<String>,
    /// Endpoints it may reach, a hard set. Empty: all of its workspace.
    #[schema(value_type = Vec<String>)]
    pub endpoints: Vec<EndpointId>,
    /// Regions it may reach, a hard set. Empty: all.
    pub regions: Vec<String>,
    /// Networks it may be used from. Empty: all.
    #[schema(value_type = Vec<String>)]
    pub networks: Vec<IpNet>,
    /// The customer it is bound to; beats every header.
    #[schema(value_type = Option<String>)]
    pub customer: Option<CustomerId>,
    /// The least trusted source a customer may be named by; a request without one is refused.
    #[schema(value_type = Option<String>)]
    pub customer_source_min: Option<CustomerSource>,
    /// Tags it is bound to; beat the request's.
    pub tags: BTreeMap<String, String>,
    /// Tightens the workspace's log level.
    #[schema(value_type = Option<String>)]
    pub log_level: Option<LogLevel>,
    /// Requests per minute on one gateway.
    pub requests_per_minute: Option<u32>,
    /// Requests in flight on one gateway.
    pub concurrent_max: Option<u32>,
    /// Whether it has a secret with which its owner signs customer tokens (`x-weir-customer-token`).
    pub signs_customers: bool,
}

/// A key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Key {
    /// Its id.
    #[schema(value_type = String)]
    pub id: KeyId,
    /// Its workspace.
    #[schema(value_type = String)]
    pub workspace: WorkspaceId,
    /// What people call it.
    pub name: String,
    /// The last characters of its secret.
    pub ends_with: String,
    /// Scopes, bindings and limits.
    #[serde(flatten)]
    pub settings: KeySettings,
    /// When it was made, µs UTC.
    pub created_us: i64,
    /// Who made it.
    pub created_by: String,
    /// When it ends by itself, µs UTC.
    pub expires_us: Option<i64>,
    /// When it was revoked, µs UTC.
    pub revoked_us: Option<i64>,
    /// Newest request made with it, as far as the books know, µs UTC.
    pub last_used_us: Option<i64>,
}

/// What people say about a new key.
#[derive(Clone, Debug, Default)]
pub struct NewKey {
    /// What people call it.
    pub name: String,
    /// Its workspace, by id or name.
    pub workspace: WorkspaceId,
    /// When it ends by itself, µs UTC.
    pub expires_us: Option<i64>,
    /// Scopes, bindings and limits.
    pub settings: KeySettings,
}

/// A new key with its secret, told this once.
#[derive(Clone, Debug)]
pub struct Created {
    /// The key.
    pub key: Key,
    /// `wk_…`
    pub secret: String,
    /// `wcs_…`: the HMAC key of customer tokens, for keys that sign customers.
    pub customer_secret: Option<String>,
}

/// The keys of the workspaces in the actor's reach, newest first.
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<Key>, AppError> {
    let reach = actor.reach(Right::ReadSetup);
    let rows = key::list_keys(&mut *app.store.read().await?).await?;
    let keys: Vec<Key> = rows.into_iter().map(read).collect::<Result<_, _>>()?;
    Ok(keys.into_iter().filter(|key| reach.includes(&key.workspace)).collect())
}

/// The key of that id, in force or not, if it is in the actor's reach.
pub async fn find(app: &App, actor: &Actor, id: &KeyId) -> Result<Option<Key>, AppError> {
    let row = key::find_key(&mut *app.store.read().await?, id.as_str()).await?;
    let found = row.map(read).transpose()?;
    Ok(found.filter(|key| actor.may_in(Right::ReadSetup, Some(&key.workspace))))
}

/// Makes a key; in force at once.
pub async fn create(app: &App, actor: &Actor, mut form: NewKey) -> Result<Created, AppError> {
    let workspace = workspaces::resolve(app, form.workspace.as_str()).await?;
    let mut errors = check(&form, app.clock.now_us());
    match workspace {
        Some(workspace) => form.workspace = workspace,
        None => errors.add("workspace", FieldError::UnknownChoice),
    }
    check_endpoints(app, &form, &mut errors).await?;
    errors.check()?;
    actor.require(Right::ManageKeys, Some(&form.workspace))?;
    let mut writing = app.store.write().await?;
    let created = create_in(app, &mut writing, &actor.id, form).await?;
    let note = format!("key {} made", created.key.name);
    let published = publish::at_once(app, &mut writing, &actor.id, &note).await?;
    writing.commit().await?;
    app.publisher.announce(published);
    Ok(created)
}

pub(crate) async fn create_in(
    app: &App,
    conn: &mut Conn,
    actor: &str,
    form: NewKey,
) -> Result<Created, AppError> {
    let secret = token::mint(token::KEY, app.random.as_ref());
    let now_us = app.clock.now_us();
    let key = Key {
        id: KeyId::from(prefixed("key", app.random.bytes())),
        workspace: form.workspace,
        name: form.name.trim().to_owned(),
        ends_with: token::ending(&secret),
        settings: form.settings,
        created_us: now_us,
        created_by: actor.to_owned(),
        expires_us: form.expires_us,
        revoked_us: None,
        last_used_us: None,
    };
    key::create_key(conn, &write(&key, &secret, &app.policy_secret)).await?;
    let customer_secret = customer_secret(app, conn, &key).await?;
    let (id, after) = (key.id.as_str(), audit::state(&key));
    let change = Change { actor, action: "key.create", object: id, before: String::new(), after };
    audit::append(conn, now_us, change).await?;
    Ok(Created { key, secret, customer_secret })
}

/// Makes the secret of customer tokens, for keys that sign customers; kept sealed, since gateways must check with it.
async fn customer_secret(app: &App, conn: &mut Conn, key: &Key) -> Result<Option<String>, AppError> {
    if !key.settings.signs_customers {
        return Ok(None);
    }
    let secret = token::mint(token::CUSTOMERS, app.random.as_ref());
    let place = secret_place(&key.id);
    let row = app.vault.seal(&place, secret.as_bytes(), &place, key.created_us)?;
    store::secret::create_secret(conn, &row).await?;
    Ok(Some(secret))
}

fn secret_place(id: &KeyId) -> String {
    format!("key:{id}")
}

/// Revokes a key; in force at once.
pub async fn revoke(app: &App, actor: &Actor, id: &KeyId) -> Result<Key, AppError> {
    let mut writing = app.store.write().await?;
    let row = key::find_key(&mut writing, id.as_str()).await?;
    let before =
        row.map(read).transpose()?.filter(|key| actor.may_in(Right::ReadSetup, Some(&key.workspace)));
    let before = before.ok_or_else(|| AppError::not_found("key", id.as_str()))?;
    actor.require(Right::ManageKeys, Some(&before.workspace))?;
    if before.revoked_us.is_some() {
        return Ok(before);
    }
    let now_us = app.clock.now_us();
    key::update_key_revoked(&mut writing, id.as_str(), now_us).await?;
    let after = Key { revoked_us: Some(now_us), ..before.clone() };
    let change = Change {
        actor: &actor.id,
        action: "key.revoke",
        object: id.as_str(),
        before: audit::state(&before),
        after: audit::state(&after),
    };
    audit::append(&mut writing, now_us, change).await?;
    let note = format!("key {} revoked", after.name);
    let published = publish::at_once(app, &mut writing, &actor.id, &note).await?;
    writing.commit().await?;
    app.publisher.announce(published);
    Ok(after)
}

/// The keys in force as gateways need them, by id.
pub(crate) async fn entries(app: &App, conn: &mut Conn) -> Result<Vec<KeyEntry>, AppError> {
    let rows = key::list_keys_in_force(conn).await?;
    let mut entries = Vec::with_capacity(rows.len());
    for row in rows {
        let (mut entry, signs_customers) = entry(row)?;
        if signs_customers {
            let place = secret_place(&entry.id);
            entry.customer_secret = seal::for_gateways(app, conn, &place, &place, &place).await?;
        }
        entries.push(entry);
    }
    Ok(entries)
}

fn entry(row: KeyRow) -> Result<(KeyEntry, bool), StoreError> {
    let hash = row.hash.clone();
    let Key { id, workspace, name, settings, expires_us, .. } = read(row)?;
    let KeySettings {
        models,
        endpoints,
        regions,
        networks,
        customer,
        customer_source_min,
        tags,
        log_level,
        requests_per_minute,
        concurrent_max,
        signs_customers,
    } = settings;
    let entry = KeyEntry {
        id,
        workspace,
        name,
        hash,
        expires_at_us: expires_us,
        models,
        endpoints,
        regions,
        networks,
        customer,
        customer_source_min,
        customer_secret: None,
        tags,
        log_level,
        requests_per_minute,
        concurrent_max,
    };
    Ok((entry, signs_customers))
}

/// A hard set with an endpoint that is not there would let the key reach nothing and say nothing.
async fn check_endpoints(app: &App, form: &NewKey, errors: &mut FieldErrors) -> Result<(), AppError> {
    let mut reading = app.store.read().await?;
    for (place, endpoint) in form.settings.endpoints.iter().enumerate() {
        if objects::find::<EndpointBody>(&mut reading, endpoint.as_str()).await?.is_none() {
            errors.add(format!("endpoints/{place}"), FieldError::UnknownChoice);
        }
    }
    Ok(())
}

fn check(form: &NewKey, now_us: i64) -> FieldErrors {
    let mut errors = FieldErrors::default();
    check_name(&mut errors, form.name.trim());
    if form.expires_us.is_some_and(|at_us| at_us <= now_us) {
        errors.add("expires_us", FieldError::NotADate);
    }
    let KeySettings { customer, tags, requests_per_minute, concurrent_max, models, .. } = &form.settings;
    if customer.as_ref().is_some_and(|customer| customer.is_empty() || customer.as_str().len() > 256) {
        errors.add("customer", FieldError::TooLong { max: 256 });
    }
    if tags.len() > 16 || tags.iter().any(|(name, value)| name.len() > 64 || value.len() > 256) {
        let sentence = "Use at most 16 tags, names up to 64 bytes and values up to 256.";
        errors.add("tags", FieldError::Other(sentence.to_owned()));
    }
    if models.iter().any(String::is_empty) {
        errors.add("models", FieldError::Required);
    }
    for (field, limit) in [("requests_per_minute", requests_per_minute), ("concurrent_max", concurrent_max)] {
        if *limit == Some(0) {
            errors.add(field, FieldError::NotANumber { min: 1 });
        }
    }
    errors
}

fn write(key: &Key, secret: &str, pepper: &PolicySecret) -> KeyRow {
    KeyRow {
        id: key.id.to_string(),
        workspace_id: key.workspace.to_string(),
        name: key.name.clone(),
        hash: pepper.key_hash(secret).to_hex(),
        ends_with: key.ends_with.clone(),
        settings_json: audit::state(&key.settings),
        created_us: key.created_us,
        created_by: key.created_by.clone(),
        expires_us: key.expires_us,
        revoked_us: None,
        last_used_us: None,
    }
}

fn read(row: KeyRow) -> Result<Key, StoreError> {
    let settings = serde_json::from_str(&row.settings_json).map_err(|error| StoreError::Damaged {
        table: "key",
        id: row.id.clone(),
        reason: error.to_string(),
    })?;
    Ok(Key {
        id: row.id.into(),
        workspace: row.workspace_id.into(),
        name: row.name,
        ends_with: row.ends_with,
        settings,
        created_us: row.created_us,
        created_by: row.created_by,
        expires_us: row.expires_us,
        revoked_us: row.revoked_us,
        last_used_us: row.last_used_us,
    })
}
