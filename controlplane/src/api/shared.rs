//! What every operation of the API has in common, put into its description once: headers it takes, problems it answers.

use serde_json::{Map, Value, json};

/// Problems any operation may answer: status, when.
const PROBLEMS: [(&str, &str); 6] = [
    ("400", "What was sent cannot be read, or a parameter is unknown."),
    ("401", "No valid token was presented."),
    ("403", "The token's role does not include this."),
    ("404", "There is no such thing in reach of the token."),
    ("429", "Too many requests in a minute; `Retry-After` says when to go on."),
    ("500", "This failed on our side; nothing was changed."),
];
/// Those of operations that take a body.
const BODY_PROBLEMS: [(&str, &str); 4] = [
    ("409", "Not possible as things are, or the Idempotency-Key is still in use."),
    ("413", "The body is too large."),
    ("415", "The body was not said to be JSON."),
    ("422", "Fields need another value; `errors` points at them."),
];

/// What the tag of a thing is for.
const ETAG: &str = "The version that is shown: send it as `If-Match` with a change.";
/// What a change made from an older version is told.
const OVERTAKEN: &str = "It was changed since that `ETag`: `current` is how it is now, `sent` is what was sent. Nothing was done.";

/// Changes of one thing that take no version, and why.
pub(crate) const UNVERSIONED: [(&str, &str); 8] = [
    ("DELETE /api/v1/gateways/{id}", "a gateway is what it last said"),
    ("DELETE /api/v1/gateways/{id}/drain", "a switch"),
    ("DELETE /api/v1/people/{id}/disablement", "a switch"),
    ("DELETE /api/v1/people/{id}/sessions", "all there are"),
    ("DELETE /api/v1/people/{id}/sessions/{session}", "a session does not change"),
    ("DELETE /api/v1/invitations/{id}", "an invitation does not change"),
    ("PUT /api/v1/workspaces/{id}/members/{person}", "a role in one place, whole"),
    ("DELETE /api/v1/workspaces/{id}/members/{person}", "a role in one place, whole"),
];

/// Adds to each operation of the document what all of them share.
pub(super) fn complete(document: &mut Value) {
    let Some(paths) = document["paths"].as_object_mut() else { return };
    for (path, item) in paths.iter_mut() {
        let Some(item) = item.as_object_mut() else { continue };
        let takes_version = |method: &str| {
            let name = format!("{} {path}", method.to_uppercase());
            matches!(method, "put" | "delete") && UNVERSIONED.iter().all(|(route, _)| *route != name)
        };
        let can_change = item.keys().any(|method| takes_version(method));
        if let Some(answer) = item.get_mut("get").filter(|_| can_change) {
            answer["responses"]["200"]["headers"]["ETag"] =
                json!({"description": ETAG, "schema": {"type": "string"}});
        }
        for (method, operation) in item.iter_mut() {
            if let Some(operation) = operation.as_object_mut() {
                complete_operation(method, operation, takes_version(method));
            }
        }
    }
}

fn complete_operation(method: &str, operation: &mut Map<String, Value>, takes_version: bool) {
    if method == "post" {
        add_parameter(operation, "Idempotency-Key", "Sent twice within a day, the request is done once.");
    }
    if takes_version {
        add_parameter(
            operation,
            "If-Match",
            "The `ETag` of the version the change was made from; left out, any.",
        );
    }
    let has_body = operation.contains_key("requestBody");
    let parameters = operation.get("parameters").cloned().unwrap_or_default();
    let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { return };
    if responses.get("200").is_some_and(|answer| answer["headers"]["ETag"].is_object()) {
        responses.entry("304").or_insert_with(|| json!({"description": "Not changed since that `ETag`."}));
    }
    let conditional = takes_version || takes(&parameters, "If-Match");
    if conditional {
        responses.entry("412").or_insert_with(|| json!({"description": OVERTAKEN}));
    }
    let shared = PROBLEMS.iter().chain(BODY_PROBLEMS.iter().filter(|_| has_body || method == "post"));
    for (status, when) in shared {
        let problem = responses.entry(*status).or_insert_with(|| json!({"description": ""}));
        if problem["description"] == "" {
            problem["description"] = json!(when);
        }
    }
    let failed = responses.iter_mut().filter(|(status, _)| status.starts_with(['4', '5']));
    for (_, problem) in failed {
        let schema = json!({"$ref": "#/components/schemas/Problem"});
        problem["content"] = json!({"application/problem+json": {"schema": schema}});
    }
}

fn takes(parameters: &Value, name: &str) -> bool {
    parameters.as_array().is_some_and(|all| all.iter().any(|parameter| parameter["name"] == name))
}

fn add_parameter(operation: &mut Map<String, Value>, name: &str, what: &str) {
    let parameters = operation.entry("parameters").or_insert_with(|| json!([]));
    let Some(parameters) = parameters.as_array_mut() else { return };
    if parameters.iter().all(|parameter| parameter["name"] != name) {
        let schema = json!({"type": "string", "minLength": 1, "maxLength": 255});
        parameters.push(
            json!({"name": name, "in": "header", "required": false, "description": what, "schema": schema}),
        );
    }
}
