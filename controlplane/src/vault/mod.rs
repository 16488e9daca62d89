//! Secrets at rest under envelope encryption: each under a random key of its own, that key under the master key.
//!
//! The master key is a file of 32 random bytes beside the data, or wherever the operator puts it; the app database
//! alone opens nothing. Every secret is bound to a place (an endpoint at a host, a setting) and opens only there. The
//! master key can be changed: `ring` knows the files of the old and the coming one, `rotate` wraps every secret anew.

mod ring;
mod rotate;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use thiserror::Error;
use weir_contract::clock::Randomness;
use weir_contract::policy::{PolicySecret, SealError};
use zeroize::Zeroizing;

use crate::store::secret::SecretRow;
use crate::store::{self, Conn, StoreError};

use ring::{Master, Ring};
pub use rotate::Rotated;
pub(crate) use rotate::{follow, rotate};

/// Why the vault stays shut.
#[derive(Debug, Error)]
pub enum VaultError {
    /// The file cannot be read or made.
    #[error("the master key `{path}` cannot be used: {source}")]
    File {
        /// Where it should be.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not a master key.
    #[error("the master key `{path}` must have exactly 32 bytes, it has {found}: restore it from a backup")]
    Length {
        /// Where it is.
        path: PathBuf,
        /// Its length.
        found: usize,
    },
    /// The secret was sealed under another master key.
    #[error(
        "secret `{id}` was sealed with master key {sealed_with}, this control plane has {ours}: \
         give it the master key that belongs to this database"
    )]
    OtherMaster {
        /// The secret.
        id: String,
        /// Its master key's id.
        sealed_with: String,
        /// Our master key's id.
        ours: String,
    },
    /// The secret does not open.
    #[error("secret `{id}` does not open: {source}")]
    Sealed {
        /// The secret.
        id: String,
        /// Why.
        source: SealError,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl VaultError {
    fn file(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::File { path: path.to_owned(), source }
    }
}

/// Seals and opens.
pub(crate) struct Vault {
    ring: RwLock<Ring>,
    random: Arc<dyn Randomness>,
}

impl Vault {
    /// Opens the vault with the key in that file, made now when there is none.
    pub(crate) fn open(path: &Path, random: Arc<dyn Randomness>) -> Result<Self, VaultError> {
        Ok(Self { ring: RwLock::new(Ring::open(path, random.as_ref())?), random })
    }

    /// Seals a secret for one place, as a row to store. While a rotation is under way, under the key that comes.
    pub(crate) fn seal(
        &self,
        id: &str,
        plain: &[u8],
        place: &str,
        now_us: i64,
    ) -> Result<SecretRow, VaultError> {
        let wrong = |source| VaultError::Sealed { id: id.to_owned(), source };
        let newest = Arc::clone(self.renewed()?.newest());
        let own = Zeroizing::new(self.random.bytes::<32>());
        let envelope = PolicySecret::new(*own).map_err(wrong)?;
        Ok(SecretRow {
            id: id.to_owned(),
            place: place.to_owned(),
            key_id: newest.id.clone(),
            wrapped: newest.key.seal(&*own, &wrapping_place(id), self.random.bytes()).map_err(wrong)?,
            sealed: envelope.seal(plain, place, self.random.bytes()).map_err(wrong)?,
            created_us: now_us,
        })
    }

    /// Opens a secret for the place it was sealed for.
    pub(crate) fn unseal(&self, row: &SecretRow, place: &str) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let wrong = |source| VaultError::Sealed { id: row.id.clone(), source };
        let own: [u8; 32] =
            self.own_key(row)?.as_slice().try_into().map_err(|_| wrong(SealError::Unreadable))?;
        let envelope = PolicySecret::new(own).map_err(wrong)?;
        envelope.open(&row.sealed, place).map(Zeroizing::new).map_err(wrong)
    }

    /// The secret's own key, unwrapped by whichever master key wraps it.
    fn own_key(&self, row: &SecretRow) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let wrong = |source| VaultError::Sealed { id: row.id.clone(), source };
        let known = self.read().find(&row.key_id);
        let master = match known {
            Some(master) => master,
            None => self.found_again(row)?,
        };
        master.key.open(&row.wrapped, &wrapping_place(&row.id)).map(Zeroizing::new).map_err(wrong)
    }

    /// The master key of a row that none at hand wraps: another process may have brought it in since.
    fn found_again(&self, row: &SecretRow) -> Result<Arc<Master>, VaultError> {
        let ring = self.renewed()?;
        ring.find(&row.key_id).ok_or_else(|| VaultError::OtherMaster {
            id: row.id.clone(),
            sealed_with: row.key_id.clone(),
            ours: ring.current().id.clone(),
        })
    }

    fn read(&self) -> RwLockReadGuard<'_, Ring> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The ring after looking at its files again: another process may have brought in a key or made it the current one.
    fn renewed(&self) -> Result<RwLockReadGuard<'_, Ring>, VaultError> {
        self.ring.write().unwrap_or_else(PoisonError::into_inner).look_again()?;
        Ok(self.read())
    }

    /// The installation's secret of that name, made now when there is none. Whoever comes first decides.
    pub(crate) async fn keep(
        &self,
        conn: &mut Conn,
        name: &str,
        now_us: i64,
        make: impl FnOnce(&dyn Randomness) -> Zeroizing<Vec<u8>>,
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        if let Some(row) = store::secret::find_secret(conn, name).await? {
            return self.unseal(&row, name);
        }
        let plain = make(self.random.as_ref());
        let row = self.seal(name, &plain, name, now_us)?;
        if store::secret::create_secret(conn, &row).await? {
            return Ok(plain);
        }
        let row = store::secret::find_secret(conn, name).await?;
        let gone = || StoreError::Taken("a secret of that name");
        self.unseal(&row.ok_or_else(gone)?, name)
    }

    /// The installation's secret of that name as text, when there is one.
    pub(crate) async fn find_text(&self, conn: &mut Conn, name: &str) -> Result<Option<String>, VaultError> {
        let Some(row) = store::secret::find_secret(conn, name).await? else { return Ok(None) };
        let plain = self.unseal(&row, name)?;
        Ok(String::from_utf8(plain.to_vec()).ok())
    }
}

