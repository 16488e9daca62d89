//! The master key in a backup: as it is, under a passphrase, or not at all.

use std::io::{self, Write as _};
use std::path::Path;

use argon2::Argon2;
use weir_contract::clock::Randomness;
use weir_contract::policy::PolicySecret;
use zeroize::Zeroizing;

use super::manifest::{Entry, KeyForm, create, make_folder, write_small};
use super::{BackupError, KeyChoice};

const PLAIN: &str = "master.key";
const SEALED: &str = "master.key.sealed";
/// What the sealed key is bound to.
const PLACE: &str = "weir backup master key v1";
const SALT_BYTES: usize = 16;

/// Puts the key into the folder as chosen.
pub(super) fn put(
    folder: &Path,
    key: &[u8],
    choice: &KeyChoice,
    random: &dyn Randomness,
) -> Result<(KeyForm, Option<Entry>), BackupError> {
    match choice {
        KeyChoice::LeaveOut => Ok((KeyForm::LeftOut, None)),
        KeyChoice::Plain => Ok((KeyForm::Plain, Some(write_small(folder, PLAIN, key)?))),
        KeyChoice::Passphrase(passphrase) => {
            let salt = random.bytes::<SALT_BYTES>();
            let sealing = sealing(passphrase, &salt)?;
            let sealed = sealing.seal(key, PLACE, random.bytes());
            let sealed = sealed.map_err(|_| BackupError::Passphrase("the master key could not be sealed"))?;
            let salt: String = salt.iter().map(|byte| format!("{byte:02x}")).collect();
            let entry = write_small(folder, SEALED, format!("{salt} {sealed}\n").as_bytes())?;
            Ok((KeyForm::Passphrase, Some(entry)))
        }
    }
}

/// The key out of the folder; `None` when it was left out.
pub(super) fn get(
    folder: &Path,
    form: KeyForm,
    passphrase: Option<&str>,
) -> Result<Option<Zeroizing<Vec<u8>>>, BackupError> {
    match form {
        KeyForm::LeftOut => Ok(None),
        KeyForm::Plain => {
            let path = folder.join(PLAIN);
            Ok(Some(Zeroizing::new(std::fs::read(&path).map_err(BackupError::file(&path))?)))
        }
        KeyForm::Passphrase => {
            let missing = "the master key in this backup is under a passphrase: name a file that holds it with --passphrase-file";
            let passphrase = passphrase.ok_or(BackupError::Passphrase(missing))?;
            let path = folder.join(SEALED);
            let text = std::fs::read_to_string(&path).map_err(BackupError::file(&path))?;
            let damaged = || BackupError::NoBackup(folder.to_owned(), format!("{SEALED} cannot be read"));
            let (salt, sealed) = text.trim().split_once(' ').ok_or_else(damaged)?;
            let byte = |place: usize| u8::from_str_radix(salt.get(place * 2..place * 2 + 2)?, 16).ok();
            let salt: Vec<u8> = (0..SALT_BYTES).map(byte).collect::<Option<_>>().ok_or_else(damaged)?;
            let opened = sealing(passphrase, &salt)?.open(sealed, PLACE);
            let wrong = BackupError::Passphrase("the passphrase does not open the master key of this backup");
            opened.map(|key| Some(Zeroizing::new(key))).map_err(|_| wrong)
        }
    }
}

fn sealing(passphrase: &str, salt: &[u8]) -> Result<PolicySecret, BackupError> {
    let mut raw = Zeroizing::new([0; 32]);
    let derived = Argon2::default().hash_password_into(passphrase.as_bytes(), salt, &mut *raw);
    derived.map_err(|_| {
        BackupError::Passphrase("the passphrase cannot be used: choose one of 8 to 512 characters")
    })?;
    PolicySecret::new(*raw).map_err(|_| BackupError::Passphrase("the passphrase cannot be used"))
}

/// Puts the key where a control plane looks for it. Another key that is there already is kept beside it.
pub(super) fn install(path: &Path, key: &[u8]) -> Result<(), BackupError> {
    if std::fs::read(path).is_ok_and(|there| there == key) {
        return Ok(());
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        make_folder(folder)?;
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(".replaced");
    match std::fs::rename(path, &beside) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        moved => moved.map_err(BackupError::file(path))?,
    }
    let mut file = create(path)?;
    file.write_all(key).and_then(|()| file.sync_all()).map_err(BackupError::file(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Dice;

    #[test]
    fn under_a_passphrase_the_key_opens_with_it_alone() {
        let folder = tempfile::tempdir().unwrap();
        let choice = KeyChoice::Passphrase(Zeroizing::new("a long enough phrase".to_owned()));
        let (form, entry) = put(folder.path(), &[7; 32], &choice, &Dice::new(1)).unwrap();
        assert_eq!((form, entry.unwrap().path.as_str()), (KeyForm::Passphrase, SEALED));
        let get = |passphrase| get(folder.path(), form, passphrase);
        assert_eq!(&**get(Some("a long enough phrase")).unwrap().unwrap(), [7; 32]);
        assert!(get(Some("another phrase")).unwrap_err().to_string().contains("does not open"));
        assert!(get(None).unwrap_err().to_string().contains("--passphrase-file"));
    }

    #[test]
    fn a_key_that_was_there_is_kept_beside_the_restored_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("control/master.key");
        install(&path, b"first").unwrap();
        install(&path, b"second").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"second");
        assert_eq!(std::fs::read(folder.path().join("control/master.key.replaced")).unwrap(), b"first");
    }
}
