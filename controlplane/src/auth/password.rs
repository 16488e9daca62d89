//! Passwords: argon2id, off the async threads, a few at once at most.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use tokio::sync::Semaphore;
use weir_contract::clock::Randomness;
use weir_web::form::FieldError;
use zeroize::Zeroizing;

use crate::error::{AppError, FieldErrors};

/// The least number of characters a password has.
pub const PASSWORD_MIN: usize = 10;
/// The greatest number of bytes a password has: hashing must stay bounded.
pub(crate) const PASSWORD_MAX: usize = 512;

/// Each hash takes 19 MiB: so many at once, and no more.
const AT_ONCE: usize = 4;

/// Notes under `field` when a new password is too short or too long.
pub(crate) fn check(errors: &mut FieldErrors, field: &str, password: &str) {
    if password.chars().count() < PASSWORD_MIN {
        errors.add(field, FieldError::TooShort { min: PASSWORD_MIN });
    } else if password.len() > PASSWORD_MAX {
        errors.add(field, FieldError::TooLong { max: PASSWORD_MAX });
    }
}

/// Hashes and checks passwords.
pub(crate) struct Passwords {
    random: Arc<dyn Randomness>,
    turns: Semaphore,
}

impl Passwords {
    /// Ready to hash.
    pub(crate) fn new(random: Arc<dyn Randomness>) -> Self {
        Self { random, turns: Semaphore::new(AT_ONCE) }
    }

    /// The PHC string to store.
    pub(crate) async fn hash(&self, password: &str) -> Result<String, AppError> {
        let _turn = self.turns.acquire().await.map_err(AppError::internal)?;
        let password = Zeroizing::new(password.to_owned());
        let salt = self.random.bytes::<16>();
        let hashing = tokio::task::spawn_blocking(move || hash(password.as_bytes(), salt));
        hashing.await.map_err(AppError::internal)?
    }

    /// Whether the password is the one hashed. With no hash, as much work for nothing: whether there is such a person
    /// cannot be told by the time it takes.
    pub(crate) async fn is_right(&self, password: &str, stored: Option<&str>) -> Result<bool, AppError> {
        if password.len() > PASSWORD_MAX {
            return Ok(false);
        }
        let Some(stored) = stored.map(str::to_owned) else {
            return self.hash(password).await.map(|_| false);
        };
        let _turn = self.turns.acquire().await.map_err(AppError::internal)?;
        let password = Zeroizing::new(password.to_owned());
        let checking = tokio::task::spawn_blocking(move || verify(password.as_bytes(), &stored));
        checking.await.map_err(AppError::internal)?
    }
}

fn hash(password: &[u8], salt: [u8; 16]) -> Result<String, AppError> {
    let hash = Argon2::default().hash_password_with_salt(password, &salt);
    hash.map(|hash| hash.to_string()).map_err(AppError::internal)
}

fn verify(password: &[u8], stored: &str) -> Result<bool, AppError> {
    let stored = PasswordHash::new(stored).map_err(AppError::internal)?;
    Ok(Argon2::default().verify_password(password, &stored).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Dice;

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_only() {
        let passwords = Passwords::new(Arc::new(Dice::new(1)));
        let stored = passwords.hash("correct horse").await.unwrap();
        assert!(stored.starts_with("$argon2id$"), "{stored}");
        assert!(passwords.is_right("correct horse", Some(&stored)).await.unwrap());
        assert!(!passwords.is_right("correct horsf", Some(&stored)).await.unwrap());
        assert!(!passwords.is_right("correct horse", None).await.unwrap());
    }
}
