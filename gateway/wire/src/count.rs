//! An upper bound of a request's input tokens, for holds, without any model's tokenizer.
//!
//! Every token of a byte-level tokenizer covers at least one byte, and the JSON around each message, tool and part is
//! longer than what providers wrap around them: the body's own length bounds its text. Media is taken out and counted at
//! the dearest rate known instead. What the body does not contain (files by id, pages behind an address, what
//! a provider's own tools read) cannot be bounded from it, and the bound says so.

use memchr::{memchr, memmem};
use weir_contract::usage::{Bucket, Usage, UsageSource};

use crate::{
    api::Work,
    dialect::Dialect,
    model::{Media, Part, conversation_of},
    peek::Peek,
};

/// What providers add to every request: a preface of their own, instructions for tools or for a schema.
const TOKENS_PER_REQUEST: u64 = 1_024;
/// What providers add once when tools are offered.
const TOKENS_FOR_TOOLS: u64 = 1_024;
/// The most a picture costs, but for the models in [`image_tokens_max`].
const TOKENS_PER_IMAGE: u64 = 12_000;
/// The most a page of a document costs as picture and text together.
const TOKENS_PER_PAGE: u64 = 5_000;
/// How many bytes of base64 a page has at least; smaller pages than this carry next to nothing.
const BASE64_BYTES_PER_PAGE: u64 = 1_024;
/// How many bytes of base64 a token of sound has at least (speech at a few kilobits).
const BASE64_BYTES_PER_AUDIO_TOKEN: u64 = 8;

/// The most output tokens a picture has that is made.
const TOKENS_PER_IMAGE_MADE: u64 = 12_000;
/// How many output tokens of sound a character of text becomes at most.
const AUDIO_TOKENS_PER_CHARACTER: u64 = 8;
/// How many milliseconds of sound a byte is at most (speech at four kilobits).
const MILLIS_PER_BYTE: u64 = 2;
/// The same sound has at least so many bytes a token outside of base64.
const BYTES_PER_AUDIO_TOKEN: u64 = 6;
/// How many pictures another one is made from at most.
const PICTURES_MAX: u64 = 16;
/// How many documents one search unit of a reranker covers.
const DOCUMENTS_PER_SEARCH: u64 = 100;

/// The most tokens the context of a session over a WebSocket holds, and the most one answer in it has: OpenAI's
/// `gpt-realtime`.
const REALTIME_CONTEXT: u64 = 32_000;
const REALTIME_ANSWER: u64 = 4_096;

/// The most a request can consume, by bucket; `output` is what a model writes at most where the request does not say.
#[must_use]
pub fn most(peek: &Peek<'_>, output: u64) -> Usage {
    let most = Usage::new(UsageSource::Estimated);
    let bytes = peek.bytes as u64;
    let input = || input_bound(peek).tokens;
    match peek.api.work() {
        Work::Count | Work::Stored | Work::Batch | Work::Local => most,
        Work::Embed | Work::Moderate => most.with(Bucket::Input, input()),
        Work::Rerank => {
            let documents = peek.top.get("documents").map_or(0, |documents| documents.items().count() as u64);
            most.with(Bucket::Input, input()).with(Bucket::Request, documents / DOCUMENTS_PER_SEARCH + 1)
        }
        Work::Image => most
            .with(Bucket::Input, bytes.min(TOKENS_PER_IMAGE * PICTURES_MAX) + TOKENS_PER_REQUEST)
            .with(Bucket::Image, peek.n)
            .with(Bucket::ImageOutput, peek.n.saturating_mul(TOKENS_PER_IMAGE_MADE)),
        Work::Speak => {
            let characters = peek.counted.get(Bucket::Character);
            let sound = characters.saturating_mul(AUDIO_TOKENS_PER_CHARACTER);
            most.with(Bucket::Input, bytes)
                .with(Bucket::Character, characters)
                .with(Bucket::AudioOutput, sound)
        }
        Work::Transcribe => most
            .with(Bucket::AudioInput, bytes / BYTES_PER_AUDIO_TOKEN + 1)
            .with(Bucket::MilliSecond, bytes.saturating_mul(MILLIS_PER_BYTE))
            .with(Bucket::Output, output.min(bytes)),
        // Nobody knows how many answers a session will have: this is one.
        Work::Realtime => most
            .with(Bucket::AudioInput, REALTIME_CONTEXT)
            .with(Bucket::AudioOutput, output.min(REALTIME_ANSWER)),
        Work::Generate | Work::Pass => {
            let output = peek.max_tokens.unwrap_or(output).saturating_mul(peek.n.max(1));
            most.with(Bucket::Input, input()).with(Bucket::Output, output)
        }
    }
}

