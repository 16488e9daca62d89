//! What a step changes, as pages show it: by object, each with a link to where it can be seen.

use weir_web::part::Change as Shown;
use weir_web::url;

use crate::versions::{Change, How};

/// Changes of the draft: what is there leads to its own page.
pub(super) fn of_draft(changes: &[Change]) -> Vec<Shown> {
    let own = |change: &Change| if change.how == How::Removed { None } else { url::object(&change.id) };
    changes.iter().map(|change| shown(change, own(change))).collect()
}

/// Changes of another time: what they speak of may be gone, its history is not.
pub(super) fn of_then(changes: &[Change]) -> Vec<Shown> {
    changes.iter().map(|change| shown(change, None)).collect()
}

fn shown(change: &Change, own: Option<String>) -> Shown {
    let Change { kind, id, name, how, lines, .. } = change;
    let history = || (!id.is_empty()).then(|| url::history(kind, id));
    Shown {
        kind: kind.clone(),
        name: if id.is_empty() { "book".to_owned() } else { name.clone() },
        href: own.or_else(history).or_else(|| Some(url::prices("", true, ""))),
        how: how.word(),
        lines: lines.clone(),
    }
}
