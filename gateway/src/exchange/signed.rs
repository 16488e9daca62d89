//! Signed customers: a JSON Web Token whose signature only the key's owner can make, so that a caller cannot name another's.
//!
//! Exactly one algorithm (HS256) and exactly one secret: nothing is negotiated, which is where such tokens go wrong.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::hmac;
use serde::Deserialize;

/// How far a token's clock may be off, seconds.
const LEEWAY_S: i64 = 60;

/// Longest token that is read, bytes.
const TOKEN_BYTES_MAX: usize = 4096;

#[derive(Deserialize)]
struct Head {
    alg: String,
}

#[derive(Deserialize)]
struct Claims {
    #[serde(alias = "customer")]
    sub: String,
    exp: i64,
    nbf: Option<i64>,
}

/// The customer a token names, or what is wrong with it.
pub(crate) fn customer_of(token: &str, key: &hmac::Key, now_us: i64) -> Result<String, &'static str> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err("it is too long");
    }
    let (signed, signature) = token.rsplit_once('.').ok_or("it has no signature")?;
    let (head, claims) = signed.split_once('.').ok_or("it does not have three parts")?;
    let head: Head = read(head).ok_or("its head cannot be read")?;
    if head.alg != "HS256" {
        return Err("it must be signed with HS256");
    }
    let signature = BASE64.decode(signature).map_err(|_| "its signature cannot be read")?;
    hmac::verify(key, signed.as_bytes(), &signature).map_err(|_| "its signature does not fit")?;
    let claims: Claims = read(claims).ok_or("it needs the claims `sub` (the customer) and `exp`")?;
    let now_s = now_us.div_euclid(1_000_000);
    if claims.exp.saturating_add(LEEWAY_S) < now_s {
        return Err("it has expired");
    }
    if claims.nbf.is_some_and(|from| from > now_s.saturating_add(LEEWAY_S)) {
        return Err("it is not valid yet");
    }
    Ok(claims.sub)
}

fn read<T: serde::de::DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&BASE64.decode(part).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(head: &str, claims: &str, secret: &[u8]) -> String {
        let signed = format!("{}.{}", BASE64.encode(head), BASE64.encode(claims));
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        format!("{signed}.{}", BASE64.encode(hmac::sign(&key, signed.as_bytes())))
    }

    #[test]
    fn only_a_token_of_the_keys_secret_names_a_customer() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"secret");
        let at = |token: &str, now_s: i64| customer_of(token, &key, now_s * 1_000_000);
        let head = r#"{"alg":"HS256","typ":"JWT"}"#;
        let good = token(head, r#"{"sub":"acme","exp":100}"#, b"secret");
        assert_eq!(at(&good, 100).as_deref(), Ok("acme"));
        assert_eq!(at(&good, 161), Err("it has expired"));
        assert!(at(&token(head, r#"{"sub":"acme","exp":100}"#, b"other"), 100).is_err());
        assert!(at(&token(r#"{"alg":"none"}"#, r#"{"sub":"acme","exp":100}"#, b"secret"), 100).is_err());
        assert!(at(&token(head, r#"{"sub":"acme"}"#, b"secret"), 100).is_err());
        assert_eq!(
            at(&token(head, r#"{"customer":"b","exp":9,"nbf":500}"#, b"secret"), 9),
            Err("it is not valid yet")
        );
        assert!(at("a.b", 0).is_err());
    }
}
