//! How a client of Weir sends a recorded request, and what the provider must see of it.

use serde_json::Value;
use weir_tests::recording::Exchange;

use super::body;

/// The formats that have routes of their own, by the path below the version.
const ROUTES: [(&str, &str); 19] = [
    ("openai.chat_completions", "/chat/completions"),
    ("openai.completions", "/completions"),
    ("openai.responses", "/responses"),
    ("openai.responses.input_tokens", "/responses/input_tokens"),
    ("openai.responses.compact", "/responses/compact"),
    ("openai.embeddings", "/embeddings"),
    ("openai.moderations", "/moderations"),
    ("openai.images.generations", "/images/generations"),
    ("openai.images.edits", "/images/edits"),
    ("openai.images.variations", "/images/variations"),
    ("openai.audio.speech", "/audio/speech"),
    ("openai.audio.transcriptions", "/audio/transcriptions"),
    ("openai.audio.translations", "/audio/translations"),
    ("cohere.rerank.v2", "/rerank"),
    ("openrouter.rerank", "/rerank"),
    ("voyage.rerank", "/rerank"),
    ("anthropic.messages", "/messages"),
    ("anthropic.count_tokens", "/messages/count_tokens"),
    ("gemini", ""),
];

const GEMINI: [&str; 5] = [
    "gemini.generate_content",
    "gemini.stream_generate_content",
    "gemini.count_tokens",
    "gemini.embed_content",
    "gemini.batch_embed_contents",
];

/// Whether the exchange is in a format that has a route of its own. Writer answers completions in words of its own.
pub(super) fn has_route(exchange: &Exchange) -> bool {
    let api = exchange.api.as_str();
    let odd = api == "openai.completions" && exchange.provider == "writer";
    !odd && (GEMINI.contains(&api) || ROUTES.iter().any(|(name, _)| *name == api))
}

/// Whether the gateway itself refuses it, in its own words: a bound that is negative bounds no cost.
pub(super) fn is_refused(exchange: &Exchange) -> bool {
    serde_json::from_str::<Value>(body::text_of(exchange))
        .is_ok_and(|body| body["max_tokens"].as_i64() < Some(0) && body["max_tokens"].is_i64())
}

/// What an endpoint of the format speaks.
pub(super) fn dialect_of(api: &str) -> &'static str {
    match api.split('.').next() {
        Some("anthropic") => "anthropic",
        Some("gemini") => "gemini",
        _ => "openai",
    }
}

/// Whether use in a stream of the format must be asked for.
pub(super) fn must_be_asked(api: &str) -> bool {
    matches!(api, "openai.chat_completions" | "openai.completions")
}

/// The model a recorded request asks for; `None` where it names none.
pub(super) fn model_of(exchange: &Exchange) -> Option<String> {
    if GEMINI.contains(&exchange.api.as_str()) {
        let path = exchange.request.url_path.split('?').next().unwrap();
        let named = path.split_once("/models/")?.1;
        return Some(named.rsplit_once(':')?.0.to_owned());
    }
    body::model_of(exchange)
        .or_else(|| body::form_model_of(exchange))
        .or_else(|| default_model(&exchange.api))
}

/// What OpenAI takes where a request names no model.
fn default_model(api: &str) -> Option<String> {
    let model = match api {
        "openai.moderations" => "omni-moderation-latest",
        api if api.starts_with("openai.images.") => "dall-e-2",
        _ => return None,
    };
    Some(model.to_owned())
}

/// The path and query a client sends for that model.
pub(super) fn path(exchange: &Exchange, model: &str) -> String {
    let api = exchange.api.as_str();
    let (path, query) = exchange.request.url_path.split_once('?').unwrap_or((&exchange.request.url_path, ""));
    if GEMINI.contains(&api) {
        let verb = path.rsplit_once(':').unwrap().1;
        let query = if query.is_empty() { String::new() } else { format!("?{query}") };
        return format!("/v1beta/models/{model}:{verb}{query}");
    }
    let (_, below) = ROUTES.iter().find(|(name, _)| *name == api).unwrap();
    format!("/v1{below}")
}

/// The body with another model, wherever it stands; no other byte changes.
pub(super) fn with_model(exchange: &Exchange, text: &[u8], model: &str) -> Vec<u8> {
    let own = model_of(exchange).unwrap();
    if GEMINI.contains(&exchange.api.as_str()) {
        let resource = |model: &str| format!("\"models/{model}\"");
        return String::from_utf8(text.to_vec())
            .unwrap()
            .replace(&resource(&own), &resource(model))
            .into_bytes();
    }
    if body::model_of(exchange).is_some() {
        return body::with_model(std::str::from_utf8(text).unwrap(), model).into_bytes();
    }
    match body::form_model_of(exchange) {
        Some(_) => body::with_form_model(text, &own, model),
        None => text.to_vec(),
    }
}

/// Whether a body names its model where it can be another one.
pub(super) fn names_model(exchange: &Exchange) -> bool {
    let in_body = body::model_of(exchange).or_else(|| body::form_model_of(exchange)).is_some();
    in_body || GEMINI.contains(&exchange.api.as_str())
}

/// The first words of a stream's content: text, or a delta of it.
pub(super) fn says_something(chunk: &Value) -> bool {
    let said = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    said(&chunk["choices"][0]["delta"]["content"])
        || said(&chunk["delta"]["text"])
        || said(&chunk["candidates"][0]["content"]["parts"][0]["text"])
        || (chunk["type"] == "response.output_text.delta" && said(&chunk["delta"]))
}

/// Whether that event ends a stream or an answer in it.
pub(super) fn ends_something(chunk: &Value) -> bool {
    chunk["choices"][0]["finish_reason"].is_string() || !chunk["candidates"][0]["finishReason"].is_null()
}
