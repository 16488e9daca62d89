//! The last good snapshots on disk, so that a gateway starts without its control plane.
//!
//! A snapshot carries secrets, so it is encrypted under a key derived from the gateway's token: who has the disk but not the
//! token has nothing. Files are written beside and renamed; the newest three are kept.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use ring::aead;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use weir_contract::id::Revision;
use weir_contract::policy::seal::derive;
use weir_contract::policy::{Section, SignedHeader};
use weir_contract::sync::Revised;

const KEPT: usize = 3;
const PREFIX: &str = "policy-";
const SUFFIX: &str = ".sealed";
const NONCE_BYTES: usize = 12;

/// Largest file that is read, bytes unpacked.
const UNPACKED_BYTES_MAX: usize = 256 * 1024 * 1024;

/// The folder of the last good snapshots.
pub(crate) struct Disk {
    dir: PathBuf,
    key: aead::LessSafeKey,
}

/// Everything a start needs.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stored {
    /// Base64, as in the control plane's welcome.
    pub(crate) policy_secret: String,
    /// Base64, as in the control plane's welcome.
    pub(crate) signing_key: String,
    /// The header.
    pub(crate) signed: SignedHeader,
    /// All of its sections.
    pub(crate) sections: Vec<Section>,
}

impl Stored {
    /// The snapshot as if it had just been sent.
    pub(crate) fn revised(&self) -> Revised {
        Revised { signed: self.signed.clone(), sections: self.sections.clone() }
    }
}

/// Why a snapshot was not kept or not found.
#[derive(Debug, Error)]
pub(crate) enum DiskError {
    /// The folder refused.
    #[error("{path}: {source}")]
    Io {
        /// Which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It cannot be encrypted or encoded.
    #[error("the snapshot could not be sealed: {0}")]
    Seal(&'static str),
}

impl Disk {
    /// A folder, made when absent, and the gateway's token.
    pub(crate) fn open(dir: &Path, token: &str) -> Result<Self, DiskError> {
        fs::create_dir_all(dir).map_err(|source| DiskError::Io { path: dir.to_owned(), source })?;
        let key =
            derive(token.as_bytes(), b"weir policy at rest v1").map_err(|_| DiskError::Seal("no key"))?;
        let key = aead::UnboundKey::new(&aead::AES_256_GCM, &key).map_err(|_| DiskError::Seal("no key"))?;
        Ok(Self { dir: dir.to_owned(), key: aead::LessSafeKey::new(key) })
    }

    /// Keeps a snapshot; durable when it returns. `nonce` must be fresh random bytes.
    pub(crate) fn save(
        &self,
        revision: Revision,
        stored: &Stored,
        nonce: [u8; NONCE_BYTES],
    ) -> Result<(), DiskError> {
        let text = serde_json::to_vec(stored).map_err(|_| DiskError::Seal("it cannot be encoded"))?;
        let mut sealed =
            zstd::bulk::compress(&text, 3).map_err(|_| DiskError::Seal("it cannot be compressed"))?;
        let nonce_value = aead::Nonce::assume_unique_for_key(nonce);
        self.key
            .seal_in_place_append_tag(nonce_value, aead::Aad::empty(), &mut sealed)
            .map_err(|_| DiskError::Seal("it cannot be encrypted"))?;
        let path = self.dir.join(format!("{PREFIX}{:020}{SUFFIX}", revision.0));
        write_durably(&path, &[nonce.as_slice(), &sealed].concat())
            .map_err(|source| DiskError::Io { path, source })?;
        self.prune();
        Ok(())
    }

    /// The newest snapshot that opens with this token.
    pub(crate) fn newest(&self) -> Option<Stored> {
        self.files().iter().rev().find_map(|path| {
            let stored = self.read(path);
            if stored.is_none() {
                tracing::warn!(path = %path.display(), "a kept snapshot does not open with this gateway's token");
            }
            stored
        })
    }

    fn read(&self, path: &Path) -> Option<Stored> {
        let bytes = fs::read(path).ok()?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_BYTES)?;
        let nonce = aead::Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut sealed = sealed.to_vec();
        let packed = self.key.open_in_place(nonce, aead::Aad::empty(), &mut sealed).ok()?;
        let text = zstd::bulk::decompress(packed, UNPACKED_BYTES_MAX).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Kept files, oldest first.
    fn files(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(&self.dir) else { return Vec::new() };
        let is_ours = |path: &PathBuf| {
            path.file_name()
                .and_then(|name| name.to_str())
                .is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX))
        };
        let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_ours).collect();
        files.sort();
        files
    }

    fn prune(&self) {
        let files = self.files();
        let old = files.len().saturating_sub(KEPT);
        for path in &files[..old] {
            if let Err(error) = fs::remove_file(path) {
                tracing::warn!(path = %path.display(), %error, "an old snapshot could not be removed");
            }
        }
    }
}

fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let beside = path.with_extension("tmp");
    let mut file = File::options().create(true).truncate(true).write(true).mode(0o600).open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    match path.parent() {
        Some(dir) => File::open(dir)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn stored(revision: u64) -> Stored {
        let Revised { signed, sections } = sample::revised(revision, &sample::content());
        Stored { policy_secret: "cG9saWN5".to_owned(), signing_key: "a2V5".to_owned(), signed, sections }
    }

    #[test]
    fn the_newest_snapshot_comes_back_and_three_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let disk = Disk::open(dir.path(), "wgt_1").unwrap();
        for revision in 8..13 {
            disk.save(Revision(revision), &stored(revision), [u8::try_from(revision).unwrap(); 12]).unwrap();
        }
        assert_eq!(disk.files().len(), KEPT);
        assert_eq!(disk.newest().unwrap().signed, stored(12).signed);
    }

    #[test]
    fn a_damaged_file_gives_way_to_the_one_before() {
        let dir = tempfile::tempdir().unwrap();
        let disk = Disk::open(dir.path(), "wgt_1").unwrap();
        disk.save(Revision(1), &stored(1), [1; 12]).unwrap();
        disk.save(Revision(2), &stored(2), [2; 12]).unwrap();
        fs::write(disk.files().last().unwrap(), b"nonsense nonsense nonsense").unwrap();
        assert_eq!(disk.newest().unwrap().signed, stored(1).signed);
    }

    #[test]
    fn without_the_token_there_is_nothing_to_read() {
        let dir = tempfile::tempdir().unwrap();
        Disk::open(dir.path(), "wgt_1").unwrap().save(Revision(1), &stored(1), [1; 12]).unwrap();
        assert!(Disk::open(dir.path(), "wgt_2").unwrap().newest().is_none());
        let bytes = fs::read(&Disk::open(dir.path(), "wgt_1").unwrap().files()[0]).unwrap();
        assert!(!bytes.windows(8).any(|window| window == b"cG9saWN5"));
    }
}
