//! How well a request fits a target: what it cannot say, what it can do without, and what it says another way. Nothing is
//! lost without a line here.

use std::borrow::Cow;
use std::fmt;

use thiserror::Error;

use super::spelling::spelled;
use crate::{
    dialect::Dialect,
    json::View,
    model::{HINTS, Tool},
};

/// How many lines of each kind are kept; a header has to hold them.
const LINES_MAX: usize = 24;

/// A request asks for something that the target's dialect cannot say.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{param}` cannot be said in the {target} format: {why}")]
pub struct Unsupported {
    /// The member of the caller's request.
    pub param: String,
    /// The target's dialect, or its host's name where that has words of its own.
    pub target: &'static str,
    /// Why not.
    pub why: Cow<'static, str>,
}

/// What became of a request on its way, beside its words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Members that were left out.
    pub dropped: Vec<String>,
    /// Members that are said another way, and how (`response_format=tool`).
    pub adapted: Vec<String>,
}

/// The account of one translation, kept while it is written.
#[derive(Debug)]
pub(crate) struct Fit {
    caller: Dialect,
    target: &'static str,
    /// Whether messages stand at other places than in the caller's request.
    moved: bool,
    refused: Vec<Unsupported>,
    losses: Losses,
}

impl Fit {
    pub(crate) const fn new(caller: Dialect, target: Dialect) -> Self {
        let losses = Losses { dropped: Vec::new(), adapted: Vec::new() };
        Self { caller, target: target.name(), moved: false, refused: Vec::new(), losses }
    }

    /// Of a request in the host's format for a host that says it in words of its own: as the caller wrote it, or translated before.
    pub(crate) fn of_host(caller: Dialect, format: Dialect, name: &'static str) -> Self {
        Self { target: name, moved: caller != format, ..Self::new(caller, format) }
    }

    /// The target cannot say this.
    pub(crate) fn refuse(&mut self, param: impl fmt::Display, why: impl Into<Cow<'static, str>>) {
        if self.refused.len() < LINES_MAX {
            self.refused.push(Unsupported {
                param: self.spelled(&param.to_string()),
                target: self.target,
                why: why.into(),
            });
        }
    }

    /// The target has no word for this, and answers the same without it.
    pub(crate) fn drop(&mut self, param: impl fmt::Display) {
        let param = self.spelled(&param.to_string());
        note(&mut self.losses.dropped, param);
    }

    /// The target is told this another way.
    pub(crate) fn adapt(&mut self, param: impl fmt::Display, how: impl fmt::Display) {
        let param = self.spelled(&param.to_string());
        note(&mut self.losses.adapted, format!("{param}={how}"));
    }

    /// Whether the target can offer the tool: one of the caller's own, with a name of at most so many plain characters.
    pub(crate) fn takes_tool(&mut self, place: usize, tool: &Tool<'_>, most: usize) -> bool {
        if let Some(kind) = &tool.kind {
            self.refuse(format_args!("tools[{place}]"), format!("`{kind}` is a tool of its own provider"));
            return false;
        }
        if !is_plain_name(&tool.name, most) {
            let why = format!("a tool's name has at most {most} letters, digits, `_` or `-`");
            self.refuse(format_args!("tools[{place}].name"), why);
            return false;
        }
        true
    }

    /// What a model must keep to, it is asked to keep to: only the guarantee is lost.
    pub(crate) fn loosen(&mut self, place: usize, tool: &Tool<'_>) {
        if tool.strict == Some(true) {
            self.drop(format_args!("tools[{place}].strict"));
        }
    }

    /// Settings the target has no word for, each with whether it was asked for.
    pub(crate) fn refuse_asked(&mut self, settings: &[(&str, bool)]) {
        for (param, _) in settings.iter().filter(|(_, asked)| *asked) {
            self.refuse(param, "it has no word for it");
        }
    }

