//! A body with other members at its top: what a host that serves a known format wants said elsewhere is taken out, what it wants
//! said here is put in front. Every value stays as it was written.

use bytes::Bytes;

use crate::{
    error::WireError,
    json::{JsonText, top_level},
};

/// The body without those members, and with these, whose values are JSON, before the others.
///
/// # Errors
///
/// When the body is no sound JSON object (see [`crate::json::top_level`]).
pub fn rewrap(body: &[u8], without: &[&str], with: &[(&str, &str)]) -> Result<Bytes, WireError> {
    let top = top_level(body)?;
    let stays = |key: &str| !without.contains(&key) && !with.iter().any(|(name, _)| *name == key);
    let mut json = JsonText::default();
    json.object(|json| {
        with.iter().for_each(|(key, raw)| json.key(key).raw(raw));
        for member in top.members().iter().filter(|member| stays(&member.key)) {
            json.key(&member.key).raw(top.view(member).raw());
        }
    });
    Ok(json.into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_go_and_come_and_the_others_stay_as_they_were_written() {
        let body = br#"{ "model":"m", "temperature": 0.70, "stream":true,"messages":[ {"a" : 1} ] }"#;
        let found = rewrap(body, &["model", "stream"], &[("version", "\"v1\"")]).unwrap();
        assert_eq!(&found[..], br#"{"version":"v1","temperature":0.70,"messages":[ {"a" : 1} ]}"#);
        assert!(rewrap(b"[]", &[], &[]).is_err());
    }
}
