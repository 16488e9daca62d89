//! What is said, with its places: for dialects in which two sides take turns and instructions stand apart, and for those in which
//! everything is an item.

use super::{At, Fit, is_object};
use crate::model::{Conversation, Message, Part, Role};

/// A part with its place, and the cache mark that stands behind it.
#[derive(Clone, Copy)]
pub(crate) struct Located<'p, 'a> {
    pub(crate) at: At,
    pub(crate) part: &'p Part<'a>,
    pub(crate) mark: Option<&'p str>,
}

/// What one side says before the other speaks.
pub(crate) struct Turn<'p, 'a> {
    /// `user`, or the target's word for the model.
    pub(crate) role: &'static str,
    pub(crate) parts: Vec<Located<'p, 'a>>,
}

/// Each part with its place and its mark; what a part rests on is left out.
pub(crate) fn located<'p, 'a>(
    message: Option<usize>,
    parts: &'p [Part<'a>],
    fit: &mut Fit,
) -> Vec<Located<'p, 'a>> {
    let mut found: Vec<Located<'p, 'a>> = Vec::new();
    for part in parts {
        let at = At { message, part: found.len() };
        match part {
            Part::CacheMark(mark) => match found.last_mut() {
                Some(last) => last.mark = Some(mark),
                None => fit.drop("cache_control"),
            },
            Part::Citation(_) => fit.drop(format_args!("{at}.citations")),
            part => found.push(Located { at, part, mark: None }),
        }
    }
    found
}

/// The same for a target that knows no cache marks.
pub(crate) fn unmarked<'p, 'a>(
    message: Option<usize>,
    parts: &'p [Part<'a>],
    fit: &mut Fit,
) -> Vec<Located<'p, 'a>> {
    let found = located(message, parts, fit);
    if found.iter().any(|one| one.mark.is_some()) {
        fit.drop("cache_control");
    }
    found
}

/// What of a message no other dialect has a place for.
pub(crate) fn account(place: usize, message: &Message<'_>, fit: &mut Fit) {
    if message.name.is_some() {
        fit.drop(format_args!("messages[{place}].name"));
    }
    for (key, _) in &message.rest {
        fit.refuse(format_args!("messages[{place}].{key}"), "it has no word for it");
    }
}

/// Nobody of that role speaks there.
pub(crate) fn refuse_speaker(place: usize, fit: &mut Fit) {
    fit.refuse(format_args!("messages[{place}].role"), "nobody of that role speaks there");
}

/// Whether a part is a call of the caller's own tool or what one gave. A provider's own tool, and what has no word, are refused; a
/// call whose arguments are no object stands, with its refusal.
pub(crate) fn is_call_or_result(at: At, part: &Part<'_>, fit: &mut Fit) -> bool {
    match part {
        Part::ToolCall { hosted: true, name, .. } => {
            fit.refuse(at, format!("the call of `{name}`, a provider's own tool"));
        }
        Part::ToolResult { hosted: true, .. } => {
            fit.refuse(at, "the answer of a provider's own tool means nothing elsewhere");
        }
        Part::ToolCall { arguments, .. } => {
            if !arguments.text.trim().is_empty() && !is_object(&arguments.text) {
                fit.refuse(format_args!("{at}.arguments"), "a call's arguments must be one JSON object");
            }
            return true;
        }
        Part::ToolResult { .. } => return true,
        Part::Other { kind, .. } => fit.refuse(at, format!("it has no word for `{kind}`")),
        _ => {}
    }
    false
}

/// How a target takes turns.
pub(crate) struct Manner<'m> {
    /// The model's role.
    pub(crate) model: &'static str,
    /// How parts are found.
    pub(crate) locate: for<'p, 'a> fn(Option<usize>, &'p [Part<'a>], &mut Fit) -> Vec<Located<'p, 'a>>,
    /// Whether that side can say the part; says so where it cannot.
    pub(crate) is_sayable: &'m dyn Fn(&Located<'_, '_>, &str, &mut Fit) -> bool,
}

/// Sorts what is said into instructions and turns; parts that cannot be said are left out and accounted for. A tool's answer is
/// said by the user, before anything else.
pub(crate) fn in_turns<'p, 'a>(
    said: &'p Conversation<'a>,
    manner: &Manner<'_>,
    fit: &mut Fit,
) -> (Vec<Located<'p, 'a>>, Vec<Turn<'p, 'a>>) {
    let mut system = (manner.locate)(None, &said.system, fit);
    let mut turns: Vec<Turn<'p, 'a>> = Vec::new();
    for (place, message) in said.messages.iter().enumerate() {
        account(place, message, fit);
        let mut found = (manner.locate)(Some(place), &message.parts, fit);
        let role = match message.role {
            Role::System | Role::Developer => {
                if !turns.is_empty() {
                    fit.adapt(format_args!("messages[{place}].role"), "system");
                }
                system.extend(found);
                continue;
            }
            Role::User | Role::Tool => "user",
            Role::Assistant => manner.model,
            Role::Other(_) => {
                refuse_speaker(place, fit);
                continue;
            }
        };
        found.retain(|one| (manner.is_sayable)(one, role, fit));
        match turns.last_mut() {
            _ if found.is_empty() => {}
            Some(turn) if turn.role == role => turn.parts.extend(found),
            _ => turns.push(Turn { role, parts: found }),
        }
    }
    for turn in turns.iter_mut().filter(|turn| turn.role == "user") {
        turn.parts.sort_by_key(|one| !matches!(one.part, Part::ToolResult { .. }));
    }
    (system, turns)
}
