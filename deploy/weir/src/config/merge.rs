//! Trees of configuration: finding all keys, laying one tree over another, setting one key from text.

use serde_json::Value;

/// Dotted paths of all leaves. An empty table is a leaf of its own (a map users may fill).
pub(super) fn leaves(tree: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(tree, "", &mut found);
    found
}

fn collect(tree: &Value, path: &str, found: &mut Vec<String>) {
    match tree {
        Value::Object(entries) if !entries.is_empty() || path.is_empty() => {
            for (name, entry) in entries {
                collect(entry, &joined(path, name), found);
            }
        }
        _ => found.push(path.to_owned()),
    }
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// Lays `given` over `tree`. The error is the path of a key that `tree` does not know.
pub(super) fn overlay(tree: &mut Value, given: &Value, path: &str) -> Result<(), String> {
    match (tree, given) {
        (Value::Object(known), Value::Object(entries)) if !known.is_empty() || path.is_empty() => {
            for (name, entry) in entries {
                let path = joined(path, name);
                let place = known.get_mut(name).ok_or_else(|| path.clone())?;
                overlay(place, entry, &path)?;
            }
        }
        (place, given) => *place = given.clone(),
    }
    Ok(())
}

/// Sets one known key from text, as the kind its default has. The error says what kind was wanted.
pub(super) fn set(tree: &mut Value, path: &str, text: &str) -> Result<(), String> {
    let pointer = format!("/{}", path.replace('.', "/"));
    let place = tree.pointer_mut(&pointer).ok_or_else(|| format!("there is no key `{path}`"))?;
    *place = match &*place {
        Value::Bool(_) => {
            Value::Bool(text.parse().map_err(|_| format!("`{text}` is neither true nor false"))?)
        }
        Value::Number(_) => number(text).ok_or_else(|| format!("`{text}` is not a number"))?,
        Value::Array(_) => Value::Array(listed(text)),
        Value::Null => number(text).unwrap_or_else(|| Value::String(text.to_owned())),
        Value::String(_) | Value::Object(_) => Value::String(text.to_owned()),
    };
    Ok(())
}

fn number(text: &str) -> Option<Value> {
    text.parse::<u64>().ok().map(Value::from).or_else(|| text.parse::<i64>().ok().map(Value::from))
}

fn listed(text: &str) -> Vec<Value> {
    text.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(|item| Value::String(item.to_owned()))
        .collect()
}
