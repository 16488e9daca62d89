//! Names of things: one newtype each, so that a customer can never be passed where a key is meant.
//!
//! Text ids are reference-counted (`Arc<str>`): an exchange carries a dozen of them, cloning costs a counter, and an empty one
//! nothing at all.
//! Ids made by us are `prefix_` + 22 letters (128 random bits, base62), sortable by nothing on purpose: time has its own column.

use std::borrow::{Borrow, Cow};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! text_id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Default)]
        pub struct $name(Option<Arc<str>>);

        impl $name {
            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str { self.0.as_deref().unwrap_or("") }
            /// Whether this is the empty id, which means "none" wherever an id is optional in a row.
            #[must_use]
            pub fn is_empty(&self) -> bool { self.0.is_none() }
        }
        // Compared and hashed as the text they are, so that a map can be asked with a `&str`.
        impl PartialEq for $name { fn eq(&self, other: &Self) -> bool { self.as_str() == other.as_str() } }
        impl Eq for $name {}
        impl Hash for $name { fn hash<H: Hasher>(&self, state: &mut H) { self.as_str().hash(state); } }
        impl PartialOrd for $name { fn partial_cmp(&self, other: &Self) -> Option<Ordering> { Some(self.cmp(other)) } }
        impl Ord for $name { fn cmp(&self, other: &Self) -> Ordering { self.as_str().cmp(other.as_str()) } }
        impl From<&str> for $name { fn from(text: &str) -> Self { Self((!text.is_empty()).then(|| Arc::from(text))) } }
        impl From<String> for $name { fn from(text: String) -> Self { Self::from(text.as_str()) } }
        impl AsRef<str> for $name { fn as_ref(&self) -> &str { self.as_str() } }
        impl Borrow<str> for $name { fn borrow(&self) -> &str { self.as_str() } }
        impl fmt::Display for $name { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.as_str()) } }
        impl fmt::Debug for $name { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "{:?}", self.as_str()) } }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> { serializer.serialize_str(self.as_str()) }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Cow::<'de, str>::deserialize(deserializer).map(|text| Self::from(&*text))
            }
        }
    )+};
}

text_id! {
    /// The tenant (`ws_…`): a team, product or environment; keys and objects belong to it.
    WorkspaceId,
    /// What an application presents (`key_…`); the secret itself is `wk_…` and never an id.
    KeyId,
    /// The party a request is made for; chosen by the caller, created on first sight.
    CustomerId,
    /// The caller's own user, as far as it says.
    UserId,
    /// Requests that belong together (a conversation, an agent run).
    SessionId,
    /// One base URL with its credential (`ep_…`).
    EndpointId,
    /// A routing rule (`rule_…`).
    RuleId,
    /// A running gateway's stable name, chosen by its operator or made at first start (`gw_…`).
    GatewayId,
    /// One life of a gateway process: what a hold's owner is.
    Incarnation,
    /// A sealed batch: `{gateway}-{segment}-{n}`.
    BatchId,
    /// A version of the price book: what a booked cost was rated with.
    PriceVersion,
}

/// The number of a published snapshot; strictly increasing, never reused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(pub u64);

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a client sent and everything it caused: a UUID version 7, so that logs sort roughly by time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(pub uuid::Uuid);

impl RequestId {
    /// Builds the id from the wall clock (µs since 1970, UTC) and 10 random bytes.
    #[must_use]
    pub fn new(now_us: i64, random: [u8; 10]) -> Self {
        let millis = u64::try_from(now_us / 1000).unwrap_or(0);
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    /// Whether this is the nil id, which means "none" in a row.
    #[must_use]
    pub fn is_nil(&self) -> bool {
        self.0.is_nil()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for RequestId {
    type Err = uuid::Error;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// A W3C trace id: 16 bytes, shown as 32 lower-case hex digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TraceId(pub [u8; 16]);

/// A W3C span id: 8 bytes, shown as 16 lower-case hex digits; all zero means "none" and is shown as nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SpanId(pub [u8; 8]);

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Hex digits of up to 16 bytes, without a detour over the heap; nothing for all zeros.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HexText {
    digits: [u8; 32],
    length: usize,
}

impl HexText {
    fn of<const N: usize>(bytes: &[u8; N]) -> Self {
        let mut text = Self::default();
        if *bytes == [0; N] {
            return text;
        }
        for (pair, byte) in text.digits.chunks_exact_mut(2).zip(bytes) {
            pair[0] = HEX[usize::from(byte >> 4)];
            pair[1] = HEX[usize::from(byte & 15)];
            text.length += 2;
        }
        text
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.digits.get(..self.length).and_then(|digits| std::str::from_utf8(digits).ok()).unwrap_or_default()
    }
}

impl Serialize for HexText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl TraceId {
    /// Its digits, as it is shown.
    #[must_use]
    pub fn hex(&self) -> HexText {
        HexText::of(&self.0)
    }
}

impl SpanId {
    /// Its digits, as it is shown.
    #[must_use]
    pub fn hex(&self) -> HexText {
        HexText::of(&self.0)
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.hex().as_str())
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.hex().as_str())
    }
}

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// `bytes` as base62 text: what our ids and secrets are written in (safe in URLs, one double-click selects all).
#[must_use]
pub fn base62(bytes: &[u8]) -> String {
    let mut digits = Vec::with_capacity(bytes.len() * 2);
    let mut number: Vec<u8> = bytes.to_vec();
    let length = (bytes.len() * 8).div_ceil(5).min(bytes.len() * 11 / 8 + 1); // log62(256) = 1.3436
    for _ in 0..length {
        let mut rest = 0_u32;
        for byte in &mut number {
            let value = rest * 256 + u32::from(*byte);
            *byte = u8::try_from(value / 62).unwrap_or(0);
            rest = value % 62;
        }
        digits.push(BASE62[rest as usize]);
    }
    digits.reverse();
    String::from_utf8(digits).unwrap_or_default()
}

/// A new id of ours: `prefix_` and 128 random bits.
#[must_use]
pub fn prefixed(prefix: &str, random: [u8; 16]) -> String {
    format!("{prefix}_{}", base62(&random))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_ours_have_one_length_and_keep_every_bit() {
        assert_eq!(prefixed("key", [0; 16]).len(), "key_".len() + 23);
        assert_eq!(prefixed("key", [255; 16]).len(), "key_".len() + 23);
        assert_ne!(base62(&[0, 1]), base62(&[1, 0]));
    }

    #[test]
    fn no_span_is_shown_as_nothing() {
        assert_eq!(SpanId::default().to_string(), "");
        assert_eq!(SpanId([0, 0, 0, 0, 0, 0, 0, 1]).to_string(), "0000000000000001");
    }
}
