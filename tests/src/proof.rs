//! Figures of a story: printed always, kept under `docs/proofs/` when the long forms run.

use std::fmt::Write as _;

use crate::{binary, proving};

/// Records what a story measured. `what` says in one line what was done and how to repeat it.
pub fn record(name: &str, what: &str, figures: &[(&str, String)]) {
    let mut text = format!("# {name}\n\n{what}\n\n");
    for (figure, value) in figures {
        println!("{name}: {figure}: {value}");
        let _ = writeln!(text, "- {figure}: {value}");
    }
    if proving() {
        let folder = binary::root().join("docs/proofs");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}.md")), text).unwrap();
    }
}
