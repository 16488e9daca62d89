//! Keys.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, Query, State};
use http::StatusCode;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weir_contract::id::{CustomerId, EndpointId, KeyId, WorkspaceId};
use weir_contract::record::{CustomerSource, LogLevel};

use super::WithSecret;
use crate::api::json::{self, List};
use crate::app::App;
use crate::auth::{Allowed, ManageKeys, ReadSetup};
use crate::error::AppError;
use crate::keys::{self, Key, KeySettings, NewKey};
use crate::workspaces;

/// A new key.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct KeyForm {
    /// What people call it.
    name: String,
    /// Its workspace, by id or name.
    #[schema(value_type = String)]
    workspace: WorkspaceId,
    /// When it ends by itself, µs UTC.
    expires_us: Option<i64>,
    /// Models it may ask for; `*` at the end of a name stands for anything. Empty: all.
    models: Vec<String>,
    /// Endpoints it may reach, by id. Empty: all of its workspace.
    #[schema(value_type = Vec<String>)]
    endpoints: Vec<EndpointId>,
    /// Regions it may reach. Empty: all.
    regions: Vec<String>,
    /// Networks it may be used from. Empty: all.
    #[schema(value_type = Vec<String>)]
    networks: Vec<IpNet>,
    /// The customer it is bound to; beats every header.
    #[schema(value_type = Option<String>)]
    customer: Option<CustomerId>,
    /// The least trusted source a customer may be named by: `key`, `signed`, `header`, `baggage` or `body`.
    #[schema(value_type = Option<String>)]
    customer_source_min: Option<CustomerSource>,
    /// Tags it is bound to; beat the request's.
    tags: BTreeMap<String, String>,
    /// Tightens the workspace's log level: `full`, `meta` or `none`.
    #[schema(value_type = Option<String>)]
    log_level: Option<LogLevel>,
    /// Requests per minute on one gateway.
    requests_per_minute: Option<u32>,
    /// Requests in flight on one gateway.
    concurrent_max: Option<u32>,
    /// Makes a secret with which the owner signs customer tokens (`x-weir-customer-token`).
    signs_customers: bool,
}

impl From<KeyForm> for NewKey {
    fn from(form: KeyForm) -> Self {
        let KeyForm {
            name,
            workspace,
            expires_us,
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
        } = form;
        let settings = KeySettings {
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
        };
        Self { name, workspace, expires_us, settings }
    }
}

/// A new key, and what its owner signs customer tokens with.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewSecrets {
    /// The key.
    #[serde(flatten)]
    key: Key,
    /// The HMAC key of customer tokens; it cannot be shown again.
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_secret: Option<String>,
}

/// Which keys.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Which {
    /// Those of this workspace, by id or name; left out, all in reach.
    workspace: Option<String>,
}

/// The keys in reach, newest first.
#[utoipa::path(get, path = "/api/v1/keys", tag = "keys", params(("workspace" = Option<String>, Query)),
    responses((status = 200, body = List<Key>)))]
pub(crate) async fn list(
    who: Allowed<ReadSetup>,
    State(app): State<App>,
    Query(which): Query<Which>,
) -> Result<Json<List<Key>>, AppError> {
    let mut found = keys::list(&app, &who).await?;
    if let Some(named) = which.workspace {
        let workspace = workspaces::resolve(&app, &named).await?;
        let workspace = workspace.ok_or_else(|| AppError::not_found("workspace", &named))?;
        found.retain(|key| key.workspace == workspace);
    }
    Ok(Json(List::whole(found)))
}

/// Makes a key; in force at once. The secret is told this once.
#[utoipa::path(post, path = "/api/v1/keys", tag = "keys", request_body = KeyForm,
    responses((status = 201, body = WithSecret<NewSecrets>), (status = 422, body = crate::error::Problem)))]
pub(crate) async fn create(
    who: Allowed<ManageKeys>,
    State(app): State<App>,
    json::Json(form): json::Json<KeyForm>,
) -> Result<(StatusCode, Json<WithSecret<NewSecrets>>), AppError> {
    let keys::Created { key, secret, customer_secret } = keys::create(&app, &who, form.into()).await?;
    let made = NewSecrets { key, customer_secret };
    Ok((StatusCode::CREATED, Json(WithSecret { made, secret })))
}

/// Revokes a key; in force at once.
#[utoipa::path(post, path = "/api/v1/keys/{id}/revocation", tag = "keys", params(("id" = String, Path)),
    responses((status = 200, body = Key), (status = 404, body = crate::error::Problem)))]
pub(crate) async fn revoke(
    who: Allowed<ManageKeys>,
    State(app): State<App>,
    Path(id): Path<KeyId>,
) -> Result<Json<Key>, AppError> {
    Ok(Json(keys::revoke(&app, &who, &id).await?))
}
