//! From what was sent to what can run: verify, read, compile, prepare. Everything, or nothing.

use std::sync::Arc;

use foldhash::{HashMap, HashMapExt as _};
use ring::hmac;
use weir_contract::id::{KeyId, Revision};
use weir_contract::policy::{
    Content, Key, Policy, PolicySecret, SealError, Section, SignedHeader, SnapshotError, Verifier,
};
use weir_contract::sync::Revised;

use super::InForce;
use crate::upstream::{Egress, Upstream};

/// The secrets a gateway works with, from the control plane's first message.
pub(crate) struct Trust {
    /// Opens credentials, hashes keys.
    pub(crate) secret: Arc<PolicySecret>,
    /// Checks snapshots.
    pub(crate) verifier: Verifier,
}

impl Trust {
    /// Reads both from their text.
    pub(crate) fn read(policy_secret: &str, signing_key: &str) -> Result<Self, SealError> {
        let secret = Arc::new(PolicySecret::from_base64(policy_secret)?);
        Ok(Self { secret, verifier: Verifier(signing_key.to_owned()) })
    }
}

/// A policy that may be put into force, with what it was made from.
pub(crate) struct Compiled {
    /// Ready to run.
    pub(crate) in_force: Arc<InForce>,
    /// Its header.
    pub(crate) signed: SignedHeader,
    /// All of its sections.
    pub(crate) sections: Vec<Section>,
}

/// Why a snapshot was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It names sections that are neither sent along nor known.
    Missing {
        /// The snapshot's revision.
        revision: Revision,
    },
    /// It must not run.
    Invalid {
        /// The snapshot's revision, 0 when it cannot be read.
        revision: Revision,
        /// Why, for whoever published it.
        reason: String,
    },
}

/// Makes a policy of a snapshot. `known` are the sections of the running one; `running` lends its connections and limits.
pub(crate) fn compile(
    revised: Revised,
    trust: &Trust,
    known: &[Section],
    running: Option<&InForce>,
    egress: Egress,
) -> Result<Compiled, Refused> {
    let Revised { signed, sections: sent } = revised;
    let hint = revision_hint(&signed.text);
    let invalid = |reason: String| Refused::Invalid { revision: hint, reason };
    let header = signed.verify(&trust.verifier).map_err(|error| invalid(error.to_string()))?;
    let running_revision = running.map(|running| running.policy.revision).unwrap_or_default();
    if header.revision <= running_revision {
        let error = SnapshotError::Old { theirs: header.revision, running: running_revision };
        return Err(invalid(error.to_string()));
    }
    let mut sections = Vec::with_capacity(header.sections.len());
    for named in &header.sections {
        let fits =
            |section: &&Section| section.kind == named.kind && section.text.len() as u64 == named.bytes;
        let of_kind = sent.iter().find(|section| section.kind == named.kind);
        let found =
            of_kind.or_else(|| known.iter().filter(fits).find(|section| section.reference() == *named));
        sections.push(found.ok_or(Refused::Missing { revision: header.revision })?.clone());
    }
    let content = Content::read(&header, &sections).map_err(|error| invalid(error.to_string()))?;
    let policy = Policy::compile(header.revision, header.published_at_us, content)
        .map_err(|error| invalid(error.to_string()))?;
    let in_force = prepare(policy, trust, running, egress).map_err(invalid)?;
    Ok(Compiled { in_force: Arc::new(in_force), signed, sections })
}

/// Prepares endpoints and keys; those that did not change keep their connections and counters.
pub(crate) fn prepare(
    policy: Policy,
    trust: &Trust,
    running: Option<&InForce>,
    egress: Egress,
) -> Result<InForce, String> {
    let mut upstreams = HashMap::new();
    for entry in policy.endpoints() {
        let kept =
            running.and_then(|running| running.upstream(&entry.id)).filter(|upstream| upstream.serves(entry));
        let upstream = match kept {
            Some(upstream) => Arc::clone(upstream),
            None => {
                Arc::new(Upstream::prepare(entry, &trust.secret, egress).map_err(|error| error.to_string())?)
            }
        };
        upstreams.insert(entry.id.clone(), upstream);
    }
    let (mut gates, mut customer_keys) = (HashMap::new(), HashMap::new());
    for key in policy.keys() {
        let id = &key.entry.id;
        let gate = running.and_then(|running| running.gate(id)).map(Arc::clone).unwrap_or_default();
        gates.insert(id.clone(), gate);
        if let Some(signer) = customer_key(key, &trust.secret)? {
            customer_keys.insert(id.clone(), signer);
        }
    }
    let secret = Arc::clone(&trust.secret);
    Ok(InForce { policy, secret, upstreams, gates, customer_keys })
}

fn customer_key(key: &Key, secret: &PolicySecret) -> Result<Option<hmac::Key>, String> {
    let Some(sealed) = &key.entry.customer_secret else { return Ok(None) };
    let plain = secret
        .open(sealed, &customer_secret_place(&key.entry.id))
        .map_err(|error| format!("the customer secret of key `{}`: {error}", key.entry.id))?;
    Ok(Some(hmac::Key::new(hmac::HMAC_SHA256, &plain)))
}

