//! Section `control`: whom the gateway obeys.

use serde::{Deserialize, Serialize};

use super::Secret;

/// The control plane and the token it knows this gateway by.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ControlLink {
    /// Base URL of the control plane, like `http://127.0.0.1:8081`.
    pub url: String,
    /// The gateway's token, `wgt_…`.
    #[serde(serialize_with = "Secret::hidden")]
    pub token: Secret,
}
