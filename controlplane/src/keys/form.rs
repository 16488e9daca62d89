//! What people say about a key. Settings stand beside the name, as one flat object: [`FlatKeyForm`] reads it, so that a slip
//! is pointed at where it stands, and [`KeyForm`] groups it.

use std::collections::BTreeMap;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weir_contract::id::{CustomerId, EndpointId, WorkspaceId};
use weir_contract::record::{CustomerSource, LogLevel};

use super::KeySettings;
use crate::api::schema;

/// What people say about a key.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "FlatKeyForm")]
pub struct KeyForm {
    /// What people call it.
    pub name: String,
    /// Its workspace, by id or name. It stays there: a change of it is refused.
    pub workspace: WorkspaceId,
    /// When it ends by itself, µs UTC.
    pub expires_us: Option<i64>,
    /// Scopes, bindings and limits.
    #[serde(flatten)]
    pub settings: KeySettings,
}

/// What people say about a key.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = KeyForm)]
pub struct FlatKeyForm {
    /// What people call it.
    #[schema(required, min_length = 1, max_length = 200, example = "billing service")]
    name: String,
    /// Its workspace, by id or name. It stays there: left out in a change, or the same.
    #[schema(value_type = String, example = "default")]
    workspace: WorkspaceId,
    /// When it ends by itself, µs UTC.
    expires_us: Option<i64>,
    /// Models it may ask for; `*` at the end of a name stands for anything. Empty: all.
    #[schema(example = json!(["gpt-5*"]))]
    models: Vec<String>,
    /// Endpoints it may reach, a hard set. Empty: all of its workspace.
    #[schema(value_type = Vec<String>)]
    endpoints: Vec<EndpointId>,
    /// Regions it may reach, a hard set. Empty: all.
    regions: Vec<String>,
    /// Networks it may be used from. Empty: all.
    #[schema(schema_with = schema::networks)]
    networks: Vec<IpNet>,
    /// The customer it is bound to; beats every header.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 256)]
    customer: Option<CustomerId>,
    /// The least trusted source a customer may be named by; a request without one is refused.
    #[schema(schema_with = schema::customer_source_or_null)]
    customer_source_min: Option<CustomerSource>,
    /// Tags it is bound to, at most 16; beat the request's.
    tags: BTreeMap<String, String>,
    /// Tightens the workspace's log level.
    #[schema(schema_with = schema::log_level_or_null)]
    log_level: Option<LogLevel>,
    /// Requests per minute on one gateway.
    #[schema(minimum = 1)]
    requests_per_minute: Option<u32>,
    /// Requests in flight on one gateway.
    #[schema(minimum = 1)]
    concurrent_max: Option<u32>,
    /// Whether what a model's provider has no word for is left out of its requests, and said, instead of refused.
    drop_unsupported: bool,
    /// Whether it gets a secret with which its owner signs customer tokens (`x-weir-customer-token`).
    signs_customers: bool,
}

impl From<FlatKeyForm> for KeyForm {
    fn from(flat: FlatKeyForm) -> Self {
        let FlatKeyForm {
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
            drop_unsupported,
            signs_customers,
        } = flat;
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
            drop_unsupported,
            signs_customers,
        };
        Self { name, workspace, expires_us, settings }
    }
}