    /// Members nobody has a word for.
    pub(crate) fn leftovers(&mut self, rest: &[(Cow<'_, str>, &str)]) {
        for (key, raw) in rest {
            let says_nothing = matches!(*raw, "false" | "{}" | "[]");
            if HINTS.contains(&key.as_ref()) || says_nothing {
                if !says_nothing {
                    self.drop(key);
                }
            } else {
                self.refuse(key, "it has no word for it");
            }
        }
    }

    /// The verdict: what was lost, or the first thing that cannot be. With `may_drop`, the caller takes the loss.
    pub(crate) fn verdict(mut self, may_drop: bool) -> Result<Losses, Unsupported> {
        if !may_drop && !self.refused.is_empty() {
            return Err(self.refused.swap_remove(0));
        }
        for refused in self.refused {
            note(&mut self.losses.dropped, refused.param);
        }
        Ok(self.losses)
    }

    /// The caller's word for a setting of ours, without a message's place where messages have moved.
    fn spelled(&self, param: &str) -> String {
        let moved = self.moved && param.starts_with("messages[");
        spelled(self.caller, if moved { "messages" } else { param })
    }
}

fn note(list: &mut Vec<String>, line: String) {
    if list.len() < LINES_MAX && !list.contains(&line) {
        list.push(line);
    }
}

/// A place in a request, in words a caller finds it by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct At {
    /// The message; `None` for the instructions that stand apart.
    pub(crate) message: Option<usize>,
    /// The part of it.
    pub(crate) part: usize,
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.message {
            Some(message) => write!(f, "messages[{message}].content[{}]", self.part),
            None => write!(f, "system[{}]", self.part),
        }
    }
}

/// Whether a tool's or schema's name is one that both families of providers take.
pub(crate) fn is_plain_name(name: &str, most: usize) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    !name.is_empty() && name.len() <= most && name.bytes().all(plain)
}

/// The id of a tool call as the target takes it: as it is, or a stable name made of it, the same for call and answer.
pub(crate) fn fitting_id(id: &str, fits: impl Fn(&str) -> bool, digits: usize) -> Cow<'_, str> {
    if fits(id) {
        return Cow::Borrowed(id);
    }
    // FNV-1a, 128 bits: stable between processes and versions, which the standard library's hashes are not.
    let hash = id.bytes().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128, |hash, byte| {
        (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    });
    let text = format!("{hash:032x}");
    Cow::Owned(text[..digits.min(32)].to_owned())
}

/// Whether the JSON text is an object.
pub(crate) fn is_object(text: &str) -> bool {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<&serde_json::value::RawValue>();
    let one = matches!(values.next(), Some(Ok(value)) if View::of_text(value.get()).is_object());
    one && values.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_fits_stays_and_another_gets_a_stable_name() {
        let fits = |id: &str| is_plain_name(id, 40);
        assert_eq!(fitting_id("toolu_01", fits, 24), "toolu_01");
        let made = fitting_id("call|1 of 2", fits, 24);
        assert_eq!(made, fitting_id("call|1 of 2", fits, 24));
        assert_eq!(made.len(), 24);
        assert_ne!(made, fitting_id("call|2 of 2", fits, 24));
    }

    #[test]
    fn the_first_refusal_is_the_verdict_unless_dropping_is_allowed() {
        let account = || {
            let mut fit = Fit::new(Dialect::OpenAi, Dialect::Anthropic);
            fit.refuse("n", "it gives one answer");
            fit.refuse("seed", "it has no word for it");
            fit.drop("metadata");
            fit
        };
        let refused = account().verdict(false).unwrap_err();
        assert_eq!(refused.to_string(), "`n` cannot be said in the anthropic format: it gives one answer");
        assert_eq!(account().verdict(true).unwrap().dropped, ["metadata", "n", "seed"]);
    }

    #[test]
    fn a_message_that_has_moved_is_named_without_its_place() {
        for (caller, format, param) in [
            (Dialect::OpenAi, Dialect::OpenAi, "messages[1].name"),
            (Dialect::Anthropic, Dialect::OpenAi, "messages"),
            (Dialect::Gemini, Dialect::OpenAi, "contents"),
            (Dialect::Anthropic, Dialect::Anthropic, "messages[1].name"),
            (Dialect::OpenAi, Dialect::Anthropic, "messages"),
        ] {
            let mut fit = Fit::of_host(caller, format, "h");
            fit.refuse("messages[1].name", "it has no word for it");
            assert_eq!(fit.verdict(false).unwrap_err().param, param);
        }
    }

    #[test]
    fn only_one_whole_object_is_an_object() {
        assert!(is_object(r#" {"a":[1]} "#));
        for text in ["", "1", "[]", r#"{"a":1"#, r#"{"a":1}{"b":2}"#, "null"] {
            assert!(!is_object(text), "{text}");
        }
    }
}
