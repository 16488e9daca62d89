//! `GET /v1/key`: what the key that asks is, may use, and has used, as far as this gateway knows. Costs nothing and is not
//! archived.

use std::sync::Arc;

use http::Response;
use serde_json::{Value, json};
use weir_contract::money::Money;
use weir_contract::policy::Key;

use super::answer::AnswerBody;
use super::models::json_response;
use crate::handles::Handles;
use crate::policy::InForce;

/// The key, without its secret.
pub(crate) fn show(handles: &Arc<Handles>, force: &InForce, key: &Key) -> Response<AnswerBody> {
    let entry = &key.entry;
    let models = force.policy.models_of(key);
    let gate = force.gate(&entry.id);
    let now_us = handles.clock.now_us();
    let allowance = gate.zip(entry.requests_per_minute).map(|(gate, limit)| gate.look(limit, now_us));
    let seconds = |us: i64| us.saturating_add(999_999).div_euclid(1_000_000);
    let networks: Vec<String> = entry.networks.iter().map(ToString::to_string).collect();
    let held: Money = handles.spool.held_by(&entry.id);
    json_response(&json!({
        "object": "key",
        "id": entry.id,
        "name": entry.name,
        "workspace": {"id": key.workspace.id, "name": key.workspace.name, "environment": key.workspace.environment},
        "expires_at": entry.expires_at_us.map(seconds),
        "customer": entry.customer,
        "models": models.keys().collect::<Vec<_>>(),
        "endpoints": entry.endpoints,
        "regions": entry.regions,
        "networks": networks,
        "drop_unsupported": entry.drop_unsupported,
        "stopped": force.policy.stops().key(&entry.id),
        "limits": {
            "requests_per_minute": allowance.map(|it| json!({
                "limit": it.limit, "left": it.remaining, "resets_in_s": seconds(it.reset_us),
            })),
            "requests_in_flight": {
                "limit": entry.concurrent_max, "now": gate.map_or(0, |gate| gate.in_flight()),
            },
        },
        "held_usd": held.usd_exact(),
        "budgets": Value::Array(Vec::new()),
        "policy_revision": force.policy.revision,
    }))
}
