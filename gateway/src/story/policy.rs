//! The policy: refused with a reason when it is unsound, kept for a start without the control plane.

use weir_contract::id::Revision;
use weir_contract::policy::seal::sha256_hex;
use weir_contract::policy::{Content, SCHEMA, SignedHeader};
use weir_contract::sync::{Revised, ToGateway};

use super::Story;
use super::provider::Reply;
use crate::sample;

const CHAT: &str = "/v1/chat/completions";
const ASK: &str = r#"{"model":"gpt","messages":[]}"#;

pub(super) fn snapshot(revised: Revised) -> String {
    serde_json::to_string(&ToGateway::Snapshot(revised)).unwrap()
}

#[tokio::test]
async fn an_unsound_snapshot_is_refused_with_a_reason_and_the_old_one_stays() {
    let story = Story::begin().await;
    let good = || sample::revised(2, &story.content);
    let mut forged = good();
    forged.signed.text = forged.signed.text.replace("\"revision\":2", "\"revision\":3");
    let mut damaged = good();
    damaged.sections[0].text.push(' ');
    let mut dangling = story.content.clone();
    dangling.models[0].targets[0].endpoint = "nowhere".into();
    let cases = [
        (snapshot(sample::revised(1, &story.content)), "already in force"),
        (snapshot(forged), "signature"),
        (snapshot(damaged), "damaged"),
        (snapshot(sample::revised(2, &dangling)), "nowhere"),
        (snapshot(good()).chars().take(200).collect(), "cannot be read"),
    ];
    for (message, reason) in cases {
        let (_, said) = story.control.refusal_of(message).await;
        assert!(said.contains(reason), "{said}");
        assert_eq!(story.gateway.revision(), Revision(1));
    }
    story.control.push(snapshot(good()));
    story.control.acknowledged(Revision(2)).await;
    assert_eq!(story.gateway.revision(), Revision(2));
}

/// Signed as it stands, whatever it says: what a broken control plane, not a thief, would send.
fn signed(text: String) -> SignedHeader {
    SignedHeader { signature: sample::signer().sign(text.as_bytes()), text }
}

/// The `number`-th poison: each kind in turn, at another place every time.
fn poison(number: usize, content: &Content) -> String {
    let mut revised = sample::revised(2, content);
    let place = |length: usize| number * 7919 % length;
    match number % 8 {
        0 => revised.signed.signature.replace_range(place(80)..=place(80), "_"),
        1 => return snapshot(sample::revised(number as u64 % 2, content)),
        2 => {
            let text = revised.signed.text.replacen('{', "{\"extra\":1,", 1);
            revised.signed = signed(text);
        }
        3 => {
            let whole = snapshot(revised);
            return whole.chars().take(1 + place(whole.len() - 1)).collect();
        }
        4 => {
            let text = revised.signed.text.replacen("\"bytes\":", "\"bytes\":99999999", 1);
            revised.signed = signed(text);
        }
        5 => {
            let section = number % revised.sections.len();
            revised.sections[section].text.insert(1, ' ');
        }
        6 => {
            let section = &mut revised.sections[4];
            let old = sha256_hex(section.text.as_bytes());
            let length = section.text.len();
            section.text = format!("[{{\"surprise\":{number}}}]");
            let text = revised.signed.text.replace(&old, &sha256_hex(section.text.as_bytes()));
            let text =
                text.replace(&format!("\"bytes\":{length}"), &format!("\"bytes\":{}", section.text.len()));
            revised.signed = signed(text);
        }
        _ => {
            let (ours, theirs) = (format!("\"schema\":{SCHEMA}"), format!("\"schema\":{SCHEMA}{number}"));
            let text = revised.signed.text.replace(&ours, &theirs);
            revised.signed = signed(text);
        }
    }
    snapshot(revised)
}

#[tokio::test]
async fn two_hundred_poisoned_snapshots_are_refused_and_traffic_goes_on() {
    let story = Story::begin().await;
    for number in 0..200 {
        let (_, reason) = story.control.refusal_of(poison(number, &story.content)).await;
        assert!(reason.len() > 10, "poison {number} must be refused with a reason: {reason}");
        assert_eq!(story.gateway.revision(), Revision(1), "poison {number}: {reason}");
        if number % 20 == 0 {
            story.provider.will(Reply::Json(200, r#"{"choices":[]}"#));
            assert_eq!(story.post(CHAT, &[], ASK).await.status.as_u16(), 200);
        }
    }
    story.control.push(snapshot(sample::revised(2, &story.content)));
    story.control.acknowledged(Revision(2)).await;
}

#[tokio::test]
async fn a_gateway_starts_with_its_last_policy_when_the_control_plane_is_away() {
    let story = Story::begin().await.restart_without_control().await;
    assert_eq!(story.gateway.revision(), Revision(1));
    story.provider.will(Reply::Json(200, r#"{"choices":[]}"#));
    assert_eq!(story.post(CHAT, &[], ASK).await.status.as_u16(), 200);
}

#[tokio::test]
async fn a_revoked_key_is_refused_as_soon_as_its_revision_is_in_force() {
    let story = Story::begin().await;
    let mut without = story.content.clone();
    without.keys.clear();
    story.control.push(snapshot(sample::revised(2, &without)));
    story.control.acknowledged(Revision(2)).await;
    assert_eq!(story.post(CHAT, &[], ASK).await.status.as_u16(), 401);
}

#[tokio::test]
async fn a_drained_gateway_finishes_what_it_has_and_takes_requests_again_when_told() {
    let story = Story::begin().await;
    let tell = |message: &ToGateway| story.control.push(serde_json::to_string(message).unwrap());
    let ready = async || story.get(story.gateway.admin_address, "/readyz", &[]).await.status.as_u16();
    let (release, released) = tokio::sync::oneshot::channel();
    story.provider.will(Reply::Late(released, r#"{"choices":[]}"#));
    let in_flight = story.post(CHAT, &[], ASK);
    let around = async {
        story.provider.asked(1).await;
        tell(&ToGateway::Drain);
        story.control.said(|status| status.draining && status.in_flight == 1).await;
        let refused = story.post(CHAT, &[], ASK).await;
        assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (503, "1"), "{}", refused.body);
        assert_eq!(ready().await, 503, "a load balancer turns to another gateway");
        release.send(()).unwrap();
    };
    let (answered, ()) = tokio::join!(in_flight, around);
    assert_eq!(answered.status.as_u16(), 200, "{}", answered.body);
    tell(&ToGateway::Resume);
    story.control.said(|status| !status.draining).await;
    story.provider.will(Reply::Json(200, r#"{"choices":[]}"#));
    assert_eq!(story.post(CHAT, &[], ASK).await.status.as_u16(), 200);
    assert_eq!(ready().await, 200);
}
