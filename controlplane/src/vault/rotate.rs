//! Changing the master key while everything runs: the new key is brought to every control plane, every secret's own key
//! is wrapped with it, and only then does it take the old one's place.
//!
//! The new key reaches control planes on other machines through the app database, sealed under the old one, for as long
//! as the rotation lasts. Each step can be cut off and taken up again: what is done is seen in the rows and the files.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use serde_json::json;

use super::ring::Master;
use super::{Vault, VaultError, wrapping_place};
use crate::app::App;
use crate::audit::{self, Change};
use crate::error::AppError;
use crate::store::secret::{SecretRow, count_secrets, find_secret, list_wrapped_otherwise, update_wrapped};
use crate::store::{self, Conn};

/// The coming key, sealed under the current one.
const HANDOVER: &str = "master.next";
/// Secrets wrapped in one transaction: writers are not kept waiting for long.
const AT_ONCE: i64 = 200;
/// Who the audit names: only someone at the machine can do this.
const OPERATOR: &str = "operator";

/// What a rotation did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// The key that was replaced, by its id.
    pub from: String,
    /// The key in force now, by its id.
    pub to: String,
    /// Secrets that were wrapped anew by this run; a run that was cut off had wrapped the others.
    pub wrapped: u64,
}

/// Changes the master key. `handover` is how long control planes on other machines get to take the new key over before
/// the first secret depends on it; with one machine, none is needed.
pub(crate) async fn rotate(app: &App, handover: Duration) -> Result<Rotated, AppError> {
    let vault = &app.vault;
    let (from, to) = begin(app).await?;
    tokio::time::sleep(handover).await;
    let mut wrapped = 0;
    loop {
        let mut writing = app.store.write().await?;
        let some = list_wrapped_otherwise(&mut writing, &to.id, HANDOVER, AT_ONCE).await?;
        for row in &some {
            update_wrapped(&mut writing, &vault.wrapped_anew(row, &to)?, &row.key_id).await?;
        }
        wrapped += some.len() as u64;
        if some.is_empty() {
            end(app, &mut writing, &from.id, &to.id).await?;
            writing.commit().await?;
            break;
        }
        writing.commit().await?;
    }
    vault.promote()?;
    Ok(Rotated { from: from.id.clone(), to: to.id.clone(), wrapped })
}

/// Makes the new key, or finds the one of a rotation that was cut off, and hands it over.
async fn begin(app: &App) -> Result<(Arc<Master>, Arc<Master>), AppError> {
    let vault = &app.vault;
    let now_us = app.clock.now_us();
    let from = Arc::clone(vault.read().current());
    let mut writing = app.store.write().await?;
    let waiting = find_secret(&mut writing, HANDOVER).await?;
    let to = match &waiting {
        // Begun on another machine, or here: the same key goes on.
        Some(row) => {
            let raw = vault.unseal(row, HANDOVER)?;
            vault.expect_next(Some(raw.as_slice()))?
        }
        None => vault.expect_next(None)?,
    };
    if waiting.is_none() {
        let raw = vault.read().next_bytes()?;
        let row = vault.sealed_under(&from, HANDOVER, &*raw, now_us)?;
        store::secret::create_secret(&mut writing, &row).await?;
        note(&mut writing, now_us, "master_key.begin", &from.id, &to.id).await?;
    }
    writing.commit().await?;
    Ok((from, to))
}

/// Nothing depends on the old key any more: the handover is over.
async fn end(app: &App, conn: &mut Conn, from: &str, to: &str) -> Result<(), AppError> {
    store::secret::delete_secret(conn, HANDOVER).await?;
    let secrets = count_secrets(conn).await?;
    tracing::info!(from, to, secrets, "the master key was changed");
    note(conn, app.clock.now_us(), "master_key.rotate", from, to).await
}

async fn note(conn: &mut Conn, now_us: i64, action: &str, from: &str, to: &str) -> Result<(), AppError> {
    let change = Change {
        actor: OPERATOR,
        action,
        object: "master key",
        before: json!({ "key_id": from }).to_string(),
        after: json!({ "key_id": to }).to_string(),
    };
    Ok(audit::append(conn, now_us, change).await?)
}

/// Takes over the coming key of a rotation begun elsewhere, and makes it the current one when that rotation has ended.
pub(crate) async fn follow(app: &App) -> Result<(), AppError> {
    let vault = &app.vault;
    let handover = find_secret(&mut *app.store.read().await?, HANDOVER).await?;
    let coming = vault.renewed()?.next().cloned();
    match (handover, coming) {
        (Some(row), None) => {
            let raw = vault.unseal(&row, HANDOVER)?;
            vault.expect_next(Some(raw.as_slice())).map(drop)?;
        }
        (None, Some(coming)) => {
            let mut reading = app.store.read().await?;
            let left = list_wrapped_otherwise(&mut reading, &coming.id, HANDOVER, 1).await?;
            if left.is_empty() {
                vault.promote()?;
            }
        }
        _ => {}
    }
    Ok(())
}

