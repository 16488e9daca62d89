//! What a request asks a model to be able to do, and where it does.

use std::borrow::Cow;

use weir_contract::policy::Ability;

use super::{Conversation, Format, Media, Message, Part};
use crate::dialect::Dialect;
use crate::translate::spelled;

/// A request asks for an ability.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    /// Which.
    pub ability: Ability,
    /// The member that asks for it, as its caller writes it.
    pub param: String,
}

/// Everything a request of that dialect asks a model to be able to do, each ability at the first place that asks for it.
///
/// A tool that its provider runs itself asks for nothing here: providers offer those by model, and nobody lists them.
#[must_use]
pub fn demands(caller: Dialect, said: &Conversation<'_>) -> Vec<Demand> {
    let mut found: Vec<Demand> = Vec::new();
    let mut ask = |ability: Ability, param: &str| {
        if !found.iter().any(|demand| demand.ability == ability) {
            found.push(Demand { ability, param: spelled(caller, param) });
        }
    };
    if said.tools.iter().any(|tool| tool.kind.is_none()) {
        ask(Ability::Tools, "tools");
    }
    if matches!(said.settings.format, Format::Schema { .. }) {
        ask(Ability::JsonSchema, "response_format");
    }
    if said.settings.reasoning.is_on() {
        ask(Ability::Reasoning, "reasoning_effort");
    }
    for (key, raw) in &said.rest {
        if is_modalities(key) && raw.to_ascii_lowercase().contains("\"audio\"") {
            ask(Ability::AudioOutput, key);
        }
    }
    for (place, message) in said.messages.iter().enumerate() {
        of_message(place, message, &mut ask);
    }
    found
}

/// How both families that have them call the kinds of answer they want: OpenAI's and Gemini's.
fn is_modalities(key: &str) -> bool {
    matches!(key, "modalities" | "generationConfig.responseModalities")
}

fn of_message(place: usize, message: &Message<'_>, ask: &mut impl FnMut(Ability, &str)) {
    let mut asks = |at: usize, part: &Part<'_>| {
        if let Some(ability) = of_part(part) {
            ask(ability, &format!("messages[{place}].content[{at}]"));
        }
    };
    for (at, part) in message.parts.iter().enumerate() {
        match part {
            Part::ToolResult { parts, .. } => parts.iter().for_each(|part| asks(at, part)),
            part => asks(at, part),
        }
    }
}

fn of_part(part: &Part<'_>) -> Option<Ability> {
    match part {
        Part::Image(_) => Some(Ability::Vision),
        Part::Audio(_) => Some(Ability::AudioInput),
        Part::File(media) if is_pdf(media) => Some(Ability::PdfInput),
        _ => None,
    }
}

fn is_pdf(media: &Media<'_>) -> bool {
    let ends = |text: &Option<Cow<'_, str>>, end: &str| {
        text.as_deref().is_some_and(|text| text.to_ascii_lowercase().ends_with(end))
    };
    ends(&media.media_type, "/pdf") || ends(&media.name, ".pdf")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::read_conversation;

    fn asked(dialect: Dialect, body: &str) -> Vec<(Ability, String)> {
        let said = read_conversation(dialect, body.as_bytes()).unwrap();
        demands(dialect, &said).into_iter().map(|demand| (demand.ability, demand.param)).collect()
    }

    fn named(wanted: &[(Ability, &str)]) -> Vec<(Ability, String)> {
        wanted.iter().map(|(ability, param)| (*ability, (*param).to_owned())).collect()
    }

    #[test]
    fn plain_words_ask_for_nothing() {
        let body = r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"modalities":["text"]}"#;
        assert_eq!(asked(Dialect::OpenAi, body), []);
        let hosted = r#"{"model":"m","input":"hi","tools":[{"type":"web_search"}]}"#;
        assert_eq!(asked(Dialect::Responses, hosted), []);
    }

    #[test]
    fn every_ability_is_found_where_chat_completions_ask_for_it() {
        let body = r#"{"model":"m","reasoning_effort":"low","modalities":["text","audio"],"messages":[
            {"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"t"},
                {"type":"image_url","image_url":{"url":"https://example.org/a.png"}},
                {"type":"image_url","image_url":{"url":"https://example.org/b.png"}},
                {"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}},
                {"type":"file","file":{"filename":"a.PDF","file_data":"data:application/pdf;base64,AAAA"}}]}],
            "tools":[{"type":"function","function":{"name":"f","parameters":{}}}],
            "response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}}}"#;
        let wanted = named(&[
            (Ability::Tools, "tools"),
            (Ability::JsonSchema, "response_format"),
            (Ability::Reasoning, "reasoning_effort"),
            (Ability::AudioOutput, "modalities"),
            (Ability::Vision, "messages[1].content[1]"),
            (Ability::AudioInput, "messages[1].content[3]"),
            (Ability::PdfInput, "messages[1].content[4]"),
        ]);
        assert_eq!(asked(Dialect::OpenAi, body), wanted);
    }

    #[test]
    fn other_formats_ask_in_their_own_words() {
        let messages = r#"{"model":"m","max_tokens":9,"thinking":{"type":"enabled","budget_tokens":1024},"messages":[
            {"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[
                {"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA"}}]}]}]}"#;
        let wanted = [(Ability::Reasoning, "thinking"), (Ability::Vision, "messages[0].content[0]")];
        assert_eq!(asked(Dialect::Anthropic, messages), named(&wanted));
        let contents = r#"{"contents":[{"role":"user","parts":[
            {"inlineData":{"mimeType":"application/pdf","data":"AA"}}]}],
            "generationConfig":{"responseModalities":["AUDIO"],"responseMimeType":"application/json",
                "responseSchema":{"type":"object"}}}"#;
        let wanted = [
            (Ability::JsonSchema, "generationConfig.responseSchema"),
            (Ability::AudioOutput, "generationConfig.responseModalities"),
            (Ability::PdfInput, "contents[0].parts[0]"),
        ];
        assert_eq!(asked(Dialect::Gemini, contents), named(&wanted));
        let input = r#"{"model":"m","input":[{"role":"user","content":[
            {"type":"input_image","image_url":"https://example.org/a.png"}]}],"reasoning":{"effort":"low"}}"#;
        let wanted = [(Ability::Reasoning, "reasoning.effort"), (Ability::Vision, "input")];
        assert_eq!(asked(Dialect::Responses, input), named(&wanted));
    }
}
