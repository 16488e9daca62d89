//! The gateways' side door: welcome, snapshot, deltas, acknowledgements, batches.

use std::time::Duration;

use axum::body::Body;
use futures_util::StreamExt as _;
use http::{Request, StatusCode, header};
use tower::ServiceExt as _;
use weir_contract::id::Revision;
use weir_contract::policy::{PolicySecret, SCHEMA, Verifier};
use weir_contract::sync::{Hello, Receipt, ToControl, ToGateway};

use crate::gateways::retire;
use crate::precondition::Expected;
use crate::publish::publish;
use crate::testing::{House, openai};
use crate::{bootstrap, endpoints, gateways, server};

async fn token(house: &House) -> String {
    bootstrap::first_steps(&house.app).await.unwrap().gateway_token
}

pub(super) fn hello(gateway: &str) -> Hello {
    Hello {
        gateway: gateway.into(),
        incarnation: "1".into(),
        version: "0.1.0".to_owned(),
        schema: SCHEMA,
        revision: Revision(0),
        sections: Vec::new(),
        now_us: crate::testing::NOW_US,
        draining: false,
    }
}

async fn request(
    house: &House,
    token: &str,
    path: &str,
    body: &impl serde::Serialize,
) -> axum::response::Response {
    let request = Request::post(path)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .body(Body::from(serde_json::to_vec(body).unwrap()))
        .unwrap();
    server::router(house.app.clone()).oneshot(request).await.unwrap()
}

