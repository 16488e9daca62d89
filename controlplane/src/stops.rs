//! Stops, the kill switches: a customer, key, model or endpoint is stopped at once and goes on at once, each a small revision
//! of its own. Whoever may create keys may stop keys and customers, whoever manages providers models and endpoints.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weir_contract::id::{WorkspaceId, prefixed};
use weir_contract::policy::{StopEntry, Stopped};
use weir_web::form::FieldError;

use crate::app::App;
use crate::audit::{self, Change};
use crate::auth::{Actor, Right};
use crate::endpoints::EndpointBody;
use crate::error::{AppError, FieldErrors};
use crate::models::ModelBody;
use crate::precondition::Expected;
use crate::store::stop::{self, StopRow};
use crate::store::{Conn, StoreError, key};
use crate::{objects, publish, workspaces};

/// Characters of a reason: callers are told it.
const REASON_MAX: usize = 500;
/// Bytes of a customer's id, as gateways take it.
const CUSTOMER_MAX: usize = 256;

/// What kind of thing can be stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StopKind {
    /// Requests made for a customer.
    Customer,
    /// Requests made with a key.
    Key,
    /// Requests for a model, by any of its names.
    Model,
    /// Calls to an endpoint: plans leave it out.
    Endpoint,
}

impl StopKind {
    /// As stored and shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Key => "key",
            Self::Model => "model",
            Self::Endpoint => "endpoint",
        }
    }

    /// Reads [`StopKind::name`].
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Customer, Self::Key, Self::Model, Self::Endpoint].into_iter().find(|kind| kind.name() == name)
    }

    /// What is needed to stop it and to let it go on.
    pub(crate) const fn right(self) -> Right {
        match self {
            Self::Customer | Self::Key => Right::ManageKeys,
            Self::Model | Self::Endpoint => Right::ManageProviders,
        }
    }
}

/// A stop in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Stop {
    /// `stop_…`
    pub id: String,
    /// What kind of thing is stopped.
    pub kind: StopKind,
    /// The customer's own id, or the id of the key, model or endpoint.
    pub target: String,
    /// What people call it.
    pub name: String,
    /// Its workspace; `null` for what all share.
    #[schema(value_type = Option<String>)]
    pub workspace: Option<WorkspaceId>,
    /// Why, as callers are told.
    pub reason: String,
    /// Since when, µs UTC.
    pub created_us: i64,
    /// Who stopped it.
    pub created_by: String,
}

/// What is to be stopped, and why.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StopForm {
    /// What kind of thing.
    pub kind: StopKind,
    /// The customer's own id, or the id of the key, model or endpoint.
    #[schema(min_length = 1, max_length = 256)]
    pub target: String,
    /// Of a customer: the workspace, by id or name.
    #[serde(default)]
    pub workspace: String,
    /// Why: callers are told.
    #[schema(min_length = 1, max_length = 500, example = "suspected leak")]
    pub reason: String,
}

/// The stops in the actor's reach, the newest first.
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<Stop>, AppError> {
    let rows = stop::list_stops(&mut *app.store.read().await?).await?;
    let stops: Result<Vec<Stop>, StoreError> = rows.into_iter().map(read).collect();
    let seen = |stop: &Stop| match &stop.workspace {
        Some(_) => actor.may_in(Right::ReadSetup, stop.workspace.as_ref()),
        None => actor.may(Right::ReadSetup),
    };
    Ok(stops?.into_iter().filter(seen).collect())
}

/// The stop of that id, if it is in the actor's reach.
pub async fn find(app: &App, actor: &Actor, id: &str) -> Result<Stop, AppError> {
    let found = list(app, actor).await?.into_iter().find(|stop| stop.id == id);
    found.ok_or_else(|| AppError::not_found("stop", id))
}

/// Stops something; in force on every gateway at once.
pub async fn create(app: &App, actor: &Actor, form: StopForm) -> Result<Stop, AppError> {
    let mut writing = app.store.write().await?;
    let (workspace, name, names) = target(app, &mut writing, actor, &form).await?;
    actor.require(form.kind.right(), workspace.as_ref())?;
    check(&form)?;
    let now_us = app.clock.now_us();
    let row = StopRow {
        id: prefixed("stop", app.random.bytes()),
        kind: form.kind.name().to_owned(),
        target: form.target,
        workspace_id: workspace.map(|workspace| workspace.to_string()).unwrap_or_default(),
        name,
        names_json: audit::state(&names),
        reason: form.reason.trim().to_owned(),
        created_us: now_us,
        created_by: actor.id.clone(),
    };
    stop::create_stop(&mut writing, &row).await?;
    let made = read(row)?;
    let change = Change {
        actor: &actor.id,
        action: "stop.create",
        object: &made.target,
        before: String::new(),
        after: audit::state(&made),
    };
    audit::append(&mut writing, now_us, change).await?;
    let note = format!("{} {} stopped: {}", made.kind.name(), made.name, made.reason);
    let published = publish::at_once(app, &mut writing, &actor.id, &note).await?;
    writing.commit().await?;
    app.publisher.announce(published);
    Ok(made)
}

