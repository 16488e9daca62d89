//! From files to an empty installation: checked whole before anything is changed, and the app database comes last, in
//! one transaction, so that a restoration that was cut off is never mistaken for a finished one.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::manifest::{Manifest, open};
use super::take::{STORE, key_path};
use super::{BackupError, master_key};
use crate::app::Ambient;
use crate::archive::Archive;
use crate::audit::{self, Change};
use crate::bootstrap::LOCAL_GATEWAY;
use crate::config::ControlConfig;
use crate::store::dump::{create_row, delete_everything};
use crate::store::gateway::update_tokens_free;
use crate::store::{Store, migrate, secret};
use crate::vault::Vault;

/// A backup that was put back.
#[derive(Clone, Debug)]
pub struct Restored {
    /// The moment it shows, µs UTC.
    pub moment_us: i64,
    /// Rows of the app database.
    pub rows: u64,
    /// Files of the archive.
    pub archive_files: usize,
    /// Whether the master key came with it; else the one that was there already fits.
    pub with_master_key: bool,
}

#[derive(Deserialize)]
struct Line {
    table: String,
    row: Map<String, Value>,
}

/// Puts a backup back. What is there is replaced only when `force` says so. No control plane may run meanwhile.
pub async fn restore(
    config: &ControlConfig,
    ambient: &Ambient,
    folder: &Path,
    passphrase: Option<&str>,
    force: bool,
) -> Result<Restored, BackupError> {
    let manifest = Manifest::read(folder)?;
    if manifest.store_version > migrate::known() {
        let reason = "it is of a newer Weir: use that one".to_owned();
        return Err(BackupError::NoBackup(folder.to_owned(), reason));
    }
    let master = master_key::get(folder, manifest.master_key, passphrase)?;
    super::manifest::make_folder(&config.data)?;
    let store = Store::connect(config.database_url.as_deref(), &config.data).await?;
    let archive = Archive::new(&config.archive);
    prepare(&store, &archive, ambient, &manifest, force).await?;
    if let Some(master) = &master {
        master_key::install(&key_path(config), master)?;
    }
    let mut archive_files = 0;
    for entry in manifest.files.iter().filter(|entry| !entry.table.is_empty()) {
        archive.copy_in(&entry.table, &mut open(folder, entry)?).await?;
        archive_files += 1;
    }
    let rows = fill(&store, config, ambient, folder, &manifest).await?;
    store.migrate(ambient.clock.now_us(), None).await?;
    store.close().await;
    let moment_us = manifest.moment_us;
    Ok(Restored { moment_us, rows, archive_files, with_master_key: master.is_some() })
}

/// Empty tables of the versions the backup is of.
async fn prepare(
    store: &Store,
    archive: &Archive,
    ambient: &Ambient,
    manifest: &Manifest,
    force: bool,
) -> Result<(), BackupError> {
    store.migrate(ambient.clock.now_us(), Some(manifest.store_version)).await?;
    if !force && store.is_used().await? {
        return Err(BackupError::Used("the app database is in use already"));
    }
    if !archive.is_empty().await? {
        if !force {
            return Err(BackupError::Used("the archive has rows already"));
        }
        archive.drop_everything().await?;
    }
    archive.migrate().await?;
    Ok(())
}

/// All rows of the app database, or none.
async fn fill(
    store: &Store,
    config: &ControlConfig,
    ambient: &Ambient,
    folder: &Path,
    manifest: &Manifest,
) -> Result<u64, BackupError> {
    let no_backup = |reason: String| BackupError::NoBackup(folder.to_owned(), reason);
    let entry = manifest.files.iter().find(|entry| entry.path == STORE);
    let entry = entry.ok_or_else(|| no_backup(format!("it has no {STORE}")))?;
    let mut writing = store.write().await?;
    delete_everything(&mut writing, store.engine()).await?;
    let mut rows = 0;
    for line in BufReader::new(open(folder, entry)?).lines() {
        let line = line.map_err(BackupError::file(folder))?;
        let Line { table, row } =
            serde_json::from_str(&line).map_err(|error| no_backup(format!("{STORE}: {error}")))?;
        create_row(&mut writing, &table, &row).await?;
        rows += 1;
    }
    // A key that does not fit would leave a control plane that cannot start.
    let vault = Vault::open(&key_path(config), Arc::clone(&ambient.random))?;
    if let Some(policy) = secret::find_secret(&mut writing, "policy").await? {
        vault.unseal(&policy, "policy")?;
    }
    // The gateway of the same process may be another one here, with a journal that begins anew.
    update_tokens_free(&mut writing, LOCAL_GATEWAY).await?;
    let after = json!({ "moment_us": manifest.moment_us, "weir": manifest.weir, "rows": rows }).to_string();
    let change = Change {
        actor: "operator",
        action: "backup.restore",
        object: "installation",
        before: String::new(),
        after,
    };
    audit::append(&mut writing, ambient.clock.now_us(), change).await?;
    writing.commit().await?;
    Ok(rows)
}