/// The bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InputBound {
    /// Tokens: never fewer than the provider counts, unless `open`.
    pub tokens: u64,
    /// The request refers to things whose size the body does not tell, or lets the provider's own tools read more:
    /// the bound is a guess then.
    pub open: bool,
}

/// How the types of parts begin that cost more, or less, than their text.
const MEDIA: [&[u8]; 8] = [
    b"image",
    b"input_image",
    b"input_audio",
    b"input_file",
    b"video",
    b"document",
    b"file",
    b"container_upload",
];

/// The members that hold media where parts have no type.
const HOLDERS: [&[u8]; 4] = [b"inlineData", b"inline_data", b"fileData", b"file_data"];

/// Members by which a provider reads more than the body.
const SERVICES: [&str; 6] =
    ["web_search_options", "mcp_servers", "container", "plugins", "search_settings", "search_parameters"];

/// Names of models that are systems with tools of their own.
const SYSTEMS: [&str; 4] = ["compound", "sonar", "search", "deep-research"];

/// Bounds the input tokens of a request.
#[must_use]
pub fn input_bound(peek: &Peek<'_>) -> InputBound {
    let text = peek.top.text();
    let mut bound = InputBound { tokens: text.len() as u64 + TOKENS_PER_REQUEST, open: reads_more(peek) };
    if peek.has_tools {
        bound.tokens += TOKENS_FOR_TOOLS;
    }
    if has_media(peek.dialect, text.as_bytes()) {
        let conversation = conversation_of(peek.dialect, &peek.top);
        let said = conversation.messages.iter().flat_map(|message| &message.parts);
        let image = image_tokens_max(peek.dialect, &peek.model);
        for part in conversation.system.iter().chain(said) {
            add_part(&mut bound, part, image);
        }
    }
    bound
}

/// Whether any part must be read to be counted. Sees too much rather than too little: any `"type"` may be a part's.
fn has_media(dialect: Dialect, body: &[u8]) -> bool {
    if dialect == Dialect::Gemini {
        return HOLDERS.iter().any(|holder| memmem::find(body, holder).is_some());
    }
    memmem::find_iter(body, b"\"type\"").any(|at| {
        let rest = body.get(at + 6..).unwrap_or_default().trim_ascii_start();
        let value = rest.strip_prefix(b":").unwrap_or_default().trim_ascii_start();
        let value = value.strip_prefix(b"\"").unwrap_or_default();
        let word = &value[..memchr(b'"', value).unwrap_or(0)];
        word.ends_with(b"_tool_result") || MEDIA.iter().any(|media| word.starts_with(media))
    })
}

/// Whether the provider may read what is not in the body.
fn reads_more(peek: &Peek<'_>) -> bool {
    let own_tool = |kind: &str| !matches!(kind, "function" | "custom");
    let mut tools = peek.top.get("tools").into_iter().flat_map(|tools| tools.items());
    SYSTEMS.iter().any(|system| peek.model.contains(system))
        || SERVICES.iter().any(|key| peek.top.get(key).is_some_and(|view| !view.is_null()))
        || tools.any(|tool| tool.get("type").and_then(|kind| kind.text()).is_some_and(|kind| own_tool(&kind)))
}

fn add_part(bound: &mut InputBound, part: &Part<'_>, image: u64) {
    match part {
        Part::Image(media) => swap(bound, media, image),
        Part::Audio(media) => swap(bound, media, media.base64_bytes() as u64 / BASE64_BYTES_PER_AUDIO_TOKEN),
        Part::File(media) => {
            let pages = media.base64_bytes() as u64 / BASE64_BYTES_PER_PAGE + 1;
            swap(bound, media, pages.saturating_mul(TOKENS_PER_PAGE));
            bound.open |= media.reference().is_some();
        }
        Part::ToolResult { parts, .. } => parts.iter().for_each(|part| add_part(bound, part, image)),
        Part::Other { .. } => bound.open = true,
        Part::Text(_)
        | Part::ToolCall { .. }
        | Part::Reasoning { .. }
        | Part::Sealed(_)
        | Part::Refusal(_)
        | Part::Citation(_)
        | Part::CacheMark(_) => {}
    }
}