impl Vault {
    fn expect_next(&self, given: Option<&[u8]>) -> Result<Arc<Master>, VaultError> {
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        ring.expect_next(given, self.random.as_ref())
    }

    fn promote(&self) -> Result<(), VaultError> {
        self.ring.write().unwrap_or_else(PoisonError::into_inner).promote()
    }

    /// The same secret, its own key wrapped by that master key. What is sealed stays as it is.
    fn wrapped_anew(&self, row: &SecretRow, master: &Master) -> Result<SecretRow, VaultError> {
        let wrong = |source| VaultError::Sealed { id: row.id.clone(), source };
        let own = self.own_key(row)?;
        let wrapped = master.key.seal(&own, &wrapping_place(&row.id), self.random.bytes()).map_err(wrong)?;
        Ok(SecretRow { key_id: master.id.clone(), wrapped, ..row.clone() })
    }

    /// A secret of the installation sealed under that master key, whichever is the newest.
    fn sealed_under(
        &self,
        master: &Master,
        id: &str,
        plain: &[u8],
        now_us: i64,
    ) -> Result<SecretRow, VaultError> {
        let row = self.seal(id, plain, id, now_us)?;
        if row.key_id == master.id {
            return Ok(row);
        }
        self.wrapped_anew(&row, master)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::testing::House;

    async fn secrets(house: &House) -> Vec<(String, String)> {
        let mut reading = house.app.store.read().await.unwrap();
        let rows = list_wrapped_otherwise(&mut reading, "", "", 1000).await.unwrap();
        rows.into_iter().map(|row| (row.id, row.key_id)).collect()
    }

    #[tokio::test]
    async fn every_secret_is_under_the_new_key_and_opens_in_the_process_that_runs() {
        let house = House::new().await;
        let before = fs::read(house.app.config.data.join("master.key")).unwrap();
        let rotated = rotate(&house.app, Duration::ZERO).await.unwrap();
        assert_ne!(rotated.from, rotated.to);
        let secrets = secrets(&house).await;
        assert!(secrets.len() > 3 && secrets.iter().all(|(_, key)| *key == rotated.to), "{secrets:?}");
        assert_eq!(rotated.wrapped, secrets.len() as u64);
        assert_ne!(fs::read(house.app.config.data.join("master.key")).unwrap(), before);
        assert!(!house.app.config.data.join("master.key.next").exists());
        let mut reading = house.app.store.read().await.unwrap();
        assert!(house.app.vault.find_text(&mut reading, "local.gateway_token").await.unwrap().is_some());
        let verified = audit::verify(&mut reading).await.unwrap();
        assert!(verified > 2);
    }

    #[tokio::test]
    async fn a_rotation_that_was_cut_off_goes_on_with_the_same_key() {
        let house = House::new().await;
        let (_, to) = begin(&house.app).await.unwrap();
        let mut writing = house.app.store.write().await.unwrap();
        let one = list_wrapped_otherwise(&mut writing, &to.id, HANDOVER, 1).await.unwrap();
        let anew = house.app.vault.wrapped_anew(&one[0], &to).unwrap();
        assert!(update_wrapped(&mut writing, &anew, &one[0].key_id).await.unwrap());
        writing.commit().await.unwrap();
        let rotated = rotate(&house.app, Duration::ZERO).await.unwrap();
        assert_eq!(rotated.to, to.id);
        assert!(secrets(&house).await.iter().all(|(_, key)| *key == to.id));
    }

    #[tokio::test]
    async fn a_control_plane_with_files_of_its_own_takes_the_new_key_over() {
        let house = House::new().await;
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("master.key");
        fs::copy(house.app.config.data.join("master.key"), &own).unwrap();
        let data = house.app.config.data.clone();
        let config = crate::ControlConfig { data, master_key_file: Some(own.clone()), ..Default::default() };
        let ambient = crate::app::Ambient { clock: house.clock.clone(), random: house.app.random.clone() };
        let other = crate::open(config, ambient, house.app.book.clone()).await.unwrap();
        begin(&house.app).await.unwrap();
        follow(&other).await.unwrap();
        let rotated = rotate(&house.app, Duration::ZERO).await.unwrap();
        let read = async || {
            let mut reading = other.store.read().await.unwrap();
            other.vault.find_text(&mut reading, "local.gateway_token").await
        };
        assert!(read().await.unwrap().is_some(), "before it follows");
        follow(&other).await.unwrap();
        assert!(read().await.unwrap().is_some());
        assert_eq!(other.vault.read().current().id, rotated.to);
        assert!(!folder.path().join("master.key.next").exists());
    }
}
