//! A response: the JSON body, which is also what the last event of its stream carries.

use weir_contract::usage::Bucket;

use super::proof;
use crate::{
    answer::Answer,
    api::Work,
    dialect::Dialect,
    error::WireError,
    fault::read_stream_error,
    json::{View, top_level},
    openai::usage,
    quirks::Quirks,
    stream::{Sink, StreamEvent},
};

/// Reads a whole answer; what it means goes to `sink`, as if it had come in events.
pub(crate) fn read(body: &[u8], quirks: Quirks, sink: Sink<'_>) -> Result<Answer, WireError> {
    let top = top_level(body)?;
    let root = View::of_text(top.text());
    let mut answer = Answer { complete: true, ..Answer::default() };
    take_head(root, quirks, &mut answer);
    start(&answer, sink);
    let items = top.get("output").into_iter().flat_map(|output| output.items());
    let mut text_bytes = 0;
    for (index, item) in (0..).zip(items) {
        take_item(index, item, &mut text_bytes, &mut answer, sink);
    }
    if let Some(reason) = answer.finish_reasons.last() {
        sink(StreamEvent::Finish { choice: 0, reason: reason.as_str().into() });
    }
    if answer.usage.is_known() {
        sink(StreamEvent::Usage(answer.usage));
    }
    if has_failed(root) {
        answer.stopped_by_error = read_stream_error(Dialect::Responses, "", top.text());
    }
    Ok(answer)
}

/// Whether the response says of itself that it came to nothing.
pub(super) fn has_failed(response: View<'_>) -> bool {
    response.get("status").and_then(|status| status.text()).is_none_or(|status| status == "failed")
}

/// What a response says of itself beside its items: who, how it ended, what it used.
pub(super) fn take_head(response: View<'_>, quirks: Quirks, answer: &mut Answer) {
    let mut status = None;
    let mut cut_by = None;
    for (key, value) in response.members() {
        let place = match key.as_ref() {
            "id" => &mut answer.response_id,
            "model" => &mut answer.model,
            "status" => {
                status = value.filled_text();
                continue;
            }
            "incomplete_details" => {
                cut_by = value.get("reason").and_then(|reason| reason.filled_text());
                continue;
            }
            "service_tier" => {
                answer.service_tier = value.filled_text().map(std::borrow::Cow::into_owned);
                continue;
            }
            "usage" => {
                take_usage(value, quirks, answer);
                continue;
            }
            _ => continue,
        };
        match value.filled_text() {
            Some(text) if *place != text => *place = text.into_owned(),
            _ => {}
        }
    }
    if let Some(status) = status.filter(|status| !matches!(status.as_ref(), "in_progress" | "queued")) {
        answer.note_finish(cut_by.as_deref().unwrap_or(&status));
    }
    let searches = searches(response);
    if searches > answer.usage.get(Bucket::WebSearch) && answer.usage.is_known() {
        answer.usage.set(Bucket::WebSearch, searches);
    }
}

fn take_usage(value: View<'_>, quirks: Quirks, answer: &mut Answer) {
    let usage = usage::read(&value.opened(), quirks, Work::Generate);
    if usage.is_known() {
        answer.usage = usage;
        value.raw().clone_into(&mut answer.usage_raw);
    }
}

/// Searches the provider ran: the items that searched. Opening a page and looking for words in it are not billed.
fn searches(response: View<'_>) -> u64 {
    let items = response.get("output").into_iter().flat_map(|output| output.items());
    let is = |item: &View<'_>, wanted: &str| {
        item.get("type").is_some_and(|kind| kind.text().as_deref() == Some(wanted))
    };
    let looked = |item: &View<'_>| {
        item.get("action").is_none_or(|action| action.get("type").is_none() || is(&action, "search"))
    };
    items.filter(|item| is(item, "web_search_call") && looked(item)).count() as u64
}

fn text_of<'a>(view: View<'a>, key: &str) -> Option<std::borrow::Cow<'a, str>> {
    view.get(key).and_then(|value| value.filled_text())
}

/// Says who answers.
pub(super) fn start(answer: &Answer, sink: Sink<'_>) {
    let (id, model) = (answer.response_id.as_str().into(), answer.model.as_str().into());
    sink(StreamEvent::Start { id, model });
}

/// Gives an item's text and calls.
fn take_item(index: u32, item: View<'_>, text_bytes: &mut usize, answer: &mut Answer, sink: Sink<'_>) {
    let kind = text_of(item, "type").unwrap_or_default();
    match kind.as_ref() {
        "message" => {
            for part in item.get("content").into_iter().flat_map(|content| content.items()) {
                if let Some(text) = text_of(part, "text") {
                    let offset = *text_bytes;
                    *text_bytes += text.len();
                    answer.note_text(&text);
                    sink(StreamEvent::Text { choice: 0, offset, text });
                } else if let Some(text) = text_of(part, "refusal") {
                    sink(StreamEvent::Refusal { choice: 0, text });
                }
            }
        }
        "reasoning" => {
            let told = ["summary", "content"].into_iter().filter_map(|key| item.get(key));
            told.flat_map(|told| told.items()).filter_map(|part| text_of(part, "text")).for_each(|text| {
                sink(StreamEvent::Reasoning { choice: 0, text });
            });
            proof::tell(item, sink);
        }
        "function_call" | "custom_tool_call" | "mcp_call" => {
            let (id, name) = (text_of(item, "call_id"), text_of(item, "name").unwrap_or_default());
            answer.note_tool_call(&name);
            let id = id.or_else(|| text_of(item, "id")).unwrap_or_default();
            let arguments = text_of(item, "arguments").or_else(|| text_of(item, "input")).unwrap_or_default();
            let hosted = kind == "mcp_call";
            sink(StreamEvent::ToolCall { choice: 0, index, id, name, arguments, hosted });
        }
        _ => sink(StreamEvent::Other { choice: 0, kind, raw: item.raw() }),
    }
}
