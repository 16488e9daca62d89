//! Asking a provider how many tokens a request would read, without asking a model: in the dialect of whoever serves the model,
//! in the words of its host, and the answer back in the caller's.
//!
//! | counter | asked | answers |
//! | --- | --- | --- |
//! | Anthropic | the request without what does not count | `{"input_tokens":n}` |
//! | OpenAI, below responses | the same | `{"object":"response.input_tokens","input_tokens":n}` |
//! | Gemini | the whole request in `generateContentRequest` | `{"totalTokens":n}` |
//! | Vertex, Anthropic | as Anthropic, with the host's version; the model stays in the body | as Anthropic |
//! | Vertex, Gemini | the request's members themselves | as Gemini |
//! | Bedrock | the request of `invoke` in base64, or that of `converse`, in `input` | `{"inputTokens":n}` |
//!
//! OpenAI's chat completions have no counter.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use crate::{
    dialect::Dialect,
    error::WireError,
    host::{BEDROCK_ANTHROPIC, Host, VERTEX_ANTHROPIC},
    json::{JsonText, TopLevel, View, top_level},
    model::{Conversation, conversation_of},
    rewrap::rewrap,
    translate::{Target, Translated, Unsupported, translate_request},
};

/// Where a request has no limit and the model's entry none: room for thoughts, which a counter does not need to be told.
const MAX_OUTPUT: u64 = 32_000;
/// Where Gemini's whole request stands in what its counter is asked.
const WHOLE: &str = "generateContentRequest";

/// The conversation in what a counter is asked.
#[must_use]
pub fn conversation<'a>(caller: Dialect, top: &TopLevel<'a>) -> Conversation<'a> {
    let whole = top.get(WHOLE).filter(|_| caller == Dialect::Gemini);
    let inner = whole.and_then(|view| top_level(view.raw().as_bytes()).ok());
    conversation_of(caller, inner.as_ref().unwrap_or(top))
}

/// Writes what the counter of a target in another dialect is asked. `caller` is the dialect it was read from.
///
/// # Errors
///
/// As [`translate_request`]: what cannot be asked there cannot be counted there.
pub fn translate_question(
    said: &Conversation<'_>,
    caller: Dialect,
    target: &Target<'_>,
    may_drop: bool,
) -> Result<Translated, Unsupported> {
    let dialect = target.dialect.count_api().dialect();
    let max_output = Some(target.max_output.unwrap_or(MAX_OUTPUT));
    let target = Target { dialect, max_output, ..*target };
    let translated = translate_request(said, caller, &target, may_drop)?;
    let body = match dialect {
        Dialect::Gemini => in_whole(&translated.body, target.model),
        Dialect::Anthropic => only(&translated.body, &ANTHROPICS),
        Dialect::OpenAi | Dialect::Responses => only(&translated.body, &RESPONSES),
    };
    // Both were written by us: they are sound.
    let body = body.unwrap_or_else(|_| translated.body.clone());
    Ok(Translated { body, ..translated })
}

/// What Anthropic's counter takes of what we write; it refuses anything else.
const ANTHROPICS: [&str; 7] =
    ["model", "messages", "system", "tools", "tool_choice", "thinking", "output_config"];
/// The same of OpenAI's.
const RESPONSES: [&str; 8] =
    ["model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls", "reasoning", "text"];
/// What Vertex takes of a request to Gemini, without what it is wrapped in elsewhere.
const VERTEX: [&str; 5] =
    ["contents", "systemInstruction", "system_instruction", "tools", "generationConfig"];
/// What Bedrock takes of a request by Converse.
const CONVERSES: [&str; 4] = ["messages", "system", "toolConfig", "additionalModelRequestFields"];

/// The body's members of those names.
fn only(body: &[u8], names: &[&str]) -> Result<Bytes, WireError> {
    let top = top_level(body)?;
    let mut json = JsonText::default();
    json.object(|json| {
        for member in top.members().iter().filter(|member| names.contains(&member.key.as_ref())) {
            json.key(&member.key).raw(top.view(member).raw());
        }
    });
    Ok(json.into_bytes().into())
}

/// A request to Gemini in what its counter is asked: only so its instructions and tools are taken.
fn in_whole(body: &[u8], model: &str) -> Result<Bytes, WireError> {
    let top = top_level(body)?;
    let name = if model.contains('/') { model.to_owned() } else { format!("models/{model}") };
    let mut json = JsonText::default();
    json.object(|json| {
        json.key(WHOLE).object(|json| {
            json.key("model").text(&name);
            for member in top.members() {
                json.key(&member.key).raw(top.view(member).raw());
            }
        });
    });
    Ok(json.into_bytes().into())
}

impl Host {
    /// Whether the host has a counter where its format's own provider may have one.
    #[must_use]
    pub const fn may_count(self) -> bool {
        !matches!(self, Self::Azure | Self::Cohere | Self::Ollama)
    }

