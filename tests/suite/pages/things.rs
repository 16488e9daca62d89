//! One of each thing that has pages of its own, and those pages; and the doors that a link opens.

use http::Method;
use serde_json::{Value, json};
use weir_tests::provider::Reply;
use weir_tests::visitor::{Visitor, between};
use weir_tests::wait;

use super::House;

/// A colleague, a rotated key, a changed model and the like, and where each is shown.
pub(super) async fn pages_of_things(house: &House) -> Vec<Value> {
    let mut urls = setup(house).await;
    urls.extend(versions(house).await);
    urls.extend(people(house).await);
    urls.extend(kept(house).await);
    urls.extend(["/help/errors/not-found", "/help/requests"].map(str::to_owned));
    let page = |url: String| match PICTURES.iter().find(|(shown, _)| *shown == url) {
        Some((_, name)) => json!({"url": url, "name": name, "shots": ["light wide"]}),
        None => json!({"url": url}),
    };
    urls.into_iter().map(page).collect()
}

/// What the README shows of them, and under which name.
const PICTURES: [(&str, &str); 3] =
    [("/settings/people", "people"), ("/publishing", "publishing"), ("/providers", "providers")];

/// The pages that a button leads to: a test of an endpoint, and the models its provider lists.
pub(super) async fn behind_buttons(house: &House) -> Vec<Value> {
    let names = (0..120).map(|number| format!("listed-model-{number}"));
    let listed: Vec<Value> = names.chain(["gpt-5-mini".to_owned()]).map(|id| json!({"id": id})).collect();
    house.provider.answer(Reply::json(200, &json!({"object": "list", "data": listed})));
    let endpoint = json!({
        "name": "lists", "provider": "openai", "base_url": format!("{}/v1", house.provider.url),
        "credential": "sk-lists", "limits": {"allow_private": true},
    });
    let endpoint = made(house, "/endpoints", endpoint).await;
    let url = format!("/providers/endpoints/{}", id(&endpoint));
    ["Test", "Its models"].map(|press| json!({"url": url, "press": press})).to_vec()
}

/// The pages of somebody who holds a link and is not signed in.
pub(super) async fn doors(house: &House) -> Vec<Value> {
    let invitation = json!({"email": "cy@example.com", "roles": [{"workspace": null, "role": "viewer"}]});
    let invited = made(house, "/invitations", invitation).await;
    let people = all(house, "/people").await;
    let reset = made(house, &format!("/people/{}/reset", id(&people[0])), json!({})).await;
    let path = |link: &Value| link.as_str().unwrap().replace(&house.weir.dashboard, "");
    let doors = ["/sign-in".to_owned(), path(&invited["link"]), path(&reset["link"])];
    doors.map(|url| json!({"url": url, "door": true})).to_vec()
}

async fn setup(house: &House) -> Vec<String> {
    let keys = all(house, "/keys").await;
    let workspace = &keys[0]["workspace"];
    let rotated = made(house, "/keys", json!({"name": "nightly", "workspace": workspace})).await;
    let _ = made(house, &format!("/keys/{}/rotation", id(&rotated)), json!({"grace_seconds": 3600})).await;
    let (endpoints, gateways) = (all(house, "/endpoints").await, all(house, "/gateways").await);
    let token = made(house, "/gateways/tokens", json!({"name": "second"})).await;
    let (key, endpoint, gateway) = (id(&keys[0]), id(&endpoints[0]), id(&gateways[0]));
    vec![
        format!("/keys/{key}"),
        format!("/keys/{key}/rotation"),
        format!("/keys/{key}/revocation"),
        format!("/keys/{}", id(&rotated)),
        format!("/providers/endpoints/{endpoint}"),
        format!("/providers/endpoints/{endpoint}/deletion"),
        format!("/gateways/{gateway}/drain"),
        format!("/gateways/{gateway}/deletion"),
        format!("/gateways/tokens/{}/revocation", id(&token)),
    ]
}

/// A model with a published version and a change since.
async fn versions(house: &House) -> Vec<String> {
    let models = all(house, "/models").await;
    let model = models.iter().find(|model| model["name"] == "large/model").unwrap();
    let path = format!("/models/{}", id(model));
    let targets = json!([{"endpoint": model["targets"][0]["endpoint"], "upstream_model": "larger"}]);
    let change = json!({"name": "large/model", "targets": targets});
    let _ = house.weir.api(Method::PUT, &path, Some(change)).await.ok();
    let versions = all(house, &format!("/objects/model/{}/versions", id(model))).await;
    let first = versions.iter().filter_map(|version| version["version"].as_u64()).min().unwrap();
    let history = format!("/history/model/{}", id(model));
    vec![
        path.clone(),
        format!("{path}/deletion"),
        format!("{history}/discard"),
        format!("{history}/versions/{first}/restoration"),
        history,
        "/publishing".to_owned(),
        "/providers".to_owned(),
    ]
}

async fn people(house: &House) -> Vec<String> {
    let invitation = json!({"email": "bea@example.com", "roles": [{"workspace": null, "role": "member"}]});
    let invited = made(house, "/invitations", invitation).await;
    let link = invited["link"].as_str().unwrap();
    let _ = Visitor::accept(&house.weir.dashboard, link, "Bea", "a weir without a river").await;
    let waiting = json!({"email": "dee@example.com", "roles": [{"workspace": null, "role": "viewer"}]});
    let _ = made(house, "/invitations", waiting).await;
    let people = all(house, "/people").await;
    let bea = people.iter().find(|person| person["email"] == "bea@example.com").unwrap();
    let (bea, workspaces) = (id(bea), all(house, "/workspaces").await);
    let workspace = id(&workspaces[0]);
    vec![
        "/settings/people".to_owned(),
        format!("/settings/people/{bea}"),
        format!("/settings/people/{bea}/disablement"),
        format!("/settings/workspaces/{workspace}"),
        format!("/settings/workspaces/{workspace}/members"),
    ]
}

/// What a reader keeps for themselves: a view, an export that is finished.
async fn kept(house: &House) -> Vec<String> {
    let visitor = &house.visitor;
    let kept = visitor.post("/requests/views", &[("name", "failures"), ("q", "status:error")]).await;
    assert!(kept.status.is_redirection(), "{}", kept.text());
    let views = visitor.page("/requests/views").await;
    let view = between(&views, "href=\"/requests/views/view_", "view_", "/deletion").unwrap();
    let begun = visitor.post("/requests/exports", &[("format", "csv"), ("q", "customer:acme")]).await;
    assert!(begun.status.is_redirection(), "{}", begun.text());
    let export = begun.header("location").to_owned();
    wait::until("the export is written", || async {
        visitor.page(&export).await.contains(&format!("{export}/file")).then_some(())
    })
    .await;
    vec![format!("/requests/views/view_{view}/deletion"), export]
}

async fn all(house: &House, path: &str) -> Vec<Value> {
    let list = house.weir.api(Method::GET, path, None).await.ok().json();
    list["data"].as_array().unwrap_or_else(|| panic!("{path}: {list}")).clone()
}

async fn made(house: &House, path: &str, body: Value) -> Value {
    house.weir.api(Method::POST, path, Some(body)).await.ok().json()
}

fn id(thing: &Value) -> &str {
    thing["id"].as_str().unwrap_or_else(|| panic!("no id in {thing}"))
}
