//! The policy: refused with a reason when it is unsound, kept for a start without the control plane.

use weir_contract::id::Revision;
use weir_contract::sync::{Revised, ToGateway};

use super::Story;
use super::provider::Reply;
use crate::sample;

const CHAT: &str = "/v1/chat/completions";
const ASK: &str = r#"{"model":"gpt","messages":[]}"#;

fn snapshot(revised: Revised) -> String {
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