/// Takes the media's base64 out and puts its tokens in.
fn swap(bound: &mut InputBound, media: &Media<'_>, tokens: u64) {
    bound.tokens = bound.tokens.saturating_sub(media.base64_bytes() as u64).saturating_add(tokens);
}

/// What a picture costs at most. One family counts pictures at 33 times the tokens of its siblings.
fn image_tokens_max(dialect: Dialect, model: &str) -> u64 {
    match dialect {
        Dialect::OpenAi if model.contains("gpt-4o-mini") => 48_200,
        _ => TOKENS_PER_IMAGE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(dialect: Dialect, body: &str) -> InputBound {
        input_bound(&crate::peek::peek(dialect, body.as_bytes()).unwrap())
    }

    #[test]
    fn text_is_bounded_by_its_bytes() {
        let body = r#"{"model":"m","messages":[{"role":"user","content":"日本語です"}]}"#;
        assert_eq!(
            bound(Dialect::OpenAi, body),
            InputBound { tokens: body.len() as u64 + TOKENS_PER_REQUEST, open: false }
        );
    }

    #[test]
    fn a_picture_counts_as_a_picture_and_not_as_its_base64() {
        let data = "A".repeat(400_000);
        let body = format!(
            r#"{{"model":"m","messages":[{{"role":"user","content":[{{"type":"image_url","image_url":{{"url":"data:image/png;base64,{data}"}}}}]}}]}}"#
        );
        let found = bound(Dialect::OpenAi, &body);
        assert!((TOKENS_PER_IMAGE..TOKENS_PER_IMAGE + 2000).contains(&found.tokens), "{found:?}");
        assert!(!found.open);
        let dear = bound(Dialect::OpenAi, &body.replace("\"m\"", "\"gpt-4o-mini\""));
        assert!(dear.tokens > 48_000);
    }

    #[test]
    fn what_the_body_does_not_contain_leaves_the_bound_open() {
        let by_id = r#"{"model":"m","messages":[{"role":"user","content":[{"type":"document","source":{"type":"file","file_id":"f_1"}}]}]}"#;
        assert!(bound(Dialect::Anthropic, by_id).open);
        let searching =
            r#"{"model":"m","messages":[],"tools":[{"type":"web_search_20250305","name":"web_search"}]}"#;
        assert!(bound(Dialect::Anthropic, searching).open);
        let function = r#"{"model":"m","messages":[],"tools":[{"name":"f","input_schema":{}}]}"#;
        assert!(!bound(Dialect::Anthropic, function).open);
    }

    #[test]
    fn media_is_found_in_every_dialect() {
        let data = "A".repeat(400_000);
        for (dialect, body) in [
            (
                Dialect::Responses,
                format!(
                    r#"{{"model":"m","input":[{{"role":"user","content":[{{"type":"input_image","image_url":"data:image/png;base64,{data}"}}]}}]}}"#
                ),
            ),
            (
                Dialect::Gemini,
                format!(
                    r#"{{"contents":[{{"parts":[{{"inline_data":{{"mime_type":"image/png","data":"{data}"}}}}]}}]}}"#
                ),
            ),
        ] {
            assert!((TOKENS_PER_IMAGE..20_000).contains(&bound(dialect, &body).tokens), "{dialect:?}");
        }
    }

    #[test]
    fn each_kind_of_work_is_bounded_in_its_own_units() {
        let most = |api: Api, body: &str| {
            let peek = crate::peek_on(api, Some("m"), "", body.as_bytes()).unwrap();
            most(&peek, 1000).filled().map(|(bucket, units)| (bucket.name(), units)).collect::<Vec<_>>()
        };
        use crate::Api;
        assert_eq!(most(Api::CountTokens, r#"{"model":"m","messages":[]}"#), []);
        assert_eq!(most(Api::Rerank, r#"{"documents":["a"]}"#)[1], ("request", 1));
        assert_eq!(most(Api::Speech, r#"{"input":"h\u00e9!"}"#)[2], ("character", 3));
        assert_eq!(most(Api::ImageGenerations, r#"{"n":2}"#)[2], ("image", 2));
        assert_eq!(most(Api::ChatCompletions, r#"{"n":2}"#)[1], ("output", 2000));
        assert!(most(Api::Embeddings, r#"{"input":"a"}"#).iter().all(|(bucket, _)| *bucket == "input"));
    }
}
