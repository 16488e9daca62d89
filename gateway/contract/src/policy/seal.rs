//! The cryptography both sides must agree on: hashing presented keys, sealing credentials, signing snapshots.
//!
//! One policy secret (32 bytes) is shared by the control plane and its gateways. From it come, by HKDF-SHA-256 with
//! separate labels, the pepper of key hashes and the key that seals credentials (AES-256-GCM; the associated data binds a
//! credential to its endpoint and base URL, so that it opens nowhere else). Snapshots are signed with Ed25519: a stolen
//! policy secret cannot publish.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::{aead, digest, hkdf, hmac, signature};
use serde::{Deserialize, Serialize};
use signature::KeyPair as _;
use thiserror::Error;

/// Why something sealed or signed was refused.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum SealError {
    /// Not base64, or of the wrong length.
    #[error("the sealed value is damaged: it cannot be read")]
    Unreadable,
    /// Sealed with another secret, or for another place.
    #[error("the sealed value was made with another secret or for another endpoint")]
    WrongSecret,
    /// The signature does not fit.
    #[error("the signature does not fit: this snapshot was not signed by this control plane")]
    BadSignature,
}

/// HMAC-SHA-256 of a presented key: what is stored, and what a presented key is found by.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyHash([u8; 32]);

impl KeyHash {
    /// 64 lower-case hex digits.
    #[must_use]
    pub fn to_hex(self) -> String {
        hex(&self.0)
    }

    /// Reads 64 hex digits.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut hash = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        for (place, byte) in hash.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[place * 2..place * 2 + 2], 16).ok()?;
        }
        Some(Self(hash))
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHash(…)")
    }
}

/// SHA-256 as 64 hex digits: what sections are addressed by.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
        text
    })
}

/// The secret that the control plane and its gateways share. Never printed, never serialised but in `Welcome`.
pub struct PolicySecret {
    raw: [u8; 32],
    pepper: hmac::Key,
    sealing: aead::LessSafeKey,
}

impl fmt::Debug for PolicySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PolicySecret(…)")
    }
}

impl PolicySecret {
    /// Derives the working keys from 32 random bytes.
    pub fn new(raw: [u8; 32]) -> Result<Self, SealError> {
        let pepper = hmac::Key::new(hmac::HMAC_SHA256, &derive(&raw, b"weir key hash v1")?);
        let sealing = derive(&raw, b"weir credential v1")?;
        let sealing =
            aead::UnboundKey::new(&aead::AES_256_GCM, &sealing).map_err(|_| SealError::Unreadable)?;
        Ok(Self { raw, pepper, sealing: aead::LessSafeKey::new(sealing) })
    }

    /// Reads the base64 form of [`PolicySecret::to_base64`].
    pub fn from_base64(text: &str) -> Result<Self, SealError> {
        let raw = BASE64.decode(text).map_err(|_| SealError::Unreadable)?;
        Self::new(raw.try_into().map_err(|_| SealError::Unreadable)?)
    }

    /// For `Welcome` and for the encrypted store only.
    #[must_use]
    pub fn to_base64(&self) -> String {
        BASE64.encode(self.raw)
    }

    /// The hash a presented key is found by.
    #[must_use]
    pub fn key_hash(&self, presented: &str) -> KeyHash {
        let mut hash = [0; 32];
        hash.copy_from_slice(hmac::sign(&self.pepper, presented.as_bytes()).as_ref());
        KeyHash(hash)
    }

    /// Seals a credential for one place; `nonce` must be fresh random bytes.
    pub fn seal(&self, plain: &[u8], place: &str, nonce: [u8; 12]) -> Result<String, SealError> {
        let mut sealed = plain.to_vec();
        let aad = aead::Aad::from(place.as_bytes());
        let nonce_value = aead::Nonce::assume_unique_for_key(nonce);
        self.sealing
            .seal_in_place_append_tag(nonce_value, aad, &mut sealed)
            .map_err(|_| SealError::Unreadable)?;
        Ok(BASE64.encode([nonce.as_slice(), &sealed].concat()))
    }