    /// What the format's counter is asked, as this host's takes it. `betas` as in [`Host::wrap`]. Converse has been told before
    /// ([`Host::tell`]).
    ///
    /// # Errors
    ///
    /// When the body is no sound JSON object.
    pub fn wrap_question(self, body: Bytes, betas: Option<&str>) -> Result<Bytes, WireError> {
        match self {
            Self::Vertex(Dialect::Anthropic) => {
                rewrap(&body, &[], &[("anthropic_version", VERTEX_ANTHROPIC)])
            }
            Self::Vertex(_) => match top_level(&body)?.get(WHOLE) {
                Some(whole) => only(whole.raw().as_bytes(), &VERTEX),
                None => Ok(body),
            },
            Self::Bedrock => {
                let invoked = as_invoked(&body, betas)?;
                Ok(input("invokeModel", |json| {
                    json.object(|json| json.key("body").text(&STANDARD.encode(&invoked)));
                }))
            }
            Self::Converse => {
                let conversed = only(&body, &CONVERSES)?;
                Ok(input("converse", |json| json.raw(&String::from_utf8_lossy(&conversed))))
            }
            Self::Direct | Self::Azure | Self::Cohere | Self::Ollama => Ok(body),
        }
    }

    /// What this host's counter answers, as the format's own does; `None` where it is that already.
    #[must_use]
    pub fn retold_count(self, body: &[u8]) -> Option<Result<Bytes, WireError>> {
        matches!(self, Self::Bedrock | Self::Converse).then(|| {
            let tokens = View::of_object(body)?.get("inputTokens").and_then(|tokens| tokens.count());
            Ok(written(tokens.ok_or(WireError::Missing { name: "inputTokens" })?, Dialect::Anthropic))
        })
    }
}

/// The request as `invoke` takes it. That demands a limit, which exceeds the thoughts that are allowed; a counter's caller
/// gives none.
fn as_invoked(body: &[u8], betas: Option<&str>) -> Result<Bytes, WireError> {
    let budget =
        View::of_object(body)?.get("thinking").and_then(|thinking| thinking.get("budget_tokens")?.count());
    let max_tokens = budget.unwrap_or(0).saturating_add(1).to_string();
    let mut with = vec![("anthropic_version", BEDROCK_ANTHROPIC), ("max_tokens", max_tokens.as_str())];
    with.extend(betas.map(|betas| ("anthropic_beta", betas)));
    rewrap(body, &["model", "stream"], &with)
}

fn input(way: &str, fill: impl FnOnce(&mut JsonText)) -> Bytes {
    let mut json = JsonText::default();
    json.object(|json| {
        json.key("input").object(|json| fill(json.key(way)));
    });
    json.into_bytes().into()
}

/// A counter's answer in one dialect, in another.
///
/// # Errors
///
/// When the body is no answer of a counter's.
pub fn translate_count(source: Dialect, body: &[u8], caller: Dialect) -> Result<Bytes, WireError> {
    let name = if source == Dialect::Gemini { "totalTokens" } else { "input_tokens" };
    let tokens = View::of_object(body)?.get(name).and_then(|tokens| tokens.count());
    match tokens {
        Some(tokens) => Ok(written(tokens, caller)),
        None => Err(WireError::Missing { name }),
    }
}

