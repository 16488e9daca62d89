//! Secrets at rest under envelope encryption: each under a random key of its own, that key under the master key.
//!
//! The master key is a file of 32 random bytes beside the data, or wherever the operator puts it; the app database
//! alone opens nothing. Every secret is bound to a place (an endpoint at a host, a setting) and opens only there.

use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;
use weir_contract::clock::Randomness;
use weir_contract::policy::{PolicySecret, SealError, seal};
use zeroize::Zeroizing;

use crate::store::secret::SecretRow;
use crate::store::{self, Conn, StoreError};

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

/// Seals and opens.
pub(crate) struct Vault {
    master: PolicySecret,
    key_id: String,
    random: Arc<dyn Randomness>,
}

impl Vault {
    /// Opens the vault with the key in that file, made now when there is none.
    pub(crate) fn open(path: &Path, random: Arc<dyn Randomness>) -> Result<Self, VaultError> {
        let raw = read_or_make(path, random.as_ref())?;
        let sealed = |source| VaultError::Sealed { id: "master".to_owned(), source };
        let name = seal::derive(&*raw, b"weir master key id v1").map_err(sealed)?;
        let key_id = seal::sha256_hex(&name).chars().take(12).collect();
        Ok(Self { master: PolicySecret::new(*raw).map_err(sealed)?, key_id, random })
    }

    /// Seals a secret for one place, as a row to store.
    pub(crate) fn seal(
        &self,
        id: &str,
        plain: &[u8],
        place: &str,
        now_us: i64,
    ) -> Result<SecretRow, VaultError> {
        let wrong = |source| VaultError::Sealed { id: id.to_owned(), source };
        let own = Zeroizing::new(self.random.bytes::<32>());
        let envelope = PolicySecret::new(*own).map_err(wrong)?;
        Ok(SecretRow {
            id: id.to_owned(),
            place: place.to_owned(),
            key_id: self.key_id.clone(),
            wrapped: self.master.seal(&*own, &wrapping_place(id), self.random.bytes()).map_err(wrong)?,
            sealed: envelope.seal(plain, place, self.random.bytes()).map_err(wrong)?,
            created_us: now_us,
        })
    }

    /// Opens a secret for the place it was sealed for.
    pub(crate) fn unseal(&self, row: &SecretRow, place: &str) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        if row.key_id != self.key_id {
            let (id, sealed_with) = (row.id.clone(), row.key_id.clone());
            return Err(VaultError::OtherMaster { id, sealed_with, ours: self.key_id.clone() });
        }
        let wrong = |source| VaultError::Sealed { id: row.id.clone(), source };
        let own = Zeroizing::new(self.master.open(&row.wrapped, &wrapping_place(&row.id)).map_err(wrong)?);
        let own: [u8; 32] = own.as_slice().try_into().map_err(|_| wrong(SealError::Unreadable))?;
        let envelope = PolicySecret::new(own).map_err(wrong)?;
        envelope.open(&row.sealed, place).map(Zeroizing::new).map_err(wrong)
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

fn read_or_make(path: &Path, random: &dyn Randomness) -> Result<Zeroizing<[u8; 32]>, VaultError> {
    let failed = |source| VaultError::File { path: path.to_owned(), source };
    match open_new(path) {
        Ok(mut file) => {
            let raw = Zeroizing::new(random.bytes::<32>());
            file.write_all(&*raw).and_then(|()| file.sync_all()).map_err(failed)?;
            Ok(raw)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let mut raw = Zeroizing::new(Vec::new());
            fs::File::open(path).and_then(|file| file.take(4096).read_to_end(&mut raw)).map_err(failed)?;
            let found = raw.len();
            let raw: [u8; 32] =
                raw.as_slice().try_into().map_err(|_| VaultError::Length { path: path.to_owned(), found })?;
            Ok(Zeroizing::new(raw))
        }
        Err(error) => Err(failed(error)),
    }
}

fn open_new(path: &Path) -> io::Result<fs::File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
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
        assert_eq!(first.key_id, again.key_id);
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
