//! The first words of what a request asks, for lists, wherever its route has them.

use std::borrow::Cow;

use weir_wire::json::View;
use weir_wire::{Peek, first_chars};

/// How many characters are kept.
const PREVIEW_CHARS: usize = 200;

/// Members that hold turns, and members that hold what is asked without any.
const TURNS: [&str; 3] = ["messages", "contents", "input"];
const PLAIN: [&str; 5] = ["input", "prompt", "query", "content", "instructions"];

/// The first words of the newest user turn; where there are no turns, of the text itself.
pub(crate) fn preview(peek: &Peek<'_>) -> String {
    let turns = TURNS.iter().filter_map(|key| peek.top.get(key)).find_map(newest);
    let text = turns.or_else(|| PLAIN.iter().filter_map(|key| peek.top.get(key)).find_map(words));
    text.map(|text| first_chars(&text, PREVIEW_CHARS).to_owned()).unwrap_or_default()
}

/// The words of the newest user turn.
fn newest(turns: View<'_>) -> Option<Cow<'_, str>> {
    turns.items().filter_map(said_by_user).last().and_then(words)
}

/// What a turn says when it is the user's; Gemini's turns without a role are.
fn said_by_user(turn: View<'_>) -> Option<View<'_>> {
    let (mut role, mut content, mut parts) = (None, None, None);
    for (key, value) in turn.members().filter(|(_, value)| !value.is_null()) {
        match key.as_ref() {
            "role" => role = value.text(),
            "content" => content = Some(value),
            "parts" => parts = Some(value),
            _ => {}
        }
    }
    let is_users = role.map_or(parts.is_some(), |role| role == "user");
    content.or(parts).filter(|_| is_users)
}

/// Text as a string, as the first part that has some, or as the first of several strings.
fn words(view: View<'_>) -> Option<Cow<'_, str>> {
    let parts = view.get("parts").unwrap_or(view);
    view.text().or_else(|| parts.items().find_map(|part| part.get("text").unwrap_or(part).text()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_wire::{Api, peek_on};

    fn told(api: Api, body: &str) -> String {
        preview(&peek_on(api, Some("m"), "", body.as_bytes()).unwrap())
    }

    #[test]
    fn the_preview_is_the_newest_user_turn_or_the_text_itself() {
        for (api, body) in [
            (
                Api::ChatCompletions,
                r#"{"messages":[{"role":"user","content":"old"},{"role":"user","content":"see"},{"role":"assistant","content":"a"}]}"#,
            ),
            (
                Api::Messages,
                r#"{"model":"m","messages":[{"role":"user","content":[{"type":"image"},{"type":"text","text":"see"}]}]}"#,
            ),
            (
                Api::GenerateContent,
                r#"{"contents":[{"parts":[{"text":"see"}]},{"role":"model","parts":[{"text":"a"}]}]}"#,
            ),
            (Api::Responses, r#"{"input":"see"}"#),
            (Api::Responses, r#"{"input":[{"role":"user","content":[{"type":"input_text","text":"see"}]}]}"#),
            (Api::Embeddings, r#"{"input":["see","b"]}"#),
            (Api::EmbedContent, r#"{"content":{"parts":[{"text":"see"}]}}"#),
            (Api::Rerank, r#"{"query":"see","documents":[]}"#),
            (Api::ImageGenerations, r#"{"prompt":"see"}"#),
        ] {
            assert_eq!(told(api, body), "see", "{api:?}");
        }
    }
}
