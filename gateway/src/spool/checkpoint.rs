//! How far a sink is, in a small file of its own. Losing it costs a resend, never a row: tokens make resending harmless.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::disk::sync_folder_of;

/// A place among the batches: number of the file, number of the batch in it.
pub(super) type Place = (u64, u32);

/// What a sink has done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Checkpoint {
    /// The last batch acknowledged whole.
    pub(super) done: Option<Place>,
    /// Tables of the next batch that are being sent in halves because the whole was refused. Once begun it must go on
    /// in halves: their tokens are not those of the whole.
    #[serde(default)]
    pub(super) halving: Vec<String>,
}

/// Where the sink's checkpoint lies.
fn path(dir: &Path, sink: &str) -> PathBuf {
    dir.join(format!("{sink}.checkpoint"))
}

/// Reads the checkpoint; an absent or unreadable one means "from the beginning of what is left".
pub(super) fn load(dir: &Path, sink: &str) -> Checkpoint {
    let path = path(dir, sink);
    let Ok(text) = std::fs::read(&path) else { return Checkpoint::default() };
    serde_json::from_slice(&text).unwrap_or_else(|error| {
        tracing::warn!(path = %path.display(), %error, "a checkpoint cannot be read: what is left is sent again");
        Checkpoint::default()
    })
}

/// Writes the checkpoint so that after a crash there is either the old or the new one.
pub(super) fn save(dir: &Path, sink: &str, checkpoint: &Checkpoint) -> io::Result<()> {
    let path = path(dir, sink);
    let temporary = path.with_extension("checkpoint.new");
    let mut file = File::create(&temporary)?;
    file.write_all(&serde_json::to_vec(checkpoint)?)?;
    file.sync_all()?;
    std::fs::rename(&temporary, &path)?;
    sync_folder_of(&path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_is_read_back_and_a_broken_one_means_the_beginning() {
        let dir = tempfile::tempdir().unwrap();
        let checkpoint = Checkpoint { done: Some((7, 3)), halving: vec!["llm_calls".to_owned()] };
        save(dir.path(), "archive", &checkpoint).unwrap();
        assert_eq!(load(dir.path(), "archive"), checkpoint);
        assert_eq!(load(dir.path(), "books"), Checkpoint::default());
        std::fs::write(path(dir.path(), "archive"), "{").unwrap();
        assert_eq!(load(dir.path(), "archive"), Checkpoint::default());
    }
}