fn written(tokens: u64, caller: Dialect) -> Bytes {
    let mut json = JsonText::default();
    json.object(|json| match caller {
        Dialect::Gemini => json.key("totalTokens").count(tokens),
        Dialect::Anthropic => json.key("input_tokens").count(tokens),
        Dialect::OpenAi | Dialect::Responses => {
            json.key("object").text("response.input_tokens");
            json.key("input_tokens").count(tokens);
        }
    });
    json.into_bytes().into()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{Api, converse};

    fn asked(caller: Dialect, body: &Value, dialect: Dialect) -> Result<Value, Unsupported> {
        let text = body.to_string();
        let top = top_level(text.as_bytes()).unwrap();
        let target = Target { dialect, provider: "openai", model: "m", max_output: None };
        let said = conversation(caller, &top);
        let translated = translate_question(&said, caller, &target, false)?;
        assert_eq!(translated.losses, crate::translate::Losses::default());
        Ok(serde_json::from_slice(&translated.body).unwrap())
    }

    fn hi() -> [(Dialect, Value); 3] {
        [
            (
                Dialect::Anthropic,
                json!({"model": "a", "system": "Be brief.", "messages": [{"role": "user", "content": "hi"}],
                    "tools": [{"name": "f", "input_schema": {"type": "object"}}]}),
            ),
            (
                Dialect::Responses,
                json!({"model": "a", "instructions": "Be brief.", "input": "hi",
                    "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": false}]}),
            ),
            (
                Dialect::Gemini,
                json!({"generateContentRequest": {"model": "models/a",
                    "systemInstruction": {"parts": [{"text": "Be brief."}]},
                    "contents": [{"role": "user", "parts": [{"text": "hi"}]}],
                    "tools": [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": {"type": "object"}}]}]}}),
            ),
        ]
    }

    #[test]
    fn each_counter_is_asked_in_its_words_for_what_every_other_is_asked() {
        for (caller, body) in hi() {
            for dialect in [Dialect::Anthropic, Dialect::Responses, Dialect::OpenAi, Dialect::Gemini] {
                if dialect.count_api().dialect() == caller {
                    continue;
                }
                let found = asked(caller, &body, dialect).unwrap();
                let text = found.to_string();
                for word in ["Be brief.", "hi", r#""name":"f""#] {
                    assert!(text.contains(word), "{caller:?} to {dialect:?} lost {word}: {text}");
                }
                for word in ["max_", "stream", "store"] {
                    assert!(!text.contains(word), "{caller:?} to {dialect:?} says {word}: {text}");
                }
                match dialect {
                    Dialect::Gemini => assert_eq!(found[WHOLE]["model"], "models/m"),
                    _ => assert_eq!(found["model"], "m"),
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_asked_there_cannot_be_counted_there() {
        let body = json!({"model": "a", "messages": [], "tools": [{"type": "web_search_20250305", "name": "web_search"}]});
        assert_eq!(asked(Dialect::Anthropic, &body, Dialect::Gemini).unwrap_err().param, "tools[0]");
    }

    #[test]
    fn a_count_is_told_in_every_dialect() {
        let all = [Dialect::Anthropic, Dialect::Responses, Dialect::Gemini];
        for (source, caller) in all.into_iter().flat_map(|source| all.map(|caller| (source, caller))) {
            assert_eq!(translate_count(source, &written(7, source), caller).unwrap(), written(7, caller));
        }
        assert_eq!(&written(7, Dialect::Gemini)[..], br#"{"totalTokens":7}"#);
        assert!(translate_count(Dialect::Gemini, br#"{"input_tokens":7}"#, Dialect::Anthropic).is_err());
    }

    const QUESTION: &str = r#"{"model":"m","messages":[{"role":"user","content":"hi"}]}"#;

    fn wrapped(host: Host, body: &str, betas: Option<&str>) -> Value {
        let found = host.wrap_question(Bytes::from(body.to_owned()), betas).unwrap();
        serde_json::from_slice(&found).unwrap()
    }

    #[test]
    fn vertex_counts_for_the_model_in_the_body_and_for_gemini_what_stands_bare() {
        let found = wrapped(Host::Vertex(Dialect::Anthropic), QUESTION, None);
        assert_eq!(
            (&found["model"], &found["anthropic_version"]),
            (&json!("m"), &json!("vertex-2023-10-16"))
        );
        let host = Host::Vertex(Dialect::Gemini);
        let whole =
            r#"{"generateContentRequest":{"model":"models/m","contents":[1],"toolConfig":{},"tools":[2]}}"#;
        assert_eq!(wrapped(host, whole, None), json!({"contents": [1], "tools": [2]}));
        assert_eq!(wrapped(host, r#"{"contents":[1]}"#, None), json!({"contents": [1]}));
    }

    #[test]
    fn bedrock_counts_for_the_model_behind_a_profile_across_regions() {
        for (name, model) in [
            ("anthropic.claude-x-v1:0", "anthropic.claude-x-v1:0"),
            ("us.anthropic.claude-x-v1:0", "anthropic.claude-x-v1:0"),
            ("global.amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0"),
            ("arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-x", "anthropic.claude-x"),
            (
                "arn:aws:bedrock:eu-west-1:1:application-inference-profile/a1",
                "arn:aws:bedrock:eu-west-1:1:application-inference-profile/a1",
            ),
            ("mine", "mine"),
        ] {
            assert_eq!(converse::foundation(name), model);
        }
    }

    #[test]
    fn bedrock_is_asked_for_the_request_as_it_would_be_invoked() {
        let invoked = |body: &str, betas| {
            let found = wrapped(Host::Bedrock, body, betas);
            let text = found["input"]["invokeModel"]["body"].as_str().unwrap().to_owned();
            String::from_utf8(STANDARD.decode(text).unwrap()).unwrap()
        };
        assert_eq!(
            invoked(QUESTION, Some(r#"["b"]"#)),
            r#"{"anthropic_version":"bedrock-2023-05-31","max_tokens":1,"anthropic_beta":["b"],"messages":[{"role":"user","content":"hi"}]}"#
        );
        let thinks =
            QUESTION.replace(r#""m","#, r#""m","thinking":{"type":"enabled","budget_tokens":2000},"#);
        assert!(invoked(&thinks, None).contains(r#""max_tokens":2001"#));
        let asks = QUESTION.replace(r#""m","#, r#""m","max_tokens":9,"#);
        let told = Host::Converse.tell(Api::CountTokens, Dialect::Anthropic, asks.as_bytes(), false).unwrap();
        assert_eq!(
            wrapped(Host::Converse, std::str::from_utf8(&told.body).unwrap(), None),
            json!({"input": {"converse": {"messages": [{"role": "user", "content": [{"text": "hi"}]}]}}})
        );
        for host in [Host::Bedrock, Host::Converse] {
            let told = host.retold_count(br#"{"inputTokens":7}"#).unwrap().unwrap();
            assert_eq!(&told[..], br#"{"input_tokens":7}"#);
            assert!(host.retold_count(b"{}").unwrap().is_err());
        }
        assert!(Host::Direct.retold_count(b"{}").is_none());
    }
}
