//! Who gets in: guesses are slowed and shut nobody out, and a session that somebody else planted is worth nothing.

use std::time::{Duration, Instant};

use serde_json::json;
use weir_tests::client::Answer;
use weir_tests::visitor::{EMAIL, PASSWORD, Visitor};
use weir_tests::weir::{Setup, Weir};
use weir_tests::{proof, proving, rounds};

/// Wrong passwords that are looked at before the door slows down, for one account from one network.
const GUESSES: usize = 10;
/// Wrong passwords for one account, each from another network.
const GUESSES_FROM_EVERYWHERE: usize = 1_000;
/// The most of them that are looked at in a minute.
const CHECKS_A_MINUTE: u64 = 20;
/// The most by which the time of a refusal may tell whether there is such a person, percent.
const DIFFERENCE_MAX: f64 = 5.0;
/// Tries that count for one account before it is closed to strangers.
const TRIES_OF_AN_ACCOUNT: usize = 15;

/// A password tried from a network, through the one proxy that is believed.
async fn guess(weir: &Weir, network: usize, email: &str, password: &str) -> Answer {
    let from = format!("10.{}.{}.7", network / 250, network % 250);
    let url = format!("{}/sign-in", weir.dashboard);
    let headers = [
        ("x-forwarded-for", from.as_str()),
        ("origin", &weir.dashboard),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    let form = format!("email={email}&password={}", password.replace(' ', "+"));
    weir.client.send(http::Method::POST, &url, &headers, form).await
}

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

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_guesses_from_everywhere_are_hardly_looked_at_and_the_owner_comes_in_meanwhile() {
    let weir = Setup::default().set("control.trusted_proxies", "1").up().await;
    let ada = Visitor::first_admin(&weir.dashboard, &weir.sign_in_link).await;
    let begun = Instant::now();
    let mut looked_at = 0;
    for number in 0..GUESSES_FROM_EVERYWHERE {
        let answer = guess(&weir, number, EMAIL, &format!("a long guess {number}")).await;
        match answer.status.as_u16() {
            401 => looked_at += 1,
            429 => {}
            other => panic!("{other}: {}", answer.text()),
        }
        if number == GUESSES_FROM_EVERYWHERE / 2 {
            let refused = guess(&weir, number, EMAIL, PASSWORD).await;
            assert_eq!(refused.status, 429, "a stranger with the right one waits like the others");
            let _ = ada.post("/sign-out", &[]).await;
            let back = ada.post("/sign-in", &[("email", EMAIL), ("password", PASSWORD)]).await;
            assert!(back.status.is_redirection(), "her browser is known: {}", back.text());
        }
    }
    let minutes = begun.elapsed().as_secs() / 60 + 1;
    assert!(looked_at > 0 && looked_at <= CHECKS_A_MINUTE * minutes, "{looked_at} in {minutes} min");
}

/// Which half of the tries took longer, and by how much: medians, milliseconds.
fn medians(mut known: Vec<Duration>, mut unknown: Vec<Duration>) -> [f64; 2] {
    [&mut known, &mut unknown].map(|times| {
        times.sort();
        times[times.len() / 2].as_secs_f64() * 1_000.0
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn how_long_a_refusal_takes_does_not_tell_whether_there_is_such_a_person() {
    let weir = Setup::default().set("control.trusted_proxies", "1").up().await;
    let _ = Visitor::first_admin(&weir.dashboard, &weir.sign_in_link).await;
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    let mut network = 0;
    for account in 0..rounds(1, 20) {
        let email = format!("person{account}@example.com");
        let roles = json!([{ "workspace": null, "role": "viewer" }]);
        let form = json!({ "email": email, "roles": roles });
        let invited = weir.api(http::Method::POST, "/invitations", Some(form)).await.ok().json();
        let _ = Visitor::accept(&weir.dashboard, invited["link"].as_str().unwrap(), "P", PASSWORD).await;
        for _ in 0..TRIES_OF_AN_ACCOUNT - 1 {
            for (email, times) in [(&email, &mut known), (&format!("no{email}"), &mut unknown)] {
                network += 1;
                let since = Instant::now();
                let refused = guess(&weir, network, email, "a wrong password").await;
                times.push(since.elapsed());
                assert_eq!(refused.status, 401, "{}", refused.text());
            }
        }
    }
    let tries = known.len();
    let [known, unknown] = medians(known, unknown);
    let difference = (known - unknown).abs() / unknown * 100.0;
    let figures = [
        ("tries each", tries.to_string()),
        ("median for a person there is", format!("{known:.2} ms")),
        ("median for nobody", format!("{unknown:.2} ms")),
        ("difference", format!("{difference:.1} %")),
    ];
    let what =
        "Wrong passwords for people there are and for nobody, in turns, until the refusal: `make prove`.";
    proof::record("sign-in-time", what, &figures);
    if proving() {
        assert!(difference <= DIFFERENCE_MAX, "{difference:.1} %, the bar is {DIFFERENCE_MAX} %");
    }
}
