//! Secrets people carry: `prefix_` + 256 random bits + a checksum, so that scanners find them and typing errors show.

use weir_contract::clock::Randomness;
use weir_contract::id::base62;
use weir_contract::policy::seal::sha256_hex;

/// What an application presents to a gateway.
pub(crate) const KEY: &str = "wk";
/// What a key's owner signs customer tokens with.
pub(crate) const CUSTOMERS: &str = "wcs";
/// What a script presents to the API.
pub(crate) const API: &str = "wat";
/// What a gateway presents to the control plane.
pub(crate) const GATEWAY: &str = "wgt";
/// A browser's session.
pub(crate) const SESSION: &str = "wst";
/// A one-time link.
pub(crate) const LINK: &str = "wlt";

const CHECKSUM_LETTERS: usize = 6;

/// A new secret of that kind.
#[must_use]
pub(crate) fn mint(prefix: &str, random: &dyn Randomness) -> String {
    let body = base62(&random.bytes::<32>());
    let checksum = checksum(prefix, &body);
    format!("{prefix}_{body}{checksum}")
}

/// Whether the text can be a secret of that kind at all: right prefix, right checksum.
#[must_use]
pub(crate) fn is_well_formed(prefix: &str, text: &str) -> bool {
    let body = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_'));
    let parts = body.filter(|body| body.is_ascii() && body.len() > CHECKSUM_LETTERS);
    parts.is_some_and(|body| {
        let (random, check) = body.split_at(body.len() - CHECKSUM_LETTERS);
        checksum(prefix, random) == check
    })
}

/// What is stored of a secret with full entropy: its SHA-256, hex.
#[must_use]
pub(crate) fn hash(token: &str) -> String {
    sha256_hex(token.as_bytes())
}

/// The last characters, to tell secrets apart in lists.
#[must_use]
pub(crate) fn ending(token: &str) -> String {
    token.chars().skip(token.chars().count().saturating_sub(4)).collect()
}

fn checksum(prefix: &str, body: &str) -> String {
    let digest = sha256_hex(format!("{prefix}_{body}").as_bytes());
    let bytes: Vec<u8> = (0..4)
        .filter_map(|place| u8::from_str_radix(digest.get(place * 2..place * 2 + 2)?, 16).ok())
        .collect();
    let text = base62(&bytes);
    text.chars().rev().take(CHECKSUM_LETTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Dice;

    #[test]
    fn a_mistyped_secret_is_told_from_a_wrong_one() {
        let key = mint(KEY, &Dice::new(1));
        assert!(key.starts_with("wk_") && key.len() > 45, "{key}");
        assert!(is_well_formed(KEY, &key));
        assert!(!is_well_formed(API, &key));
        let mut typo = key.clone();
        typo.replace_range(5..6, if &key[5..6] == "a" { "b" } else { "a" });
        assert!(!is_well_formed(KEY, &typo));
        assert_ne!(key, mint(KEY, &Dice::new(2)));
        assert_eq!(ending("wk_abcd"), "abcd");
    }
}
