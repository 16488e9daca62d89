//! What publishing would change, one readable line each: never a credential, only that it changed.

use serde::Serialize;
use serde_json::{Map, Value};
use weir_contract::policy::{Content, EndpointEntry, ModelEntry};

/// What differs from `running` to `draft`. Keys and workspaces act at once and are not in it.
pub(super) fn lines(running: &Content, draft: &Content) -> Vec<String> {
    let mut lines = Vec::new();
    let endpoint = |entry: &EndpointEntry| (entry.id.to_string(), entry.name.clone());
    differ(&mut lines, "endpoint", &running.endpoints, &draft.endpoints, endpoint, object);
    let model = |entry: &ModelEntry| {
        let owner = entry.workspace.as_ref().map(ToString::to_string).unwrap_or_default();
        (format!("{owner} {}", entry.name), entry.name.clone())
    };
    let endpoints: Vec<&EndpointEntry> = running.endpoints.iter().chain(&draft.endpoints).collect();
    let shown = |entry: &ModelEntry| shown_model(entry, &endpoints);
    differ(&mut lines, "model", &running.models, &draft.models, model, shown);
    let changed = draft.prices.iter().filter(|price| {
        running.prices.iter().any(|old| {
            (&old.provider, &old.model) == (&price.provider, &price.model) && old.price != price.price
        })
    });
    for price in changed {
        let version = &price.price.version;
        lines.push(format!("price of {} at {}: now of {version}", price.model, price.provider));
    }
    lines
}

fn differ<T: PartialEq>(
    lines: &mut Vec<String>,
    kind: &str,
    running: &[T],
    draft: &[T],
    named: impl Fn(&T) -> (String, String),
    shown: impl Fn(&T) -> Map<String, Value>,
) {
    for new in draft {
        let (id, name) = named(new);
        match running.iter().find(|old| named(old).0 == id) {
            None => lines.push(format!("{kind} {name}: added")),
            Some(old) if old != new => lines.extend(fields(kind, &name, &shown(old), &shown(new))),
            Some(_) => {}
        }
    }
    for old in running {
        let (id, name) = named(old);
        if !draft.iter().any(|new| named(new).0 == id) {
            lines.push(format!("{kind} {name}: removed"));
        }
    }
}

fn fields(kind: &str, name: &str, old: &Map<String, Value>, new: &Map<String, Value>) -> Vec<String> {
    let changed = new.iter().filter(|(field, value)| old.get(*field) != Some(value));
    changed
        .map(|(field, value)| match field.as_str() {
            "credential" | "client_cert" | "ca_pem" => format!("{kind} {name}: {} changed", words(field)),
            _ => {
                let before = old.get(field).map_or_else(String::new, text);
                format!("{kind} {name}: {} {before} → {}", words(field), text(value))
            }
        })
        .collect()
}

fn words(field: &str) -> String {
    field.replace('_', " ")
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) if text.is_empty() => "none".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(text).collect::<Vec<_>>().join(", then "),
        other => other.to_string(),
    }
}

fn object(entry: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(entry) {
        Ok(Value::Object(fields)) => fields,
        Ok(_) | Err(_) => Map::new(),
    }
}

fn shown_model(entry: &ModelEntry, endpoints: &[&EndpointEntry]) -> Map<String, Value> {
    let mut fields = object(entry);
    let targets = entry.targets.iter().map(|target| {
        let endpoint = endpoints.iter().find(|endpoint| endpoint.id == target.endpoint);
        let name = endpoint.map_or(target.endpoint.as_str(), |endpoint| &endpoint.name);
        Value::from(format!("{} at {name}", target.upstream_model))
    });
    fields.insert("targets".to_owned(), targets.collect());
    fields
}

#[cfg(test)]
mod tests {
    use weir_contract::policy::TargetEntry;
    use weir_contract::policy::snapshot::{AuthStyle, Credential};

    use super::*;

    fn endpoint(base_url: &str, credential: Credential) -> EndpointEntry {
        EndpointEntry {
            id: "ep_1".into(),
            workspace: None,
            name: "openai".to_owned(),
            provider: "openai".to_owned(),
            dialect: "openai".to_owned(),
            base_url: base_url.to_owned(),
            region: String::new(),
            auth: AuthStyle::Bearer,
            credential,
            connect_timeout_ms: 1,
            first_byte_timeout_ms: 1,
            idle_timeout_ms: 1,
            total_timeout_ms: 1,
            retries_max: 0,
            allow_private: false,
            proxy: None,
            ca_pem: None,
            client_cert: None,
        }
    }

    fn model(targets: &[&str]) -> ModelEntry {
        let target =
            |name: &&str| TargetEntry { endpoint: "ep_1".into(), upstream_model: (*name).to_owned() };
        ModelEntry {
            name: "fast".to_owned(),
            workspace: None,
            targets: targets.iter().map(target).collect(),
            max_output: None,
            context_window: None,
        }
    }

    #[test]
    fn a_difference_reads_as_a_sentence_and_shows_no_credential() {
        let running = Content {
            endpoints: vec![endpoint("https://a.example/v1", Credential::Sealed("old".to_owned()))],
            models: vec![model(&["m-1"])],
            ..Content::default()
        };
        let draft = Content {
            endpoints: vec![endpoint("https://b.example/v1", Credential::Sealed("new".to_owned()))],
            models: vec![model(&["m-2", "m-1"])],
            ..Content::default()
        };
        assert_eq!(
            lines(&running, &draft),
            [
                "endpoint openai: base url https://a.example/v1 → https://b.example/v1",
                "endpoint openai: credential changed",
                "model fast: targets m-1 at openai → m-2 at openai, then m-1 at openai",
            ]
        );
        assert_eq!(lines(&running, &Content::default()), ["endpoint openai: removed", "model fast: removed"]);
        assert!(lines(&draft, &draft).is_empty());
    }
}
