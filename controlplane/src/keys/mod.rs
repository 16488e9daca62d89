//! Keys: what applications present. A secret is shown once and stored as a keyed hash; every change acts at once.
//!
//! | file | what |
//! | --- | --- |
//! | `check` | what a key may be given, field by field |
//! | `entry` | keys as gateways need them |
//! | `form` | what people say about a key |
//! | [`rotation`] | a new secret for the same key, the old one good until its grace ends |
//! | `row` | keys as they are stored |

mod check;
mod entry;
mod form;
pub mod rotation;
mod row;

use std::collections::BTreeMap;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weir_contract::id::{CustomerId, EndpointId, KeyId, WorkspaceId, prefixed};
use weir_contract::record::{CustomerSource, LogLevel};
use weir_web::form::FieldError;

use crate::api::schema;
use crate::app::App;
use crate::audit::{self, Change};
use crate::auth::{Actor, Right};
use crate::error::AppError;
use crate::precondition::{Expected, tag_of};
use crate::store::key;
use crate::store::{Conn, Writing};
use crate::{publish, store, token, workspaces};

pub(crate) use entry::entries;
pub use form::{FlatKeyForm, KeyForm};

/// Scopes, bindings and limits of a key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
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
    #[schema(schema_with = schema::customer_source_or_null)]
    pub customer_source_min: Option<CustomerSource>,
    /// Tags it is bound to; beat the request's.
    pub tags: BTreeMap<String, String>,
    /// Tightens the workspace's log level.
    #[schema(schema_with = schema::log_level_or_null)]
    pub log_level: Option<LogLevel>,
    /// Requests per minute on one gateway.
    pub requests_per_minute: Option<u32>,
    /// Requests in flight on one gateway.
    pub concurrent_max: Option<u32>,
    /// Whether what a model's provider has no word for is left out of its requests, and said, instead of refused.
    pub drop_unsupported: bool,
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
    /// The secret it had before the last rotation, while that one still works.
    pub previous: Option<OldSecret>,
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

/// An old secret in its grace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OldSecret {
    /// Its last characters.
    pub ends_with: String,
    /// When it stops working, µs UTC.
    pub until_us: i64,
}

impl Key {
    /// Its tag for two editors; being used does not change it.
    #[must_use]
    pub fn tag(&self) -> String {
        tag_of(&self.as_edited())
    }

    fn as_edited(&self) -> Self {
        Self { last_used_us: None, ..self.clone() }
    }

    /// Whether it is neither revoked nor at its end at `now_us`.
    #[must_use]
    pub fn is_in_force(&self, now_us: i64) -> bool {
        self.revoked_us.is_none() && self.expires_us.is_none_or(|at_us| at_us > now_us)
    }

    /// The old secret that still works at `now_us`.
    #[must_use]
    pub fn old_secret(&self, now_us: i64) -> Option<&OldSecret> {
        self.previous.as_ref().filter(|old| old.until_us > now_us && self.is_in_force(now_us))
    }
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
    let keys: Vec<Key> = rows.into_iter().map(row::read).collect::<Result<_, _>>()?;
    Ok(keys.into_iter().filter(|key| reach.includes(&key.workspace)).collect())
}

/// The key of that id, in force or not, if it is in the actor's reach.
pub async fn find(app: &App, actor: &Actor, id: &KeyId) -> Result<Option<Key>, AppError> {
    let row = key::find_key(&mut *app.store.read().await?, id.as_str()).await?;
    let found = row.map(row::read).transpose()?;
    Ok(found.filter(|key| actor.may_in(Right::ReadSetup, Some(&key.workspace))))
}

