//! Who gets in: guesses are slowed and shut nobody out, and a session that somebody else planted is worth nothing.

use weir_tests::visitor::{EMAIL, PASSWORD, Visitor};
use weir_tests::weir::Setup;

/// Wrong passwords that are looked at before the door slows down, for one account from one network.
const GUESSES: usize = 10;

#[tokio::test(flavor = "multi_thread")]
async fn guesses_are_slowed_even_a_right_one_and_the_owner_still_comes_in() {
    let weir = Setup::default().up().await;
    let ada = Visitor::first_admin(&weir.dashboard, &weir.sign_in_link).await;
    let stranger = Visitor::new(&weir.dashboard);
    for number in 0..GUESSES {
        let guess = format!("a guess that is long enough {number}");
        let answer = stranger.post("/sign-in", &[("email", EMAIL), ("password", &guess)]).await;
        assert_eq!(answer.status, 401, "{}", answer.text());
        assert!(!answer.text().contains(&guess), "a password is never shown again");
    }
    for password in ["one more guess that is long enough", PASSWORD] {
        let answer = stranger.post("/sign-in", &[("email", EMAIL), ("password", password)]).await;
        assert_eq!(answer.status, 429, "{}", answer.text());
        let wait: u32 = answer.header("retry-after").parse().expect("seconds to wait");
        assert!((1..=900).contains(&wait), "{wait}");
    }
    assert!(stranger.get("/keys").await.header("location").starts_with("/sign-in"));

    let out = ada.post("/sign-out", &[]).await;
    assert!(out.status.is_redirection(), "{}", out.text());
    assert!(ada.get("/keys").await.header("location").starts_with("/sign-in"));
    let back = ada.post("/sign-in", &[("email", EMAIL), ("password", PASSWORD)]).await;
    assert!(back.status.is_redirection(), "her browser is known: {}", back.text());
    assert_eq!(ada.get("/keys").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planted_session_is_worth_nothing_before_and_after_its_victim_signs_in() {
    let weir = Setup::default().up().await;
    let first = Visitor::first_admin(&weir.dashboard, &weir.sign_in_link).await;
    let planted = "weir_session=PLANTEDplantedPLANTEDplantedPLANTEDplanted1";
    let victim = Visitor::holding(&weir.dashboard, planted);
    assert!(victim.get("/keys").await.header("location").starts_with("/sign-in"));
    let come = victim.post("/sign-in", &[("email", EMAIL), ("password", PASSWORD)]).await;
    assert!(come.status.is_redirection(), "{}", come.text());
    assert_ne!(victim.cookie(), planted, "a new session is made");
    assert_eq!(victim.get("/keys").await.status, 200);
    let attacker = Visitor::holding(&weir.dashboard, planted);
    assert!(attacker.get("/keys").await.header("location").starts_with("/sign-in"));

    // A session that exists, planted by its owner: it ends where somebody signs in over it.
    let lure = first.cookie();
    let lured = Visitor::holding(&weir.dashboard, &lure);
    let come = lured.post("/sign-in", &[("email", EMAIL), ("password", PASSWORD)]).await;
    assert!(come.status.is_redirection(), "{}", come.text());
    assert_ne!(lured.cookie(), lure);
    assert!(first.get("/keys").await.header("location").starts_with("/sign-in"), "it was taken over");

    let kept = lured.cookie();
    let out = lured.post("/sign-out", &[]).await;
    assert!(out.status.is_redirection(), "{}", out.text());
    let thief = Visitor::holding(&weir.dashboard, &kept);
    assert!(thief.get("/keys").await.header("location").starts_with("/sign-in"), "signing out ends it");
}
