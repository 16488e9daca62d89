//! Gemini's schemas: JSON schemas with types in capitals, counts as texts and a word of their own for null. Whoever else
//! reads them gets plain JSON schema.

use std::borrow::Cow;

use crate::json::{JsonText, View};

/// Types in capitals, as Google's libraries write them.
const TYPES: [(&str, &str); 7] = [
    ("STRING", "string"),
    ("NUMBER", "number"),
    ("INTEGER", "integer"),
    ("BOOLEAN", "boolean"),
    ("ARRAY", "array"),
    ("OBJECT", "object"),
    ("NULL", "null"),
];

/// The schema as everybody reads it; as it was written where it is plain already.
pub(super) fn plain_schema(schema: View<'_>) -> Cow<'_, str> {
    let raw = schema.raw();
    let odd = TYPES.iter().any(|(capitals, _)| raw.contains(&format!("\"{capitals}\"")))
        || raw.contains("\"nullable\"")
        || raw.contains("\"propertyOrdering\"");
    if !odd {
        return Cow::Borrowed(raw);
    }
    let mut json = JsonText::default();
    write(schema, &mut json);
    String::from_utf8(json.into_bytes()).map_or(Cow::Borrowed(raw), Cow::Owned)
}

fn write(schema: View<'_>, json: &mut JsonText) {
    if !schema.is_object() {
        return json.raw(schema.raw());
    }
    let nullable = schema.get("nullable").and_then(|nullable| nullable.boolean()) == Some(true);
    json.object(|json| {
        for (key, value) in schema.members() {
            match key.as_ref() {
                "nullable" | "propertyOrdering" | "property_ordering" => {}
                "type" => write_type(value, nullable, json.key("type")),
                "properties" | "$defs" | "defs" => json.key(&key).object(|json| {
                    for (name, inner) in value.members() {
                        write(inner, json.key(&name));
                    }
                }),
                "anyOf" | "any_of" if value.is_array() => {
                    json.key("anyOf").array(|json| value.items().for_each(|one| write(one, json)));
                }
                "items" | "additionalProperties" => write(value, json.key(&key)),
                // Google writes large counts as texts.
                _ if is_count(&key) => match value.text() {
                    Some(text) if text.parse::<u64>().is_ok() => json.key(&key).raw(&text),
                    _ => json.key(&key).raw(value.raw()),
                },
                _ => json.key(&key).raw(value.raw()),
            }
        }
    });
}

fn is_count(key: &str) -> bool {
    matches!(key, "minItems" | "maxItems" | "minLength" | "maxLength" | "minProperties" | "maxProperties")
}

fn write_type(value: View<'_>, nullable: bool, json: &mut JsonText) {
    let Some(word) = value.text() else { return json.raw(value.raw()) };
    let plain =
        TYPES.iter().find(|(capitals, _)| *capitals == word).map_or(word.as_ref(), |(_, plain)| plain);
    if nullable {
        json.array(|json| {
            json.text(plain);
            json.text("null");
        });
    } else {
        json.text(plain);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_null_and_counts_become_plain_and_a_property_called_type_stays() {
        let given = r#"{"type":"OBJECT","propertyOrdering":["type"],"properties":{"type":{"type":"STRING","nullable":true},
            "of":{"type":"ARRAY","items":{"type":"INTEGER"},"maxItems":"3"}},"required":["type"]}"#;
        let wanted = r#"{"type":"object","properties":{"type":{"type":["string","null"]},"of":{"type":"array","items":{"type":"integer"},"maxItems":3}},"required":["type"]}"#;
        assert_eq!(plain_schema(View::of_text(given)), wanted);
        assert!(matches!(plain_schema(View::of_text(r#"{"type": "object"}"#)), Cow::Borrowed(_)));
    }
}
