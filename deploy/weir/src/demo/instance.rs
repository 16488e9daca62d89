//! A value that fits a JSON schema, for structured output and for the arguments of tools.

use serde_json::{Map, Value, json};

/// Deep enough for real schemas, and an end for those that contain themselves.
const DEPTH_MAX: usize = 12;

/// The simplest believable value of the schema. `hint` fills the properties that name a place.
pub(super) fn of(schema: &Value, hint: &str) -> Value {
    Maker { root: schema, hint }.value(schema, "", 0)
}

struct Maker<'a> {
    root: &'a Value,
    hint: &'a str,
}

impl Maker<'_> {
    fn value(&self, schema: &Value, name: &str, depth: usize) -> Value {
        if depth > DEPTH_MAX {
            return Value::Null;
        }
        if let Some(path) = schema.get("$ref").and_then(Value::as_str) {
            let target = self.root.pointer(path.trim_start_matches('#'));
            return target.map_or(Value::Null, |target| self.value(target, name, depth + 1));
        }
        if let Some(fixed) = schema.get("const").or_else(|| schema.pointer("/enum/0")) {
            return fixed.clone();
        }
        if let Some(first) = ["anyOf", "oneOf", "allOf"].iter().find_map(|key| schema.get(key)?.get(0)) {
            return self.value(first, name, depth + 1);
        }
        match kind(schema) {
            "object" => self.object(schema, depth),
            "array" => self.array(schema, name, depth),
            "integer" | "number" => number(schema),
            "boolean" => Value::Bool(true),
            "null" => Value::Null,
            _ => Value::String(self.text(schema, name)),
        }
    }

    /// Every property, not only the required ones: strict schemas require all, and the others are then seen too.
    fn object(&self, schema: &Value, depth: usize) -> Value {
        let properties = schema.get("properties").and_then(Value::as_object);
        let made = properties.into_iter().flatten().map(|(name, schema)| {
            let value = self.value(schema, name, depth + 1);
            (name.clone(), value)
        });
        Value::Object(made.collect::<Map<_, _>>())
    }

    fn array(&self, schema: &Value, name: &str, depth: usize) -> Value {
        let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or(1).clamp(1, 16);
        let item = schema.get("items").cloned().unwrap_or_else(|| json!({"type": "string"}));
        let value = self.value(&item, name, depth + 1);
        Value::Array((0..least).map(|_| value.clone()).collect())
    }

    fn text(&self, schema: &Value, name: &str) -> String {
        match schema.get("format").and_then(Value::as_str) {
            Some("date") => return "2026-01-01".to_owned(),
            Some("date-time") => return "2026-01-01T12:00:00Z".to_owned(),
            Some("email") => return "ada@example.com".to_owned(),
            Some("uri") => return "https://example.com/".to_owned(),
            Some("uuid") => return "00000000-0000-4000-8000-000000000000".to_owned(),
            _ => {}
        }
        let text = match name {
            "city" | "location" | "place" | "town" => self.hint,
            "name" | "author" | "person" => "Ada Lovelace",
            "title" => "Notes on the Analytical Engine",
            "unit" | "units" => "celsius",
            "" => "demo",
            _ => name,
        };
        let least = schema.get("minLength").and_then(Value::as_u64).unwrap_or(0).min(1024);
        let missing = usize::try_from(least).unwrap_or(0).saturating_sub(text.chars().count());
        format!("{text}{}", "-".repeat(missing))
    }
}

/// The schema's type; the first that is not null when there are several.
fn kind(schema: &Value) -> &str {
    let stated = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null"),
        other => other.and_then(Value::as_str),
    };
    stated.unwrap_or(if schema.get("properties").is_some() { "object" } else { "string" })
}

/// A small number within its bounds, whether they belong to it or not.
fn number(schema: &Value) -> Value {
    let bound = |name: &str| schema.get(name).and_then(Value::as_i64);
    let least = bound("minimum").max(bound("exclusiveMinimum").map(|below| below.saturating_add(1)));
    let most = [bound("maximum"), bound("exclusiveMaximum").map(|above| above.saturating_sub(1))];
    let most = most.into_iter().flatten().min().unwrap_or(i64::MAX);
    json!(42.max(least.unwrap_or(i64::MIN)).min(most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_small_and_within_its_bounds() {
        let made = |bounds: Value| number(&bounds);
        assert_eq!(made(json!({"minimum": -9_007_199_254_740_991_i64})), 42);
        assert_eq!(made(json!({"minimum": 100, "maximum": 200})), 100);
        assert_eq!(made(json!({"exclusiveMaximum": 5})), 4);
        assert_eq!(made(json!({"exclusiveMinimum": 60, "maximum": 61})), 61);
    }

    #[test]
    fn references_lists_choices_and_bounds_are_kept() {
        let schema = json!({
            "$defs": {"step": {"type": "object", "properties": {"n": {"type": "integer", "maximum": 3}}}},
            "type": "object",
            "properties": {
                "steps": {"type": "array", "items": {"$ref": "#/$defs/step"}, "minItems": 2},
                "mood": {"enum": ["calm", "wild"]},
                "city": {"type": ["null", "string"]},
                "maybe": {"anyOf": [{"type": "boolean"}, {"type": "null"}]},
            },
        });
        let expected = json!({"steps": [{"n": 3}, {"n": 3}], "mood": "calm", "city": "Oslo", "maybe": true});
        assert_eq!(of(&schema, "Oslo"), expected);
    }

    #[test]
    fn a_schema_that_contains_itself_ends() {
        let schema = json!({"type": "object", "properties": {"next": {"$ref": "#"}}});
        assert!(of(&schema, "").is_object());
    }
}
