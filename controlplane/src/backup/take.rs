//! From what runs to files. Nothing is stopped: the app database is read in one transaction, and the archive is copied
//! with the batches that this transaction saw in the books.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use weir_contract::schema::ARCHIVE_VERSION;

use super::manifest::{Entry, KeyForm, Manifest, Writing, make_folder};
use super::{BackupError, KeyChoice, master_key};
use crate::app::Ambient;
use crate::archive::Archive;
use crate::config::ControlConfig;
use crate::store::Store;
use crate::store::dump::Moment;
use crate::store::ledger::list_batches;

/// The file of the app database's rows.
pub(super) const STORE: &str = "store.jsonl.zst";
/// How long the archive may be behind the books before the backup gives up, and how often it looks.
const BEHIND_MAX: u32 = 60;
const BEHIND_LOOK: Duration = Duration::from_millis(500);
/// Batches sealed so recently may still be on their way to the archive.
const RECENT_US: i64 = 24 * 3_600 * 1_000_000;

/// A backup that was made.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The moment it shows, µs UTC.
    pub moment_us: i64,
    /// Rows of the app database.
    pub rows: u64,
    /// Files in the folder, without the manifest.
    pub files: usize,
    /// Bytes in them.
    pub bytes: u64,
    /// How the master key is in it.
    pub master_key: KeyForm,
}

/// Backs up what that configuration describes into an empty or new folder.
pub async fn take(
    config: &ControlConfig,
    ambient: &Ambient,
    folder: &Path,
    key: &KeyChoice,
) -> Result<Taken, BackupError> {
    make_folder(folder)?;
    if std::fs::read_dir(folder).map_err(BackupError::file(folder))?.next().is_some() {
        return Err(BackupError::NotEmpty(folder.to_owned()));
    }
    let store = open(config).await?;
    let archive = Archive::new(&config.archive);
    let mut reading = store.read().await?;
    let mut moment = store.moment(&mut reading).await?;
    let moment_us = ambient.clock.now_us();
    let mut manifest = Manifest::new(moment_us, moment.version().await?, ARCHIVE_VERSION);
    let master = std::fs::read(key_path(config)).map_err(BackupError::file(&key_path(config)))?;
    let (form, entry) = master_key::put(folder, &master, key, ambient.random.as_ref())?;
    manifest.master_key = form;
    manifest.files.extend(entry);
    let (entry, rows) = copy_store(&mut moment, folder).await?;
    manifest.files.push(entry);
    let booked: BTreeSet<String> = list_batches(moment.conn(), 0).await?.into_iter().collect();
    let recent = list_batches(moment.conn(), moment_us - RECENT_US).await?.into_iter().collect();
    drop(moment);
    catch_up(&archive, recent).await?;
    copy_archive(&archive, &booked, folder, &mut manifest).await?;
    manifest.write(folder)?;
    drop(reading);
    store.close().await;
    let bytes = manifest.files.iter().map(|entry| entry.bytes).sum();
    Ok(Taken { moment_us, rows, files: manifest.files.len(), bytes, master_key: form })
}

/// Where the master key is.
pub(super) fn key_path(config: &ControlConfig) -> PathBuf {
    config.master_key_file.clone().unwrap_or_else(|| config.data.join("master.key"))
}

/// Opens what is there; opening alone would make an empty database.
async fn open(config: &ControlConfig) -> Result<Store, BackupError> {
    let file = config.data.join("app.sqlite");
    if config.database_url.is_none() && !file.is_file() {
        return Err(BackupError::Nothing(file));
    }
    Ok(Store::connect(config.database_url.as_deref(), &config.data).await?)
}

/// A line for each row, tables in the order in which they can be filled again.
async fn copy_store(moment: &mut Moment<'_>, folder: &Path) -> Result<(Entry, u64), BackupError> {
    let mut writing = Writing::begin(folder, STORE.to_owned())?;
    let mut rows = 0;
    for table in moment.tables().await? {
        rows +=
            moment.rows(&table, |row| writeln!(writing, "{}", json!({ "table": table, "row": row }))).await?;
    }
    Ok((writing.end("")?, rows))
}

/// Waits until the archive has every batch the books have: both sinks of a gateway run side by side.
async fn catch_up(archive: &Archive, mut recent: BTreeSet<String>) -> Result<(), BackupError> {
    for _ in 0..BEHIND_MAX {
        recent = archive.lacking(&recent).await?.into_iter().collect();
        if recent.is_empty() {
            return Ok(());
        }
        tokio::time::sleep(BEHIND_LOOK).await;
    }
    Err(BackupError::Behind(recent.len()))
}

async fn copy_archive(
    archive: &Archive,
    booked: &BTreeSet<String>,
    folder: &Path,
    manifest: &mut Manifest,
) -> Result<(), BackupError> {
    for piece in archive.pieces(booked).await? {
        let name = format!("archive/{}/{}.native.zst", piece.table, piece.day);
        let mut writing = Writing::begin(folder, name)?;
        archive.copy_out(&piece, &mut writing).await?;
        manifest.files.push(writing.end(piece.table)?);
    }
    Ok(())
}
