//! Backups: the app database, the master key and the archive as files in a folder, and back.
//!
//! | file | holds |
//! | --- | --- |
//! | `manifest` | what is in the folder, with a checksum of every file; written last |
//! | `take` | from what runs to files |
//! | `restore` | from files to an empty installation |
//! | `master_key` | the master key in the folder: plain, under a passphrase, or not at all |
//!
//! A backup is of one moment: that of the app database. The archive is copied with exactly the batches that are in the
//! books at that moment, so that calls and books add up on both sides. Both may be moved to another kind of database by
//! it: nothing in the files depends on SQLite, PostgreSQL, the embedded engine or a server.

mod manifest;
mod master_key;
mod restore;
mod take;

use std::path::{Path, PathBuf};

use thiserror::Error;
use zeroize::Zeroizing;

use crate::archive::MigrateError;
use crate::archive::copy::CopyError;
use crate::error::AppError;
use crate::store::StoreError;
use crate::vault::VaultError;

pub use manifest::KeyForm;
pub use restore::{Restored, restore};
pub use take::{Taken, take};

/// What becomes of the master key in a backup.
pub enum KeyChoice {
    /// In the folder as it is; whoever has the folder has every provider key.
    Plain,
    /// In the folder, under this passphrase.
    Passphrase(Zeroizing<String>),
    /// Not in the folder; the operator keeps it elsewhere.
    LeaveOut,
}

/// Why a backup was not made or not put back.
#[derive(Debug, Error)]
pub enum BackupError {
    /// A file or folder.
    #[error("{path} cannot be used: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The folder has something in it.
    #[error("{0} is not empty: a backup gets a folder of its own")]
    NotEmpty(PathBuf),
    /// The folder is no backup, or an unfinished one.
    #[error("{0} is not a whole backup: {1}")]
    NoBackup(PathBuf, String),
    /// There is nothing to back up.
    #[error(
        "there is no app database at {0}: name the data folder with --data, or the configuration with --config"
    )]
    Nothing(PathBuf),
    /// The target is in use.
    #[error("{0}: nothing was changed. With --force, what is there is replaced")]
    Used(&'static str),
    /// The passphrase is missing, or wrong.
    #[error("{0}")]
    Passphrase(&'static str),
    /// The archive lacks what the books have.
    #[error(
        "the archive has not taken {0} batches yet that are in the books: wait until the gateways have delivered them, and try again"
    )]
    Behind(usize),
    /// The app database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The archive.
    #[error(transparent)]
    Archive(#[from] CopyError),
    /// The archive's tables.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// The master key.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The audit chain.
    #[error(transparent)]
    App(#[from] AppError),
}

impl BackupError {
    fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::File { path: path.to_owned(), source }
    }
}

impl From<crate::archive::ArchiveError> for BackupError {
    fn from(error: crate::archive::ArchiveError) -> Self {
        Self::Archive(error.into())
    }
}