fn customer_secret_place(key: &KeyId) -> String {
    format!("key:{key}")
}

/// The revision a header claims, for an answer to whoever sent it; never trusted.
pub(crate) fn revision_hint(header_text: &str) -> Revision {
    serde_json::from_str::<serde_json::Value>(header_text)
        .ok()
        .and_then(|header| header.get("revision")?.as_u64())
        .map(Revision)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, revised};
    use weir_contract::policy::{PreviousSecret, SigningKey};

    const EGRESS: Egress = Egress { allow_loopback: true };

    fn reason(refused: Result<Compiled, Refused>) -> String {
        match refused {
            Err(Refused::Invalid { reason, .. }) => reason,
            Err(Refused::Missing { .. }) => "missing".to_owned(),
            Ok(_) => "taken".to_owned(),
        }
    }

    #[test]
    fn a_snapshot_that_is_not_newer_is_refused() {
        let trust = sample::trust();
        let first = compile(revised(7, &sample::content()), &trust, &[], None, EGRESS).unwrap();
        let again = compile(revised(7, &sample::content()), &trust, &[], Some(&first.in_force), EGRESS);
        assert!(reason(again).contains("revision 7 is already in force"));
    }

    #[test]
    fn a_snapshot_of_another_signer_is_refused() {
        let mut trust = sample::trust();
        trust.verifier = SigningKey::from_seed(&[9; 32]).unwrap().verifier();
        let refused = compile(revised(7, &sample::content()), &trust, &[], None, EGRESS);
        assert!(reason(refused).contains("signature"));
    }

    #[test]
    fn sections_that_are_known_need_not_be_sent() {
        let trust = sample::trust();
        let first = compile(revised(1, &sample::content()), &trust, &[], None, EGRESS).unwrap();
        let mut next = revised(2, &sample::content());
        next.sections.clear();
        let without = compile(next.clone(), &trust, &[], Some(&first.in_force), EGRESS);
        assert_eq!(without.err(), Some(Refused::Missing { revision: Revision(2) }));
        let second = compile(next, &trust, &first.sections, Some(&first.in_force), EGRESS).unwrap();
        assert_eq!(second.in_force.policy.revision, Revision(2));
    }

    #[test]
    fn an_endpoint_that_did_not_change_keeps_its_connections() {
        let trust = sample::trust();
        let first = compile(revised(1, &sample::content()), &trust, &[], None, EGRESS).unwrap();
        let mut content = sample::content();
        content.endpoints[1].first_byte_timeout_ms += 1;
        let second = compile(revised(2, &content), &trust, &[], Some(&first.in_force), EGRESS).unwrap();
        let same = |place: usize| {
            let id = &content.endpoints[place].id;
            let (before, after) =
                (first.in_force.upstream(id).unwrap(), second.in_force.upstream(id).unwrap());
            Arc::ptr_eq(before, after)
        };
        assert_eq!((same(0), same(1)), (true, false));
    }

    #[test]
    fn a_credential_sealed_for_another_host_stops_the_whole_snapshot() {
        let mut content = sample::content();
        content.endpoints[0].base_url = "http://127.0.0.1:2/v1".to_owned();
        let refused = compile(revised(1, &content), &sample::trust(), &[], None, EGRESS);
        assert!(reason(refused).contains("another secret or for another endpoint"));
    }

    #[test]
    fn an_old_secret_works_to_the_end_of_its_grace_and_shares_the_keys_limits() {
        let trust = sample::trust();
        let mut content = sample::content();
        let old = trust.secret.key_hash("wk_old").to_hex();
        content.keys[0].previous = Some(PreviousSecret { hash: old, ends_at_us: 1000 });
        let first = compile(revised(1, &sample::content()), &trust, &[], None, EGRESS).unwrap().in_force;
        let rotated = compile(revised(2, &content), &trust, &[], Some(&first), EGRESS).unwrap().in_force;
        let (new, old) = (rotated.key(sample::KEY, 999).unwrap(), rotated.key("wk_old", 999).unwrap());
        assert!(Arc::ptr_eq(new, old), "one key with two secrets");
        assert!(Arc::ptr_eq(first.gate(&new.entry.id).unwrap(), rotated.gate(&old.entry.id).unwrap()));
        assert!(rotated.key("wk_old", 1000).is_none(), "its grace is over");
        assert!(rotated.key(sample::KEY, 1000).is_some());
    }

    #[test]
    fn two_keys_never_share_a_secret_old_or_new() {
        let trust = sample::trust();
        let mut content = sample::content();
        let hash = content.keys[0].hash.clone();
        content.keys[0].previous = Some(PreviousSecret { hash, ends_at_us: 1000 });
        let refused = compile(revised(1, &content), &trust, &[], None, EGRESS);
        assert!(reason(refused).contains("key `key_1` is in the snapshot twice"));
    }
}