/// Makes a key; in force at once.
pub async fn create(app: &App, actor: &Actor, mut form: KeyForm) -> Result<Created, AppError> {
    let workspace = workspaces::resolve(app, form.workspace.as_str()).await?;
    let mut errors = check::check(&form, app.clock.now_us());
    match workspace {
        Some(workspace) => form.workspace = workspace,
        None => errors.add("workspace", FieldError::UnknownChoice),
    }
    let mut writing = app.store.write().await?;
    check::check_endpoints(&mut writing, &form, &mut errors).await?;
    errors.check()?;
    actor.require(Right::ManageKeys, Some(&form.workspace))?;
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
    form: KeyForm,
) -> Result<Created, AppError> {
    let secret = token::mint(token::KEY, app.random.as_ref());
    let now_us = app.clock.now_us();
    let key = Key {
        id: KeyId::from(prefixed("key", app.random.bytes())),
        workspace: form.workspace,
        name: form.name.trim().to_owned(),
        ends_with: token::ending(&secret),
        previous: None,
        settings: form.settings,
        created_us: now_us,
        created_by: actor.to_owned(),
        expires_us: form.expires_us,
        revoked_us: None,
        last_used_us: None,
    };
    let hash = app.policy_secret.key_hash(&secret).to_hex();
    key::create_key(conn, &row::write(&key, hash, None)).await?;
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

/// Changes a key; in force at once. Its workspace and its secrets stay.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: &KeyId,
    form: KeyForm,
    expected: &Expected,
) -> Result<Key, AppError> {
    let named = check::named_workspace(app, &form).await?;
    let mut change = Changing::begin(app, actor, id).await?;
    expected.check_change(&change.before.as_edited(), &form)?;
    change.must_be_in_force(app)?;
    let now_us = app.clock.now_us();
    check::check_change(&mut change.writing, &change.before, &form, &named, now_us).await?;
    let after = Key {
        name: form.name.trim().to_owned(),
        expires_us: form.expires_us,
        settings: form.settings,
        ..change.before.clone()
    };
    let row = key::KeyRow {
        settings_json: audit::state(&after.settings),
        name: after.name.clone(),
        expires_us: after.expires_us,
        ..change.row.clone()
    };
    key::update_key(&mut change.writing, &row).await?;
    change.finish(app, actor, "key.update", "changed", after).await
}

/// Revokes a key; in force at once.
pub async fn revoke(app: &App, actor: &Actor, id: &KeyId) -> Result<Key, AppError> {
    let mut change = Changing::begin(app, actor, id).await?;
    if change.before.revoked_us.is_some() {
        return Ok(change.before);
    }
    let now_us = app.clock.now_us();
    key::update_key_revoked(&mut change.writing, id.as_str(), now_us).await?;
    let after = Key { revoked_us: Some(now_us), ..change.before.clone() };
    change.finish(app, actor, "key.revoke", "revoked", after).await
}

/// A key within the transaction that changes it.
struct Changing {
    writing: Writing,
    row: key::KeyRow,
    before: Key,
}

impl Changing {
    /// Finds the key, for whoever may manage it.
    async fn begin(app: &App, actor: &Actor, id: &KeyId) -> Result<Self, AppError> {
        let mut writing = app.store.write().await?;
        let missing = || AppError::not_found("key", id.as_str());
        let row = key::find_key(&mut writing, id.as_str()).await?.ok_or_else(missing)?;
        let before = row::read(row.clone())?;
        if !actor.may_in(Right::ReadSetup, Some(&before.workspace)) {
            return Err(missing());
        }
        actor.require(Right::ManageKeys, Some(&before.workspace))?;
        Ok(Self { writing, row, before })
    }

    fn must_be_in_force(&self, app: &App) -> Result<(), AppError> {
        if self.before.is_in_force(app.clock.now_us()) {
            return Ok(());
        }
        let why = if self.before.revoked_us.is_some() { "is revoked" } else { "has expired" };
        let name = &self.before.name;
        Err(AppError::Conflict(format!("key `{name}` {why} and stays as it is: make another key")))
    }

    /// Notes the change, publishes and commits.
    async fn finish(
        mut self,
        app: &App,
        actor: &Actor,
        action: &str,
        done: &str,
        after: Key,
    ) -> Result<Key, AppError> {
        let change = Change {
            actor: &actor.id,
            action,
            object: after.id.as_str(),
            before: audit::state(&self.before),
            after: audit::state(&after),
        };
        audit::append(&mut self.writing, app.clock.now_us(), change).await?;
        let note = format!("key {} {done}", after.name);
        let published = publish::at_once(app, &mut self.writing, &actor.id, &note).await?;
        self.writing.commit().await?;
        app.publisher.announce(published);
        Ok(after)
    }
}