/// Lets what was stopped go on; in force on every gateway at once.
pub async fn end(app: &App, actor: &Actor, id: &str, expected: &Expected) -> Result<Stop, AppError> {
    let mut writing = app.store.write().await?;
    let found = stop::find_stop(&mut writing, id).await?.map(read).transpose()?;
    let gone = found.ok_or_else(|| AppError::not_found("stop", id))?;
    actor.require(gone.kind.right(), gone.workspace.as_ref())?;
    expected.check(&gone)?;
    stop::delete_stop(&mut writing, id).await?;
    let change = Change {
        actor: &actor.id,
        action: "stop.end",
        object: &gone.target,
        before: audit::state(&gone),
        after: String::new(),
    };
    audit::append(&mut writing, app.clock.now_us(), change).await?;
    let note = format!("{} {} goes on", gone.kind.name(), gone.name);
    let published = publish::at_once(app, &mut writing, &actor.id, &note).await?;
    writing.commit().await?;
    app.publisher.announce(published);
    Ok(gone)
}

/// The stops as gateways need them.
pub(crate) async fn entries(conn: &mut Conn) -> Result<Vec<StopEntry>, StoreError> {
    let mut rows = stop::list_stops(conn).await?;
    // The oldest first, so that the section changes at its end.
    rows.reverse();
    let mut entries = Vec::with_capacity(rows.len());
    for row in rows {
        let names: Vec<String> = serde_json::from_str(&row.names_json).unwrap_or_default();
        let stop = read(row)?;
        let Stop { kind, target, workspace, reason, .. } = stop;
        let entry = |what| StopEntry { what, reason: reason.clone() };
        match kind {
            StopKind::Customer => {
                let of = |workspace| Stopped::Customer { workspace, customer: target.as_str().into() };
                entries.extend(workspace.map(of).map(entry));
            }
            StopKind::Key => entries.push(entry(Stopped::Key { key: target.into() })),
            StopKind::Endpoint => entries.push(entry(Stopped::Endpoint { endpoint: target.into() })),
            StopKind::Model => {
                let draft = objects::find::<ModelBody>(conn, &target).await?;
                let newer =
                    draft.into_iter().flat_map(|draft| names_of(&draft)).filter(|name| !names.contains(name));
                let names: Vec<String> = newer.chain(names.iter().cloned()).collect();
                let of_name = |name| entry(Stopped::Model { workspace: workspace.clone(), name });
                entries.extend(names.into_iter().map(of_name));
            }
        }
    }
    Ok(entries)
}

fn names_of(draft: &objects::Draft<ModelBody>) -> Vec<String> {
    std::iter::once(draft.name.clone()).chain(draft.body.aliases.iter().cloned()).collect()
}

/// Whose it is, what it is called, and by which names a model is asked for.
async fn target(
    app: &App,
    conn: &mut Conn,
    actor: &Actor,
    form: &StopForm,
) -> Result<(Option<WorkspaceId>, String, Vec<String>), AppError> {
    let missing = || AppError::not_found(form.kind.name(), &form.target);
    let seen = |workspace: &Option<WorkspaceId>| match workspace {
        Some(_) => actor.may_in(Right::ReadSetup, workspace.as_ref()),
        None => actor.may(Right::ReadSetup),
    };
    let found = match form.kind {
        StopKind::Customer => {
            let workspace = workspaces::resolve(app, &form.workspace).await?;
            let unknown = || AppError::Invalid(FieldErrors::one("workspace", FieldError::UnknownChoice));
            (Some(workspace.ok_or_else(unknown)?), form.target.clone(), Vec::new())
        }
        StopKind::Key => {
            let row = key::find_key(conn, &form.target).await?.ok_or_else(missing)?;
            (Some(row.workspace_id.into()), row.name, Vec::new())
        }
        StopKind::Endpoint => {
            let draft = objects::find::<EndpointBody>(conn, &form.target).await?.ok_or_else(missing)?;
            (draft.workspace, draft.name, Vec::new())
        }
        StopKind::Model => {
            let draft = objects::find::<ModelBody>(conn, &form.target).await?.ok_or_else(missing)?;
            let names = names_of(&draft);
            (draft.workspace, draft.name, names)
        }
    };
    if seen(&found.0) { Ok(found) } else { Err(missing()) }
}

fn check(form: &StopForm) -> Result<(), AppError> {
    let mut errors = FieldErrors::default();
    if form.target.is_empty() {
        errors.add("target", FieldError::Required);
    } else if form.target.len() > CUSTOMER_MAX {
        errors.add("target", FieldError::TooLong { max: CUSTOMER_MAX });
    }
    if form.reason.trim().is_empty() {
        errors.add("reason", FieldError::Required);
    } else if form.reason.chars().count() > REASON_MAX {
        errors.add("reason", FieldError::TooLong { max: REASON_MAX });
    } else if form.reason.chars().any(char::is_control) {
        errors.add("reason", FieldError::Other("Write it on one line.".to_owned()));
    }
    errors.check()
}

fn read(row: StopRow) -> Result<Stop, StoreError> {
    let kind = StopKind::from_name(&row.kind).ok_or_else(|| StoreError::Damaged {
        table: "stop",
        id: row.id.clone(),
        reason: "its kind is unknown".to_owned(),
    })?;
    Ok(Stop {
        kind,
        workspace: (!row.workspace_id.is_empty()).then(|| row.workspace_id.into()),
        id: row.id,
        target: row.target,
        name: row.name,
        reason: row.reason,
        created_us: row.created_us,
        created_by: row.created_by,
    })
}
