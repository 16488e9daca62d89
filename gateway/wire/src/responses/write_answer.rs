//! A response written from the internal reply.

use super::output::{Head, Item, Kind, write_response};
use super::proof;
use crate::{
    json::JsonText,
    model::{Citation, Part, Reply},
    translate::Terms,
};

/// Writes the answer. The format has room for one choice.
pub(crate) fn write_answer(reply: &Reply, terms: &Terms) -> Vec<u8> {
    let choice = reply.choices.first();
    let mut items: Vec<Item> = Vec::new();
    for part in choice.into_iter().flat_map(|choice| &choice.message.parts) {
        add(&mut items, part, &reply.id);
    }
    let finish = Some(choice.and_then(|choice| choice.finish).unwrap_or_default());
    let (created_s, echo) = (terms.created_s, &terms.echo);
    let head = Head { id: &reply.id, model: &reply.model, created_s, finish, usage: &reply.usage, echo };
    let mut json = JsonText::default();
    write_response(&head, items.iter(), &mut json);
    json.into_bytes()
}

/// Makes an item of a part; what a text rests on belongs to the text before it.
fn add(items: &mut Vec<Item>, part: &Part<'_>, response: &str) {
    let (kind, text) = match part {
        Part::Text(text) => (Kind::Text, text.text.as_ref()),
        Part::Refusal(text) => (Kind::Refusal, text.text.as_ref()),
        Part::Reasoning { text, signature } => {
            let proof = signature.as_ref().map(|signature| proof::write(signature, false));
            (Kind::Reasoning(proof), text.text.as_ref())
        }
        Part::Sealed(sealed) => (Kind::Reasoning(Some(proof::write(sealed, true))), ""),
        Part::ToolCall { id, name, arguments, .. } => {
            (Kind::Call(id.as_ref().to_owned(), name.as_ref().to_owned()), arguments.text.as_ref())
        }
        Part::Citation(citation) => {
            if let Some(item) = items.last_mut().filter(|item| item.kind == Kind::Text) {
                item.citations.push(Citation::into_owned(citation.as_ref().clone()));
            }
            return;
        }
        _ => return,
    };
    let mut item = Item::new(kind, response, items.len());
    text.clone_into(&mut item.text);
    items.push(item);
}
