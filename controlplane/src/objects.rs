//! Drafts with versions: the one pattern of endpoints and models now, of rules, prompts, guardrails and budgets later.
//!
//! Saving makes the next version, kept with author and note; nothing runs before it is published. Two editors of one
//! object: the second is told, nothing is overwritten. Going back is [`crate::versions`].

use serde::Serialize;
use serde::de::DeserializeOwned;
use weir_contract::id::WorkspaceId;

use crate::audit::{self, Change};
use crate::auth::Actor;
use crate::endpoints::EndpointBody;
use crate::error::AppError;
use crate::models::ModelBody;
use crate::publish::ObjectRef;
use crate::store::object::{self, ObjectRow};
use crate::store::{Conn, StoreError};

/// Every kind there is, in the order in which one may need the other.
pub(crate) const KINDS: [&str; 2] = [EndpointBody::KIND, ModelBody::KIND];

/// What a kind of object says.
pub(crate) trait Body: Serialize + DeserializeOwned {
    /// Its kind, as stored and shown.
    const KIND: &'static str;
}

/// The current draft of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Draft<B> {
    pub(crate) id: String,
    pub(crate) workspace: Option<WorkspaceId>,
    pub(crate) name: String,
    pub(crate) version: i64,
    pub(crate) managed_by: String,
    pub(crate) body: B,
    pub(crate) updated_us: i64,
    pub(crate) updated_by: String,
}

/// Who changes it when, and why.
pub(crate) struct Edit<'a> {
    pub(crate) actor: &'a str,
    pub(crate) note: &'a str,
    pub(crate) now_us: i64,
}

impl<'a> Edit<'a> {
    pub(crate) fn by(actor: &'a Actor, note: &'a str, now_us: i64) -> Self {
        Self { actor: &actor.id, note, now_us }
    }
}

/// All drafts of a kind, by name.
pub(crate) async fn list<B: Body>(conn: &mut Conn) -> Result<Vec<Draft<B>>, StoreError> {
    object::list_objects(conn, B::KIND).await?.into_iter().map(read).collect()
}

/// The draft of that id.
pub(crate) async fn find<B: Body>(conn: &mut Conn, id: &str) -> Result<Option<Draft<B>>, StoreError> {
    object::find_object(conn, B::KIND, id).await?.map(read).transpose()
}

/// Saves a new object as version 1.
pub(crate) async fn create<B: Body>(
    conn: &mut Conn,
    draft: &Draft<B>,
    edit: &Edit<'_>,
) -> Result<(), AppError> {
    let row = write(draft, edit);
    object::create_object(conn, &row, edit.note).await.map_err(AppError::taken_as("name"))?;
    log(conn, edit, &format!("{}.create", B::KIND), &row.id, String::new(), row.body_json.clone()).await
}

/// Saves the next version; `draft.version` is the one it replaces.
pub(crate) async fn update<B: Body>(
    conn: &mut Conn,
    draft: &Draft<B>,
    edit: &Edit<'_>,
) -> Result<(), AppError> {
    let mut row = write(draft, edit);
    row.version += 1;
    let before = object::find_object(conn, B::KIND, &draft.id).await?;
    let is_saved = object::update_object(conn, &row, edit.note).await.map_err(AppError::taken_as("name"))?;
    if !is_saved {
        return Err(overtaken::<B>(&draft.name));
    }
    let before = before.map(|before| before.body_json).unwrap_or_default();
    log(conn, edit, &format!("{}.update", B::KIND), &row.id, before, row.body_json.clone()).await
}

/// Removes the draft; its history stays.
pub(crate) async fn delete<B: Body>(
    conn: &mut Conn,
    draft: &Draft<B>,
    edit: &Edit<'_>,
) -> Result<(), AppError> {
    let mut row = write(draft, edit);
    row.version += 1;
    if !object::delete_object(conn, &row, edit.note).await? {
        return Err(overtaken::<B>(&draft.name));
    }
    log(conn, edit, &format!("{}.delete", B::KIND), &row.id, row.body_json.clone(), String::new()).await
}

