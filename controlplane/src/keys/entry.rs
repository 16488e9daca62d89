//! Keys as gateways need them: hashes, settings, and what customer tokens are checked with.

use weir_contract::policy::{KeyEntry, PreviousSecret};

use super::{Key, KeySettings, row, secret_place};
use crate::app::App;
use crate::error::AppError;
use crate::publish::seal;
use crate::store::key::{self, KeyRow};
use crate::store::{Conn, StoreError};

/// The keys in force as gateways need them, by id.
pub(crate) async fn entries(app: &App, conn: &mut Conn) -> Result<Vec<KeyEntry>, AppError> {
    let rows = key::list_keys_in_force(conn).await?;
    let mut entries = Vec::with_capacity(rows.len());
    for row in rows {
        let (mut entry, signs_customers) = entry(row, app.clock.now_us())?;
        if signs_customers {
            let place = secret_place(&entry.id);
            entry.customer_secret = seal::for_gateways(app, conn, &place, &place, &place).await?;
        }
        entries.push(entry);
    }
    Ok(entries)
}

fn entry(row: KeyRow, now_us: i64) -> Result<(KeyEntry, bool), StoreError> {
    let hash = row.hash.clone();
    let old_hash = row.previous_hash.clone();
    let Key { id, workspace, name, settings, expires_us, previous, .. } = row::read(row)?;
    let previous = previous
        .zip(old_hash)
        .filter(|(old, _)| old.until_us > now_us)
        .map(|(old, hash)| PreviousSecret { hash, ends_at_us: old.until_us });
    let KeySettings {
        models,
        endpoints,
        regions,
        networks,
        customer,
        customer_source_min,
        tags,
        log_level,
        requests_per_minute,
        concurrent_max,
        drop_unsupported,
        signs_customers,
    } = settings;
    let entry = KeyEntry {
        id,
        workspace,
        name,
        hash,
        previous,
        expires_at_us: expires_us,
        models,
        endpoints,
        regions,
        networks,
        customer,
        customer_source_min,
        customer_secret: None,
        tags,
        log_level,
        requests_per_minute,
        concurrent_max,
        drop_unsupported,
    };
    Ok((entry, signs_customers))
}
