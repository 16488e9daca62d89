//! Keys as they are stored.

use super::{Key, OldSecret};
use crate::audit;
use crate::store::StoreError;
use crate::store::key::KeyRow;

/// The key as a row, with the hash of its secret and of the one before.
pub(super) fn write(key: &Key, hash: String, previous_hash: Option<String>) -> KeyRow {
    KeyRow {
        id: key.id.to_string(),
        workspace_id: key.workspace.to_string(),
        name: key.name.clone(),
        hash,
        ends_with: key.ends_with.clone(),
        previous_hash,
        previous_ends_with: key.previous.as_ref().map(|old| old.ends_with.clone()),
        previous_until_us: key.previous.as_ref().map(|old| old.until_us),
        settings_json: audit::state(&key.settings),
        created_us: key.created_us,
        created_by: key.created_by.clone(),
        expires_us: key.expires_us,
        revoked_us: key.revoked_us,
        last_used_us: key.last_used_us,
    }
}

/// The key in a row, without its hashes.
pub(super) fn read(row: KeyRow) -> Result<Key, StoreError> {
    let settings = serde_json::from_str(&row.settings_json).map_err(|error| StoreError::Damaged {
        table: "key",
        id: row.id.clone(),
        reason: error.to_string(),
    })?;
    let old = row.previous_ends_with.zip(row.previous_until_us);
    Ok(Key {
        id: row.id.into(),
        workspace: row.workspace_id.into(),
        name: row.name,
        ends_with: row.ends_with,
        previous: old.map(|(ends_with, until_us)| OldSecret { ends_with, until_us }),
        settings,
        created_us: row.created_us,
        created_by: row.created_by,
        expires_us: row.expires_us,
        revoked_us: row.revoked_us,
        last_used_us: row.last_used_us,
    })
}
