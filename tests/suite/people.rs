//! People: a colleague invited as viewer sees figures but no bodies, a member makes a key, a changed right closes open pages,
//! and there is a way back in for an administrator who forgot.

use http::Method;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use weir_tests::visitor::{EMAIL, Visitor, between, unescaped};
use weir_tests::wait;
use weir_tests::weir::{Setup, Weir, command, printed};

const PASSWORD: &str = "a weir without a river";
const SECRET_WORDS: &str = "the colour of the heron";

/// Invites by the form of the page, and gives the link that is shown there.
async fn invite(admin: &Visitor, email: &str, role: &str) -> String {
    let form = [("email", email), ("role", role), ("workspace", "*")];
    let shown = admin.post("/settings/invitations", &form).await;
    assert_eq!(shown.status, 201, "{}", shown.text());
    let text = unescaped(&shown.text());
    let link = between(&text, "person_link", ">", "<").unwrap_or_else(|| panic!("no link in {text}"));
    link.trim().to_owned()
}

/// What the API answers to a browser's session.
async fn api(weir: &Weir, visitor: &Visitor, path: &str) -> Value {
    let url = format!("{}/api/v1{path}", weir.dashboard);
    weir.client.get(&url, &[("cookie", &visitor.cookie())]).await.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_colleague_invited_as_viewer_sees_figures_but_no_bodies() {
    let weir = Setup::default().up().await;
    let ada = Visitor::first_admin(&weir.dashboard, &weir.sign_in_link).await;
    let hello = json!({"model": "demo/fast", "messages": [{"role": "user", "content": SECRET_WORDS}]});
    let _ = weir.ask("/v1/chat/completions", &[("x-weir-customer", "acme")], &hello).await.ok();
    let id = weir.final_rows(1).await[0]["request_id"].as_str().unwrap().to_owned();
    let path = format!("/requests/{id}?tab=messages");
    wait::until("the body is on record", || async {
        ada.page(&path).await.contains(SECRET_WORDS).then_some(())
    })
    .await;

    let link = invite(&ada, "bea@example.com", "viewer").await;
    let bea = Visitor::accept(&weir.dashboard, &link, "Bea", PASSWORD).await;
    let again = Visitor::new(&weir.dashboard).get(link.strip_prefix(&weir.dashboard).unwrap()).await;
    assert_eq!(again.status, 410, "a link opens once");
    let overview = unescaped(&bea.page("/?range=24h").await);
    assert!(overview.contains("<h1>Overview") && !overview.contains("href=\"/audit\""), "{overview}");
    let figures = api(&weir, &bea, "/overview?range=24h").await;
    assert_eq!(figures["requests"]["window"], 1, "{figures}");
    assert!(unescaped(&bea.page("/requests").await).contains(&id));

    for tab in ["messages", "raw"] {
        assert!(!bea.page(&format!("/requests/{id}?tab={tab}")).await.contains(SECRET_WORDS), "{tab}");
    }
    assert_eq!(bea.get(&format!("/requests/{id}/bodies/1/request")).await.status, 403);
    let seen = api(&weir, &bea, &format!("/requests/{id}")).await;
    assert!(seen["id"].is_string() || seen["request_id"].is_string(), "{seen}");
    assert!(!seen.to_string().contains(SECRET_WORDS), "{seen}");
    let export = json!({"format": "jsonl", "bodies": true}).to_string();
    let cookie = bea.cookie();
    let headers = [
        ("cookie", cookie.as_str()),
        ("sec-fetch-site", "same-origin"),
        ("content-type", "application/json"),
    ];
    let url = format!("{}/api/v1/exports", weir.dashboard);
    let refused = weir.client.send(Method::POST, &url, &headers, export).await;
    assert_eq!(refused.status, 403, "{}", refused.text());
    assert!(refused.text().contains("read bodies"));
    for closed in ["/audit", "/settings/people"] {
        assert_eq!(bea.get(closed).await.status, 403, "{closed}");
    }
    assert_eq!(bea.post("/keys", &[("name", "mine")]).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_role_closes_open_pages_and_a_member_makes_a_key() {
    let weir = Setup::default().up().await;
    let ada = Visitor::first_admin(&weir.dashboard, &weir.sign_in_link).await;
    let link = invite(&ada, "bea@example.com", "viewer").await;
    let bea = Visitor::accept(&weir.dashboard, &link, "Bea", PASSWORD).await;
    let url = format!("{}/welcome/events", weir.dashboard);
    let cookie = bea.cookie();
    let open = weir.client.open(Method::GET, &url, &[("cookie", cookie.as_str())], "").await.unwrap();
    assert_eq!(open.status(), 200);
    let mut events = open.into_body();

    let people = api(&weir, &ada, "/people").await;
    let all = people["data"].as_array().unwrap();
    let found = all.iter().find(|person| person["email"] == "bea@example.com").unwrap();
    let path = format!("/settings/people/{}", found["id"].as_str().unwrap());
    let page = unescaped(&ada.page(&path).await);
    let tag = between(&page, "name=\"tag\"", "value=\"", "\"").unwrap();
    let form = [("tag", tag), ("place", "*"), ("role", "member")];
    let saved = ada.post(&path, &form).await;
    assert!(saved.status.is_redirection(), "{}", saved.text());
    // The stream ends because of the change: were it to stay, this would wait for the test's own end.
    while events.frame().await.is_some_and(|frame| frame.is_ok()) {}
    let stale = ada.post(&path, &form).await;
    assert_eq!(stale.status, 412, "the page was made from an older version");

    let keys = unescaped(&bea.page("/keys").await);
    let workspace = between(&keys, "id=\"workspace\"", "<option value=\"", "\"").unwrap();
    let made = bea.post("/keys", &[("name", "hers"), ("workspace", workspace)]).await;
    assert_eq!(made.status, 201, "{}", made.text());

    // Shut out: her session is over wherever it is used.
    let shut = ada.post(&format!("{path}/disablement"), &[("revoke_tokens", "on")]).await;
    assert!(shut.status.is_redirection(), "{}", shut.text());
    assert!(bea.get("/keys").await.header("location").starts_with("/sign-in"));
    let refused = bea.post("/sign-in", &[("email", "bea@example.com"), ("password", PASSWORD)]).await;
    assert_eq!(refused.status, 401);
    let audit = api(&weir, &ada, "/audit?limit=100").await.to_string();
    for action in
        ["invitation.create", "invitation.accept", "person.create", "person.update", "person.disable"]
    {
        assert!(audit.contains(action), "{action}: {audit}");
    }
    let verified = api(&weir, &ada, "/audit/verification").await;
    assert!(verified["broken"].is_null() && verified["rows"].as_i64() > Some(8), "{verified}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_who_forgot_comes_in_by_a_link_made_at_the_machine() {
    let data = TempDir::new().unwrap();
    let weir = Setup::default().data(data.path()).up().await;
    let lost = Visitor::first_admin(&weir.dashboard, &weir.sign_in_link).await;
    let tool = |arguments: &[&str]| {
        let mut tool = command(data.path(), &weir.archive);
        tool.env("WEIR_CONTROL_LISTEN", weir.dashboard.trim_start_matches("http://"));
        tool.arg("people").args(arguments);
        tool
    };
    assert!(printed(&mut tool(&["list"])).contains("admin everywhere"));
    let unknown = tool(&["reset-link", "nobody@example.com"]).output().unwrap();
    assert_eq!(unknown.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("nobody@example.com"));
    let link = printed(&mut tool(&["reset-link", EMAIL]));
    let (_, token) = link.trim().split_once("token=").unwrap();
    let back = Visitor::new(&weir.dashboard);
    assert!(back.page(&format!("/reset?token={token}")).await.contains(EMAIL));
    let short = back.post("/reset", &[("token", token), ("password", "short")]).await;
    assert_eq!(short.status, 422);
    let set = back.post("/reset", &[("token", token), ("password", PASSWORD)]).await;
    assert!(set.status.is_redirection(), "{}", set.text());
    assert!(back.page("/settings/people").await.contains(EMAIL));
    assert!(lost.get("/keys").await.header("location").starts_with("/sign-in"), "older sessions ended");

    // Her own change of password keeps her in, and nobody else.
    let change = [("current", PASSWORD), ("new_password", "and one more for luck")];
    let second = Visitor::new(&weir.dashboard);
    let come = second.post("/sign-in", &[("email", EMAIL), ("password", PASSWORD)]).await;
    assert!(come.status.is_redirection(), "{}", come.text());
    let changed = back.post("/settings/password", &change).await;
    assert!(changed.status.is_redirection(), "{}", changed.text());
    assert!(
        back.page("/settings").await.contains("every other session is ended")
            || back.get("/keys").await.status == 200
    );
    assert!(second.get("/keys").await.header("location").starts_with("/sign-in"));
    let elsewhere =
        command(&data.path().join("nowhere"), &weir.archive).args(["people", "list"]).output().unwrap();
    assert_eq!(elsewhere.status.code(), Some(64), "a slip in the folder makes no new installation");
}
