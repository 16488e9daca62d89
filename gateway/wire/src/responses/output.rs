//! The items of an answer and the response around them, as they are written whole and at the end of a stream.

use weir_contract::usage::{Bucket, Usage};

use super::echo::Echo;
use crate::{
    json::JsonText,
    model::{Citation, Finish},
};

/// What an item is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Words.
    Text,
    /// Words of refusal.
    Refusal,
    /// A thought, with what proves it.
    Reasoning(Option<String>),
    /// A call: its id and the tool's name; its text are the arguments.
    Call(String, String),
}

/// One item of the output.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) id: String,
    pub(super) kind: Kind,
    pub(super) text: String,
    pub(super) citations: Vec<Citation<'static>>,
}

impl Item {
    /// The item's name in a response of that id, the `number`th of its items.
    pub(super) fn new(kind: Kind, response: &str, number: usize) -> Self {
        let prefix = match kind {
            Kind::Text | Kind::Refusal => "msg",
            Kind::Reasoning(_) => "rs",
            Kind::Call(..) => "fc",
        };
        let id = format!("{prefix}_{response}_{number}");
        Self { id, kind, text: String::new(), citations: Vec::new() }
    }

    /// Writes the item; one that only begins has nothing in it.
    pub(super) fn write(&self, begins: bool, json: &mut JsonText) {
        let status = if begins { "in_progress" } else { "completed" };
        json.object(|json| {
            json.key("id").text(&self.id);
            match &self.kind {
                Kind::Text | Kind::Refusal => {
                    json.key("type").text("message");
                    json.key("status").text(status);
                    json.key("role").text("assistant");
                    json.key("content").array(|json| {
                        if !begins {
                            self.write_part(json);
                        }
                    });
                }
                Kind::Reasoning(proof) => {
                    json.key("type").text("reasoning");
                    json.key("summary").array(|json| {
                        if !begins && !self.text.is_empty() {
                            self.write_part(json);
                        }
                    });
                    if let Some(proof) = proof.as_ref().filter(|_| !begins) {
                        json.key("encrypted_content").text(proof);
                    }
                }
                Kind::Call(call_id, name) => {
                    json.key("type").text("function_call");
                    json.key("status").text(status);
                    json.key("call_id").text(call_id);
                    json.key("name").text(name);
                    json.key("arguments").text(if begins { "" } else { self.arguments() });
                }
            }
        });
    }

    /// A call without arguments says so.
    pub(super) fn arguments(&self) -> &str {
        if self.text.is_empty() { "{}" } else { &self.text }
    }

    /// The one part that a message, or a thought's summary, has.
    pub(super) fn write_part(&self, json: &mut JsonText) {
        json.object(|json| match self.kind {
            Kind::Refusal => {
                json.key("type").text("refusal");
                json.key("refusal").text(&self.text);
            }
            Kind::Reasoning(_) => {
                json.key("type").text("summary_text");
                json.key("text").text(&self.text);
            }
            Kind::Text | Kind::Call(..) => {
                json.key("type").text("output_text");
                json.key("text").text(&self.text);
                json.key("annotations").array(|json| {
                    self.citations.iter().for_each(|one| write_citation(one, json));
                });
                json.key("logprobs").array(|_| ());
            }
        });
    }
}

fn write_citation(citation: &Citation<'_>, json: &mut JsonText) {
    json.object(|json| {
        json.key("type").text("url_citation");
        json.key("url").text(&citation.url);
        json.key("title").text(&citation.title);
        json.key("start_index").count(citation.span.0);
        json.key("end_index").count(citation.span.1);
    });
}

/// What a response says of itself.
pub(super) struct Head<'h> {
    pub(super) id: &'h str,
    pub(super) model: &'h str,
    pub(super) created_s: i64,
    /// Why it ended; nothing while it goes on.
    pub(super) finish: Option<Finish>,
    pub(super) usage: &'h Usage,
    /// What of the request is repeated.
    pub(super) echo: &'h Echo,
}

/// Writes a response with its items.
pub(super) fn write_response<'i>(
    head: &Head<'_>,
    items: impl Iterator<Item = &'i Item>,
    json: &mut JsonText,
) {
    let cut_by = match head.finish {
        Some(Finish::Length) => Some("max_output_tokens"),
        Some(Finish::Refused) => Some("content_filter"),
        _ => None,
    };
    let status = match (head.finish, cut_by) {
        (None, _) => "in_progress",
        (Some(_), Some(_)) => "incomplete",
        (Some(_), None) => "completed",
    };
    json.object(|json| {
        json.key("id").text(head.id);
        json.key("object").text("response");
        json.key("created_at").raw(&head.created_s.to_string());
        json.key("status").text(status);
        json.key("error").null();
        match cut_by {
            Some(reason) => json.key("incomplete_details").object(|json| json.key("reason").text(reason)),
            None => json.key("incomplete_details").null(),
        }
        json.key("instructions").null();
        json.key("model").text(head.model);
        json.key("output").array(|json| items.for_each(|item| item.write(false, json)));
        json.key("previous_response_id").null();
        head.echo.write(json);
        json.key("completed_at").null();
        json.key("store").flag(false);
        json.key("tool_choice").text("auto");
        json.key("tools").array(|_| ());
        if head.finish.is_some() && head.usage.is_known() {
            json.key("usage");
            write_usage(head.usage, json);
        } else {
            json.key("usage").null();
        }
    });
}

/// The counts as OpenAI includes them in one another.
fn write_usage(usage: &Usage, json: &mut JsonText) {
    let (input, output) = (usage.input_total(), usage.output_total());
    let written = usage.get(Bucket::CacheWrite5m) + usage.get(Bucket::CacheWrite1h);
    json.object(|json| {
        json.key("input_tokens").count(input);
        json.key("input_tokens_details").object(|json| {
            json.key("cached_tokens").count(usage.get(Bucket::CacheRead));
            json.key("cache_write_tokens").count(written);
        });
        json.key("output_tokens").count(output);
        json.key("output_tokens_details").object(|json| {
            json.key("reasoning_tokens").count(usage.get(Bucket::Reasoning));
        });
        json.key("total_tokens").count(input + output);
    });
}
