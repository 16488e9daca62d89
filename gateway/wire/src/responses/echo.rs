//! What a response repeats of its request. OpenAI's format demands these members; what a request leaves out has the value
//! that OpenAI states for it.

use crate::json::{JsonText, TopLevel};

/// A member, and what it is when the request does not say. Instructions and tools can be as long as a book and would be
/// said three times in a stream: they are left out, as are answers kept, which here are none.
const REPEATED: [(&str, &str); 16] = [
    ("background", "false"),
    ("frequency_penalty", "0"),
    ("max_output_tokens", "null"),
    ("max_tool_calls", "null"),
    ("metadata", "{}"),
    ("parallel_tool_calls", "true"),
    ("presence_penalty", "0"),
    ("prompt_cache_key", "null"),
    ("reasoning", r#"{"effort":null,"summary":null}"#),
    ("safety_identifier", "null"),
    ("service_tier", r#""default""#),
    ("temperature", "1"),
    ("text", r#"{"format":{"type":"text"}}"#),
    ("top_logprobs", "0"),
    ("top_p", "1"),
    ("truncation", r#""disabled""#),
];

/// The longest value that is repeated, bytes: a schema may be long, and stands in every event about the whole response.
const VALUE_BYTES_MAX: usize = 4096;

/// What a response repeats, each as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Echo(Vec<(&'static str, String)>);

impl Echo {
    /// What a response to that request repeats.
    #[must_use]
    pub fn of(request: &TopLevel<'_>) -> Self {
        let said = |name: &&'static str| {
            let value = request.get(name)?.raw();
            (value.len() <= VALUE_BYTES_MAX && value != "null").then(|| (*name, value.to_owned()))
        };
        Self(REPEATED.iter().filter_map(|(name, _)| said(name)).collect())
    }

    /// Writes the members.
    pub(super) fn write(&self, json: &mut JsonText) {
        for (name, unsaid) in REPEATED {
            let said = self.0.iter().find(|(said, _)| *said == name);
            json.key(name).raw(said.map_or(unsaid, |(_, value)| value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::top_level;

    #[test]
    fn what_was_said_is_repeated_and_the_rest_is_as_openai_states() {
        let long = "x".repeat(VALUE_BYTES_MAX);
        let request = format!(
            r#"{{"temperature":0.20,"top_p":null,"metadata":{{"a":"{long}"}},"tools":[1],"reasoning":{{"effort":"low"}}}}"#
        );
        let echo = Echo::of(&top_level(request.as_bytes()).unwrap());
        let mut json = JsonText::default();
        json.object(|json| echo.write(json));
        let text = String::from_utf8(json.into_bytes()).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert!(text.contains(r#""temperature":0.20,"#), "as it was written: {text}");
        assert_eq!((&value["top_p"], &value["metadata"]), (&1.into(), &serde_json::json!({})));
        assert_eq!(value["reasoning"], serde_json::json!({"effort": "low"}));
        assert_eq!(value.as_object().unwrap().len(), REPEATED.len());
    }
}