    /// Opens what was sealed for that place.
    pub fn open(&self, sealed: &str, place: &str) -> Result<Vec<u8>, SealError> {
        let bytes = BASE64.decode(sealed).map_err(|_| SealError::Unreadable)?;
        let (nonce, sealed) = bytes.split_at_checked(12).ok_or(SealError::Unreadable)?;
        let nonce = aead::Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::Unreadable)?;
        let mut sealed = sealed.to_vec();
        let aad = aead::Aad::from(place.as_bytes());
        let plain =
            self.sealing.open_in_place(nonce, aad, &mut sealed).map_err(|_| SealError::WrongSecret)?;
        Ok(plain.to_vec())
    }
}

struct Length32;
impl hkdf::KeyType for Length32 {
    fn len(&self) -> usize {
        32
    }
}

/// 32 bytes derived from a secret for one purpose (HKDF-SHA-256).
pub fn derive(secret: &[u8], purpose: &[u8]) -> Result<[u8; 32], SealError> {
    let mut key = [0; 32];
    let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, b"weir").extract(secret);
    let info = [purpose];
    let expanded = extracted.expand(&info, Length32).map_err(|_| SealError::Unreadable)?;
    expanded.fill(&mut key).map_err(|_| SealError::Unreadable)?;
    Ok(key)
}

/// The control plane's signing key.
pub struct SigningKey(signature::Ed25519KeyPair);

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

impl SigningKey {
    /// From 32 random bytes.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, SealError> {
        signature::Ed25519KeyPair::from_seed_unchecked(seed).map(Self).map_err(|_| SealError::Unreadable)
    }

    /// Signs; base64.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> String {
        BASE64.encode(self.0.sign(message).as_ref())
    }

    /// The public half.
    #[must_use]
    pub fn verifier(&self) -> Verifier {
        Verifier(BASE64.encode(self.0.public_key().as_ref()))
    }
}

/// The public key snapshots are checked with, base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Verifier(pub String);

impl Verifier {
    /// Whether the message was signed by the key's owner.
    pub fn verify(&self, message: &[u8], signature_base64: &str) -> Result<(), SealError> {
        let key = BASE64.decode(&self.0).map_err(|_| SealError::Unreadable)?;
        let signature = BASE64.decode(signature_base64).map_err(|_| SealError::BadSignature)?;
        let key = signature::UnparsedPublicKey::new(&signature::ED25519, key);
        key.verify(message, &signature).map_err(|_| SealError::BadSignature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_opens_only_with_its_secret_and_for_its_place() {
        let secret = PolicySecret::new([7; 32]).unwrap();
        let sealed = secret.seal(b"sk-123", "ep_1|https://a.example", [1; 12]).unwrap();
        assert_eq!(secret.open(&sealed, "ep_1|https://a.example").unwrap(), b"sk-123");
        assert_eq!(secret.open(&sealed, "ep_1|https://b.example"), Err(SealError::WrongSecret));
        let other = PolicySecret::new([8; 32]).unwrap();
        assert_eq!(other.open(&sealed, "ep_1|https://a.example"), Err(SealError::WrongSecret));
        assert_eq!(secret.open("AAAA", ""), Err(SealError::Unreadable));
    }

    #[test]
    fn a_key_is_found_by_its_hash_under_one_pepper() {
        let hash = PolicySecret::new([7; 32]).unwrap().key_hash("wk_a");
        assert_eq!(KeyHash::from_hex(&hash.to_hex()), Some(hash));
        assert_ne!(PolicySecret::new([8; 32]).unwrap().key_hash("wk_a"), hash);
        assert_eq!(KeyHash::from_hex("zz"), None);
    }

    #[test]
    fn only_the_signer_signs() {
        let key = SigningKey::from_seed(&[3; 32]).unwrap();
        let signature = key.sign(b"header");
        assert_eq!(key.verifier().verify(b"header", &signature), Ok(()));
        assert_eq!(key.verifier().verify(b"heather", &signature), Err(SealError::BadSignature));
    }
}