async fn say(house: &House, token: &str, message: &ToControl) -> Receipt {
    let answer = request(house, token, "/gateway/v1/messages", message).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let bytes = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

pub(super) struct Stream(axum::body::BodyDataStream);

impl Stream {
    pub(super) async fn open(house: &House, token: &str, hello: &Hello) -> Self {
        let answer = request(house, token, "/gateway/v1/stream", hello).await;
        assert_eq!(answer.status(), StatusCode::OK);
        Self(answer.into_body().into_data_stream())
    }

    /// The next message that is not a heartbeat.
    async fn next(&mut self) -> ToGateway {
        loop {
            let line = tokio::time::timeout(Duration::from_secs(30), self.0.next()).await.unwrap();
            let message = serde_json::from_slice(&line.unwrap().unwrap()).unwrap();
            if !matches!(message, ToGateway::Heartbeat { .. }) {
                return message;
            }
        }
    }
}

#[tokio::test]
async fn a_gateway_hears_of_every_revision_and_gets_only_what_changed() {
    let house = House::new().await;
    let token = token(&house).await;
    let mut stream = Stream::open(&house, &token, &hello("gw_a")).await;
    let ToGateway::Welcome { policy_secret, signing_key } = stream.next().await else { panic!() };
    let secret = PolicySecret::from_base64(&policy_secret).unwrap();
    assert_eq!(secret.key_hash("x"), house.app.policy_secret.key_hash("x"));
    let ToGateway::Snapshot(first) = stream.next().await else { panic!() };
    let header = first.signed.verify(&Verifier(signing_key)).unwrap();
    assert_eq!((header.revision, first.sections.len()), (Revision(1), 6));
    endpoints::create(&house.app, &house.admin(), openai("sk-secret")).await.unwrap();
    publish(&house.app, &house.admin(), "", &Expected::anything()).await.unwrap();
    let ToGateway::Delta(second) = stream.next().await else { panic!() };
    let kinds: Vec<_> = second.sections.iter().map(|section| section.kind).collect();
    assert_eq!(kinds, [weir_contract::policy::SectionKind::Endpoints]);
}

#[tokio::test]
async fn a_gateway_cannot_be_called_what_stands_beside_the_gateways() {
    let house = House::new().await;
    let token = token(&house).await;
    let answer = request(&house, &token, "/gateway/v1/stream", &hello("tokens")).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_gateway_that_is_up_to_date_hears_nothing_and_one_that_lost_sections_gets_all() {
    let house = House::new().await;
    let token = token(&house).await;
    let newest = house.app.publisher.watch().borrow().clone().unwrap();
    let sections = newest.header.sections.iter().map(|named| named.hash.clone()).collect();
    let known = Hello { revision: newest.revision(), sections, ..hello("gw_a") };
    let mut stream = Stream::open(&house, &token, &known).await;
    assert!(matches!(stream.next().await, ToGateway::Welcome { .. }));
    assert!(say(&house, &token, &ToControl::Missing { revision: Revision(1) }).await.taken);
    let ToGateway::Snapshot(all) = stream.next().await else { panic!() };
    assert_eq!(all.sections.len(), 6);
}

#[tokio::test]
async fn what_a_gateway_runs_or_refuses_is_known() {
    let house = House::new().await;
    let token = token(&house).await;
    let early = request(&house, &token, "/gateway/v1/messages", &ToControl::Status(Default::default())).await;
    assert_eq!(early.status(), StatusCode::CONFLICT, "no name yet");
    let _stream = Stream::open(&house, &token, &hello("gw_a")).await;
    say(&house, &token, &ToControl::Ack { revision: Revision(1), applied_at_us: 7 }).await;
    let reason = "model `x` has no target".to_owned();
    say(&house, &token, &ToControl::Nack { revision: Revision(2), reason: reason.clone() }).await;
    let gateway = gateways::list(&house.app).await.unwrap().remove(0);
    assert_eq!((gateway.revision, gateway.applied_at_us, gateway.connected), (Revision(1), Some(7), true));
    assert_eq!(gateway.refusal.unwrap().reason, reason);
    say(&house, &token, &ToControl::Ack { revision: Revision(3), applied_at_us: 9 }).await;
    house.clock.advance(60_000_000);
    let gateway = gateways::list(&house.app).await.unwrap().remove(0);
    assert!(gateway.refusal.is_none() && !gateway.connected);
}

#[tokio::test]
async fn a_token_lets_in_one_gateway_only() {
    let house = House::new().await;
    let token = token(&house).await;
    let _stream = Stream::open(&house, &token, &hello("gw_a")).await;
    let other = request(&house, &token, "/gateway/v1/stream", &hello("gw_b")).await;
    assert_eq!(other.status(), StatusCode::CONFLICT);
    let form = gateways::NewGatewayToken { name: "second".to_owned() };
    let (made, second) = gateways::create_token(&house.app, &house.admin(), form).await.unwrap();
    let _second = Stream::open(&house, &second, &hello("gw_b")).await;
    gateways::revoke_token(&house.app, &house.admin(), &made.id).await.unwrap();
    let gone = request(&house, &second, "/gateway/v1/stream", &hello("gw_b")).await;
    assert_eq!(gone.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn streams_end_when_the_control_plane_stops() {
    let house = House::new().await;
    let token = token(&house).await;
    let mut stream = Stream::open(&house, &token, &hello("gw_a")).await;
    stream.next().await;
    stream.next().await;
    house.app.stopping.cancel();
    assert!(stream.0.next().await.is_none());
}

#[tokio::test]
async fn a_gateway_is_drained_and_taken_back_over_its_stream_until_it_starts_again() {
    let house = House::new().await;
    let (token, admin) = (token(&house).await, house.admin());
    let mut stream = Stream::open(&house, &token, &hello("gw_a")).await;
    stream.next().await;
    stream.next().await;
    assert!(retire::drain(&house.app, &admin, "gw_a").await.unwrap().drain_us.is_some());
    assert_eq!(stream.next().await, ToGateway::Drain);
    retire::resume(&house.app, &admin, "gw_a").await.unwrap();
    assert_eq!(stream.next().await, ToGateway::Resume);
    retire::drain(&house.app, &admin, "gw_a").await.unwrap();
    // It hears of it again when its stream broke, and that it ended when it missed that.
    let mut again = Stream::open(&house, &token, &hello("gw_a")).await;
    again.next().await;
    again.next().await;
    assert_eq!(again.next().await, ToGateway::Drain);
    let reborn = Hello { incarnation: "2".into(), ..hello("gw_a") };
    let _reborn = Stream::open(&house, &token, &reborn).await;
    assert_eq!(gateways::find(&house.app, "gw_a").await.unwrap().drain_us, None, "started again, it serves");
    let late = Hello { draining: true, ..reborn };
    let mut late = Stream::open(&house, &token, &late).await;
    late.next().await;
    late.next().await;
    assert_eq!(late.next().await, ToGateway::Resume);
}

#[tokio::test]
async fn a_gateway_that_is_gone_is_forgotten_with_its_token_and_one_that_speaks_is_not() {
    let house = House::new().await;
    let (own, admin) = (token(&house).await, house.admin());
    let form = gateways::NewGatewayToken { name: "second".to_owned() };
    let (_, second) = gateways::create_token(&house.app, &admin, form).await.unwrap();
    let _streams = (
        Stream::open(&house, &own, &hello("gw_a")).await,
        Stream::open(&house, &second, &hello("gw_b")).await,
    );
    let refused = retire::forget(&house.app, &admin, "gw_b").await.unwrap_err();
    assert!(refused.to_string().contains("still speaks"), "{refused}");
    house.clock.advance(60_000_000);
    retire::forget(&house.app, &admin, "gw_b").await.unwrap();
    retire::forget(&house.app, &admin, "gw_a").await.unwrap();
    assert!(gateways::list(&house.app).await.unwrap().is_empty());
    let gone = request(&house, &second, "/gateway/v1/stream", &hello("gw_b")).await;
    assert_eq!(gone.status(), StatusCode::UNAUTHORIZED, "its token is revoked");
    let back = request(&house, &own, "/gateway/v1/stream", &hello("gw_new")).await;
    assert_eq!(back.status(), StatusCode::OK, "this program's own gateway keeps its token, under any name");
}

#[tokio::test]
async fn an_older_refusal_never_hides_a_newer_one() {
    let house = House::new().await;
    let token = token(&house).await;
    let _stream = Stream::open(&house, &token, &hello("gw_a")).await;
    for revision in [3, 2] {
        let nack = ToControl::Nack { revision: Revision(revision), reason: format!("no {revision}") };
        say(&house, &token, &nack).await;
    }
    let refusal = gateways::find(&house.app, "gw_a").await.unwrap().refusal.unwrap();
    assert_eq!((refusal.revision, refusal.reason.as_str()), (Revision(3), "no 3"));
}
