//! What a key may be given, field by field.

use weir_contract::id::WorkspaceId;
use weir_web::form::FieldError;

use super::{Key, KeyForm, KeySettings};
use crate::app::App;
use crate::endpoints::EndpointBody;
use crate::error::{AppError, FieldErrors};
use crate::objects::{self, check_name};
use crate::store::Conn;
use crate::workspaces;

/// Everything that needs no look into the store.
pub(super) fn check(form: &KeyForm, now_us: i64) -> FieldErrors {
    let mut errors = FieldErrors::default();
    check_name(&mut errors, form.name.trim());
    if form.expires_us.is_some_and(|at_us| at_us <= now_us) {
        errors.add("expires_us", FieldError::NotADate);
    }
    let KeySettings { customer, tags, requests_per_minute, concurrent_max, models, regions, .. } =
        &form.settings;
    if customer.as_ref().is_some_and(|customer| customer.is_empty() || customer.as_str().len() > 256) {
        errors.add("customer", FieldError::TooLong { max: 256 });
    }
    if tags.len() > 16 || tags.iter().any(|(name, value)| name.len() > 64 || value.len() > 256) {
        let sentence = "Use at most 16 tags, names up to 64 bytes and values up to 256.";
        errors.add("tags", FieldError::Other(sentence.to_owned()));
    }
    for (field, names) in [("models", models), ("regions", regions)] {
        if names.iter().any(String::is_empty) {
            errors.add(field, FieldError::Required);
        }
    }
    for (field, limit) in [("requests_per_minute", requests_per_minute), ("concurrent_max", concurrent_max)] {
        if *limit == Some(0) {
            errors.add(field, FieldError::NotANumber { min: 1 });
        }
    }
    errors
}

/// A hard set with an endpoint that is not there would let the key reach nothing and say nothing.
pub(super) async fn check_endpoints(
    conn: &mut Conn,
    form: &KeyForm,
    errors: &mut FieldErrors,
) -> Result<(), AppError> {
    for (place, endpoint) in form.settings.endpoints.iter().enumerate() {
        let found = objects::find::<EndpointBody>(conn, endpoint.as_str()).await?;
        let is_ours = |workspace: Option<&_>| workspace.is_none_or(|owner| *owner == form.workspace);
        if !found.is_some_and(|endpoint| is_ours(endpoint.workspace.as_ref())) {
            errors.add(format!("endpoints/{place}"), FieldError::UnknownChoice);
        }
    }
    Ok(())
}

/// The workspace a form names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// It names none.
    None,
    /// It names one, which is there or not.
    One(Option<WorkspaceId>),
}

/// Which workspace the form names.
pub(super) async fn named_workspace(app: &App, form: &KeyForm) -> Result<Named, AppError> {
    if form.workspace.is_empty() {
        return Ok(Named::None);
    }
    Ok(Named::One(workspaces::resolve(app, form.workspace.as_str()).await?))
}

/// What a key that is there already may become.
pub(super) async fn check_change(
    conn: &mut Conn,
    before: &Key,
    form: &KeyForm,
    named: &Named,
    now_us: i64,
) -> Result<(), AppError> {
    let mut errors = check(form, now_us);
    if *named != Named::None && *named != Named::One(Some(before.workspace.clone())) {
        let sentence = "A key stays in its workspace: make another key there.";
        errors.add("workspace", FieldError::Other(sentence.to_owned()));
    }
    if form.settings.signs_customers && !before.settings.signs_customers {
        let sentence = "A key gets its secret for signing when it is made: make another key that signs.";
        errors.add("signs_customers", FieldError::Other(sentence.to_owned()));
    }
    let form = KeyForm { workspace: before.workspace.clone(), ..form.clone() };
    check_endpoints(conn, &form, &mut errors).await?;
    errors.check()
}