/// Writes an earlier version of any object again as its newest one, whether it is still there or not.
///
/// # Errors
/// [`AppError::NotFound`] when there is no such version, [`AppError::Invalid`] when its name is taken by now.
pub(crate) async fn put_back(
    conn: &mut Conn,
    edit: &Edit<'_>,
    wanted: &ObjectRef,
) -> Result<ObjectRef, AppError> {
    let ObjectRef { kind, id, version } = wanted;
    let old = object::find_version(conn, kind, id, *version).await?;
    let old = old.ok_or_else(|| AppError::not_found("version", &format!("{version} of {kind} {id}")))?;
    let now = object::find_object(conn, kind, id).await?;
    let row = ObjectRow {
        kind: kind.clone(),
        id: id.clone(),
        workspace_id: old.workspace_id,
        name: old.name,
        version: object::newest_version(conn, kind, id).await? + 1,
        managed_by: now.as_ref().map_or_else(|| "ui".to_owned(), |now| now.managed_by.clone()),
        body_json: old.body_json,
        updated_us: edit.now_us,
        updated_by: edit.actor.to_owned(),
    };
    if now.is_some() {
        object::update_object(conn, &row, edit.note).await.map_err(AppError::taken_as("name"))?;
    } else {
        object::create_object(conn, &row, edit.note).await.map_err(AppError::taken_as("name"))?;
    }
    let before = now.map(|now| now.body_json).unwrap_or_default();
    log(conn, edit, &format!("{kind}.restore"), id, before, row.body_json).await?;
    Ok(ObjectRef { version: row.version, ..wanted.clone() })
}

/// Removes the draft of any object; its history stays.
pub(crate) async fn take_away(
    conn: &mut Conn,
    edit: &Edit<'_>,
    mut draft: ObjectRow,
) -> Result<(), AppError> {
    draft.version += 1;
    draft.updated_us = edit.now_us;
    edit.actor.clone_into(&mut draft.updated_by);
    object::delete_object(conn, &draft, edit.note).await?;
    let action = format!("{}.delete", draft.kind);
    log(conn, edit, &action, &draft.id, draft.body_json, String::new()).await
}

fn overtaken<B: Body>(name: &str) -> AppError {
    AppError::Conflict(format!("{} `{name}` was changed by somebody else meanwhile: load it again", B::KIND))
}

async fn log(
    conn: &mut Conn,
    edit: &Edit<'_>,
    action: &str,
    id: &str,
    before: String,
    after: String,
) -> Result<(), AppError> {
    let change = Change { actor: edit.actor, action, object: id, before, after };
    Ok(audit::append(conn, edit.now_us, change).await?)
}

fn write<B: Body>(draft: &Draft<B>, edit: &Edit<'_>) -> ObjectRow {
    ObjectRow {
        kind: B::KIND.to_owned(),
        id: draft.id.clone(),
        workspace_id: draft.workspace.as_ref().map(ToString::to_string).unwrap_or_default(),
        name: draft.name.clone(),
        version: draft.version,
        managed_by: draft.managed_by.clone(),
        body_json: audit::state(&draft.body),
        updated_us: edit.now_us,
        updated_by: edit.actor.to_owned(),
    }
}

fn read<B: Body>(row: ObjectRow) -> Result<Draft<B>, StoreError> {
    let body = serde_json::from_str(&row.body_json).map_err(|error| StoreError::Damaged {
        table: "object",
        id: row.id.clone(),
        reason: error.to_string(),
    })?;
    Ok(Draft {
        workspace: (!row.workspace_id.is_empty()).then(|| row.workspace_id.into()),
        id: row.id,
        name: row.name,
        version: row.version,
        managed_by: row.managed_by,
        body,
        updated_us: row.updated_us,
        updated_by: row.updated_by,
    })
}

/// What names must be: shown in headers, messages and URLs, so no control characters and no end in sight.
pub(crate) fn check_name(errors: &mut crate::error::FieldErrors, name: &str) {
    use weir_web::form::FieldError;
    const NAME_MAX: usize = 200;
    if name.is_empty() {
        errors.add("name", FieldError::Required);
    } else if name.chars().count() > NAME_MAX {
        errors.add("name", FieldError::TooLong { max: NAME_MAX });
    } else if name.chars().any(char::is_control) {
        errors.add("name", FieldError::Other("Use letters, digits and signs only.".to_owned()));
    }
}
