//! The master keys a control plane has: the current one and, while it is being changed, the one that comes.
//!
//! The coming key stands beside the current one, `master.key.next`, and takes its place when every secret is wrapped
//! with it. A key that was replaced while this process runs is kept in memory, so that nothing fails halfway.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use weir_contract::clock::Randomness;
use weir_contract::policy::{PolicySecret, seal};
use zeroize::Zeroizing;

use super::VaultError;

/// One master key.
pub(super) struct Master {
    /// Twelve digits that name it and say nothing about it.
    pub(super) id: String,
    pub(super) key: PolicySecret,
}

impl Master {
    pub(super) fn new(raw: &[u8; 32]) -> Result<Arc<Self>, VaultError> {
        let sealed = |source| VaultError::Sealed { id: "master".to_owned(), source };
        let name = seal::derive(raw, b"weir master key id v1").map_err(sealed)?;
        let id = seal::sha256_hex(&name).chars().take(12).collect();
        Ok(Arc::new(Self { id, key: PolicySecret::new(*raw).map_err(sealed)? }))
    }
}

/// All keys at hand.
pub(super) struct Ring {
    path: PathBuf,
    current: Arc<Master>,
    next: Option<Arc<Master>>,
    /// Keys that were current earlier in this process's life.
    former: Vec<Arc<Master>>,
}

impl Ring {
    /// Reads the key in that file, made now when there is none, and the one that comes, if there is one.
    pub(super) fn open(path: &Path, random: &dyn Randomness) -> Result<Self, VaultError> {
        let raw = match write_new(path, random) {
            Err(VaultError::File { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => {
                read(path)?
            }
            made => made?,
        };
        let current = Master::new(&raw)?;
        let mut ring = Self { path: path.to_owned(), current, next: None, former: Vec::new() };
        ring.look_again()?;
        Ok(ring)
    }

    /// Where the coming key stands.
    pub(super) fn next_path(&self) -> PathBuf {
        let mut name = OsString::from(self.path.as_os_str());
        name.push(".next");
        PathBuf::from(name)
    }

    /// The key in the file.
    pub(super) fn current(&self) -> &Arc<Master> {
        &self.current
    }

    /// The key that comes.
    pub(super) fn next(&self) -> Option<&Arc<Master>> {
        self.next.as_ref()
    }

    /// What new secrets are wrapped with.
    pub(super) fn newest(&self) -> &Arc<Master> {
        self.next.as_ref().unwrap_or(&self.current)
    }

    /// The key of that id.
    pub(super) fn find(&self, id: &str) -> Option<Arc<Master>> {
        let all = [&self.current].into_iter().chain(&self.next).chain(&self.former);
        all.into_iter().find(|master| master.id == id).cloned()
    }

    /// Reads both files again.
    pub(super) fn look_again(&mut self) -> Result<(), VaultError> {
        let current = Master::new(&*read(&self.path)?)?;
        if current.id != self.current.id {
            self.former.push(std::mem::replace(&mut self.current, current));
        }
        self.next = match read(&self.next_path()) {
            Ok(raw) => Some(Master::new(&raw)?).filter(|next| next.id != self.current.id),
            Err(VaultError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => None,
            Err(other) => return Err(other),
        };
        Ok(())
    }

    /// Brings in the key that comes: this one, or a fresh one; the one that is there already when there is one.
    pub(super) fn expect_next(
        &mut self,
        given: Option<&[u8]>,
        random: &dyn Randomness,
    ) -> Result<Arc<Master>, VaultError> {
        let path = self.next_path();
        let written = match given {
            None => write_new(&path, random).map(drop),
            Some(raw) => write(&path, raw),
        };
        match written {
            Err(VaultError::File { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => {}
            other => other?,
        }
        self.look_again()?;
        Ok(Arc::clone(self.newest()))
    }

    /// The bytes of the coming key, to be handed to other control planes under the current one.
    pub(super) fn next_bytes(&self) -> Result<Zeroizing<[u8; 32]>, VaultError> {
        read(&self.next_path())
    }

    /// The coming key becomes the current one, in one step.
    pub(super) fn promote(&mut self) -> Result<(), VaultError> {
        let next = self.next_path();
        match fs::rename(&next, &self.path) {
            // Another process that shares the files was first.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            renamed => renamed.map_err(VaultError::file(&next))?,
        }
        if let Some(folder) = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(VaultError::file(folder))?;
        }
        self.look_again()
    }
}

fn read(path: &Path) -> Result<Zeroizing<[u8; 32]>, VaultError> {
    let mut raw = Zeroizing::new(Vec::new());
    let file = File::open(path).map_err(VaultError::file(path))?;
    file.take(4096).read_to_end(&mut raw).map_err(VaultError::file(path))?;
    let found = raw.len();
    let raw: [u8; 32] =
        raw.as_slice().try_into().map_err(|_| VaultError::Length { path: path.to_owned(), found })?;
    Ok(Zeroizing::new(raw))
}

fn write_new(path: &Path, random: &dyn Randomness) -> Result<Zeroizing<[u8; 32]>, VaultError> {
    if path.exists() {
        return Err(VaultError::file(path)(io::ErrorKind::AlreadyExists.into()));
    }
    let raw = Zeroizing::new(random.bytes::<32>());
    write(path, &*raw)?;
    Ok(raw)
}

/// Readable by its owner only, and whole or not there at all.
fn write(path: &Path, raw: &[u8]) -> Result<(), VaultError> {
    let mut unfinished = OsString::from(path.as_os_str());
    unfinished.push(format!(".{}", std::process::id()));
    let unfinished = PathBuf::from(unfinished);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&unfinished).map_err(VaultError::file(path))?;
    file.write_all(raw).and_then(|()| file.sync_all()).map_err(VaultError::file(path))?;
    // A link is refused where a renaming would replace: whoever is first decides.
    let linked = fs::hard_link(&unfinished, path);
    let removed = fs::remove_file(&unfinished);
    linked.and(removed).map_err(VaultError::file(path))
}
