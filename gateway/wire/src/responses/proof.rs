//! What proves a thought, in the one member the format has for it: `encrypted_content` of a reasoning item. OpenAI's own stands
//! there as it is; another provider's with its format before it, so that it finds its way back.

use std::borrow::Cow;

use crate::{
    json::View,
    model::{Part, Signature, Text},
    stream::{Sink, StreamEvent},
};

/// Before a proof that is not OpenAI's.
const FOREIGN: &str = "weir:";

/// The member's text for a proof. `sealed` says that the proof is the thought itself.
pub(super) fn write(proof: &Signature<'_>, sealed: bool) -> String {
    if proof.is_responses() && sealed {
        return proof.text.as_ref().to_owned();
    }
    let kind = if sealed { "sealed" } else { "signed" };
    format!("{FOREIGN}{kind}:{}:{}", proof.format, proof.text)
}

/// What an item of reasoning holds: the thought in words, its proof, or both.
pub(super) fn read<'a>(words: Option<Text<'a>>, held: Option<Cow<'a, str>>) -> Vec<Part<'a>> {
    let Some(held) = held else { return words.map(Part::thought).into_iter().collect() };
    match foreign(&held) {
        Some((true, proof)) => {
            let text = words.unwrap_or_else(|| Text::loose(""));
            vec![Part::Reasoning { text, signature: Some(proof) }]
        }
        Some((false, proof)) => words.map(Part::thought).into_iter().chain([Part::Sealed(proof)]).collect(),
        None => {
            let proof = Signature::of_responses(held);
            words.map(Part::thought).into_iter().chain([Part::Sealed(proof)]).collect()
        }
    }
}

/// Whether it signs, and the proof, where it is another provider's.
fn foreign(held: &str) -> Option<(bool, Signature<'static>)> {
    let (kind, rest) = held.strip_prefix(FOREIGN)?.split_once(':')?;
    let (format, text) = rest.split_once(':')?;
    let proof = Signature { format: format.to_owned().into(), text: text.to_owned().into() };
    Some((kind == "signed", proof))
}

/// Tells the proof of a reasoning item whose words were told before.
pub(super) fn tell(item: View<'_>, sink: Sink<'_>) {
    let Some(held) = item.get("encrypted_content").and_then(|held| held.filled_text()) else { return };
    let event = match foreign(&held) {
        Some((true, signature)) => StreamEvent::Signed { choice: 0, signature },
        Some((false, signature)) => StreamEvent::Sealed { choice: 0, signature },
        None => StreamEvent::Sealed { choice: 0, signature: Signature::of_responses(held) },
    };
    sink(event);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_proof_comes_back_as_what_it_was() {
        for (proof, sealed) in [
            (Signature::of_responses("abc"), true),
            (Signature::of_anthropic("a:b"), false),
            (Signature::of_gemini("c"), true),
        ] {
            let held = write(&proof, sealed);
            let wanted = if sealed {
                Part::Sealed(proof)
            } else {
                Part::Reasoning { text: Text::loose(""), signature: Some(proof) }
            };
            assert_eq!(read(None, Some(held.into())), [wanted]);
        }
    }
}