fn wrapping_place(id: &str) -> String {
    format!("secret:{id}")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::testing::Dice;

    #[test]
    fn a_secret_opens_only_in_its_place_and_under_its_master_key() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(&folder.path().join("a.key"), Arc::new(Dice::new(1))).unwrap();
        let row = vault.seal("sec_1", b"sk-123", "endpoint:ep_1|https://a.example", 5).unwrap();
        assert!(!row.sealed.contains("sk-123"));
        assert_eq!(&**vault.unseal(&row, "endpoint:ep_1|https://a.example").unwrap(), b"sk-123");
        assert!(matches!(
            vault.unseal(&row, "endpoint:ep_1|https://b.example"),
            Err(VaultError::Sealed { source: SealError::WrongSecret, .. })
        ));
        let other = Vault::open(&folder.path().join("b.key"), Arc::new(Dice::new(2))).unwrap();
        let refused = other.unseal(&row, "endpoint:ep_1|https://a.example").unwrap_err();
        assert!(
            refused.to_string().contains("give it the master key that belongs to this database"),
            "{refused}"
        );
    }

    #[test]
    fn the_master_key_is_made_once_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let first = Vault::open(&path, Arc::new(Dice::new(1))).unwrap();
        let again = Vault::open(&path, Arc::new(Dice::new(9))).unwrap();
        assert_eq!(first.read().current().id, again.read().current().id);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        fs::write(&path, b"short").unwrap();
        assert!(matches!(
            Vault::open(&path, Arc::new(Dice::new(1))),
            Err(VaultError::Length { found: 5, .. })
        ));
    }
}
