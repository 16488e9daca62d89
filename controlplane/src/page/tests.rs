//! Pages as a browser meets them: plain links, plain forms, cookies. The archive is away in all of these, so that they
//! also show what still works without it.

use axum::body::Body;
use http::{Method, Request, Response, StatusCode, header};
use tower::ServiceExt as _;

use crate::server;
use crate::testing::House;

/// A browser without scripts: remembers cookies, sends forms from the same site.
struct Browser<'a> {
    house: &'a House,
    cookies: Vec<(String, String)>,
}

struct Page {
    status: StatusCode,
    location: String,
    headers: http::HeaderMap,
    text: String,
}

impl<'a> Browser<'a> {
    fn of(house: &'a House) -> Self {
        Self { house, cookies: Vec::new() }
    }

    /// The first administrator, come in by the link.
    async fn admin(house: &'a House) -> Self {
        let mut browser = Self::of(house);
        let token = house.first.sign_in_link.split_once("token=").unwrap().1;
        let form = format!("token={token}&name=Ada&email=ada%40example.com&password=correct+horse+battery");
        let page = browser.post("/first-admin", &form).await;
        assert_eq!((page.status, page.location.as_str()), (StatusCode::SEE_OTHER, "/"), "{}", page.text);
        browser
    }

    async fn get(&mut self, path: &str) -> Page {
        self.ask(Request::builder().method(Method::GET).uri(path), String::new()).await
    }

    async fn post(&mut self, path: &str, form: &str) -> Page {
        let host = "weir.test";
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::HOST, host)
            .header(header::ORIGIN, format!("http://{host}"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.ask(request, form.to_owned()).await
    }

    async fn ask(&mut self, request: http::request::Builder, body: String) -> Page {
        let jar: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request.header(header::COOKIE, jar.join("; ")).body(Body::from(body)).unwrap();
        let answer = server::router(self.house.app.clone()).oneshot(request).await.unwrap();
        self.remember(&answer);
        let (parts, body) = answer.into_parts();
        let bytes = axum::body::to_bytes(body, 4 << 20).await.unwrap();
        let location = parts.headers.get(header::LOCATION).map(|value| value.to_str().unwrap().to_owned());
        Page {
            status: parts.status,
            location: location.unwrap_or_default(),
            headers: parts.headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    fn remember(&mut self, answer: &Response<Body>) {
        for value in answer.headers().get_all(header::SET_COOKIE) {
            let pair = value.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }
}

/// The value of a hidden or visible part of a page between two marks.
fn between<'t>(text: &'t str, from: &str, to: &str) -> &'t str {
    let rest = text.split_once(from).unwrap_or_else(|| panic!("no `{from}` in {text}")).1;
    rest.split_once(to).unwrap().0
}

#[tokio::test]
async fn the_first_link_leads_to_a_session_and_signing_out_ends_it() {
    let house = House::new().await;
    let mut browser = Browser::of(&house);
    let token = house.first.sign_in_link.split_once("token=").unwrap().1.to_owned();
    let page = browser.get(&format!("/first-admin?token={token}")).await;
    assert!(page.status == StatusCode::OK && page.text.contains("name=\"password\""));
    let page = browser.post("/first-admin", &format!("token={token}&name=&email=ada&password=short")).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.text.contains("value=\"ada\"") && !page.text.contains("value=\"short\""));

    let mut browser = Browser::admin(&house).await;
    assert_eq!(browser.get("/keys").await.status, StatusCode::OK);
    let page = browser.post("/sign-out", "").await;
    assert_eq!(page.location, "/sign-in");
    assert_eq!(browser.get("/keys").await.location, "/sign-in?return_to=%2Fkeys");
    let page = browser.get(&format!("/first-admin?token={token}")).await;
    assert!(page.status == StatusCode::GONE && page.text.contains("one-time link"));
}

#[tokio::test]
async fn signing_in_leads_to_where_one_wanted_to_go_and_nowhere_else() {
    let house = House::new().await;
    let _ = Browser::admin(&house).await;
    let mut browser = Browser::of(&house);
    let wrong = browser.post("/sign-in", "email=ada%40example.com&password=wrong&return_to=%2Fkeys").await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert!(wrong.text.contains("value=\"ada@example.com\"") && wrong.text.contains("value=\"/keys\""));
    let form = "email=ada%40example.com&password=correct+horse+battery&return_to=";
    assert_eq!(browser.post("/sign-in", &format!("{form}%2Fkeys")).await.location, "/keys");
    let mut browser = Browser::of(&house);
    assert_eq!(browser.post("/sign-in", &format!("{form}%2F%2Fevil.example")).await.location, "/");
}

#[tokio::test]
async fn a_new_key_is_shown_once_and_works_until_it_is_revoked() {
    let house = House::new().await;
    let mut browser = Browser::admin(&house).await;
    let page = browser.get("/keys").await;
    let workspaces = between(&page.text, "name=\"workspace\"", "</select>");
    let workspace = between(workspaces, "<option value=\"", "\"").to_owned();
    let page = browser.post("/keys", &format!("name=&workspace={workspace}&concurrency=few")).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.text.contains("value=\"few\""));
    let page = browser.post("/keys", &format!("name=billing&workspace={workspace}&customer=acme")).await;
    assert_eq!(page.status, StatusCode::CREATED, "{}", page.text);
    assert!(page.text.contains("wk_"));
    let page = browser.get("/keys").await;
    assert!(page.text.contains("billing") && page.text.contains("acme") && !page.text.contains("wk_"));
    let path = format!("/keys/key_{}/revocation", between(&page.text, "/keys/key_", "\""));
    let page = browser.get(&path).await;
    assert!(page.text.contains("Revoke key billing"));
    assert_eq!(browser.post(&path, "").await.location, "/keys");
    let page = browser.get("/keys").await;
    assert!(page.text.contains("Key billing is revoked."));
    assert!(!browser.get("/keys").await.text.contains("Key billing is revoked."), "a message is said once");
}

#[tokio::test]
async fn an_endpoint_goes_from_the_form_to_every_gateway_and_its_credential_never_comes_back() {
    let house = House::new().await;
    let mut browser = Browser::admin(&house).await;
    assert_eq!(browser.get("/providers/endpoints/new").await.status, StatusCode::OK);
    let form = "name=main&provider=openai&credential=sk-secret&add_models=on";
    let page = browser.post("/providers/endpoints", form).await;
    assert!(page.location.starts_with("/providers/endpoints/ep_"), "{}", page.text);
    let page = browser.get("/providers").await;
    assert!(
        page.text.contains("api.openai.com") && browser.get("/models").await.text.contains("openai/gpt-x")
    );
    assert!(page.text.contains("unpublished change") && !page.text.contains("sk-secret"));
    let path = format!("/providers/endpoints/{}", between(&page.text, "/providers/endpoints/ep_", "\""))
        .replace("endpoints/", "endpoints/ep_");
    let page = browser.get(&path).await;
    assert!(page.text.contains("One is stored since") && !page.text.contains("sk-secret"));

    let unseen = browser.post("/publish", "note=go&return_to=%2Fproviders").await;
    assert_eq!(unseen.status, StatusCode::BAD_REQUEST, "nobody publishes what was not shown");
    let tag = between(&page.text, "name=\"tag\" value=\"", "\"");
    let page = browser.post("/publish", &format!("note=go&return_to=%2Fproviders&tag={tag}")).await;
    assert!(page.location.starts_with("/publishing/"), "{}", page.location);
    let page = browser.get(&page.location).await;
    assert!(page.text.contains("is on its way to the gateways") && !page.text.contains("unpublished change"));

    let moved = "name=main&provider=openai&base_url=https%3A%2F%2Felsewhere.example%2Fv1";
    browser.post(&path, moved).await;
    assert!(browser.get("/providers").await.text.contains("its credential was cleared"));
    let asked = browser.get(&format!("{path}/deletion")).await;
    let (_, question) = asked.text.split_once("class=\"narrow\"").unwrap();
    let seen = between(question, "name=\"tag\" value=\"", "\"").to_owned();
    let deletion = format!("{path}/deletion");
    assert_eq!(browser.post(&deletion, "").await.status, StatusCode::BAD_REQUEST, "what was seen is said");
    assert_eq!(browser.post(&deletion, "tag=older").await.status, StatusCode::PRECONDITION_FAILED);
    let page = browser.post(&deletion, &format!("tag={seen}")).await;
    assert_eq!(page.location, "/providers");
    assert!(browser.get("/providers").await.text.contains("Not deleted: model"));
}

#[tokio::test]
async fn a_model_with_a_fallback_is_made_by_the_form() {
    let house = House::new().await;
    let mut browser = Browser::admin(&house).await;
    browser.post("/providers/endpoints", "name=main&provider=openai&credential=env%3AKEY").await;
    let page = browser.get("/models/new").await;
    let endpoint = between(&page.text, "<option value=\"", "\"").to_owned();
    let page = browser.post("/models", "name=fast&target_0_endpoint=gone&target_0_model=gpt-x").await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    let form = format!(
        "name=fast&target_0_endpoint={endpoint}&target_0_model=gpt-x&target_1_endpoint={endpoint}&target_1_model=gpt-y"
    );
    assert_eq!(browser.post("/models", &form).await.location, "/models");
    let page = browser.get("/models").await;
    assert!(page.text.contains("gpt-x") && page.text.contains("gpt-y") && page.text.contains("$2.50"));
}

#[tokio::test]
async fn without_the_archive_pages_that_need_it_say_so_and_the_others_work() {
    let house = House::with(|config| config.archive.url = "http://127.0.0.1:1".to_owned()).await;
    let mut browser = Browser::admin(&house).await;
    for path in ["/requests", "/customers", "/customers/acme", "/requests.csv", "/customers.csv"] {
        let page = browser.get(path).await;
        assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(page.text.contains("archive does not answer") && page.text.contains("<nav"), "{path}");
    }
    for path in [
        "/keys",
        "/providers",
        "/models",
        "/prices",
        "/prices.csv",
        "/welcome",
        "/requests/views",
        "/requests/exports",
        "/requests/exports/new?q=a",
    ] {
        assert_eq!(browser.get(path).await.status, StatusCode::OK, "{path}");
    }
    assert_eq!(browser.get("/").await.status, StatusCode::SERVICE_UNAVAILABLE, "said, not shown as zero");
}

#[tokio::test]
async fn what_is_not_there_or_not_understood_is_a_page_that_leads_on() {
    let house = House::new().await;
    let mut browser = Browser::admin(&house).await;
    let page = browser.get("/nowhere").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(page.text.contains("There is no page") && page.text.contains("href=\"/requests\""));
    let page = browser.get("/requests?q=statsu:error").await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.text.contains("status:error"));
    assert_eq!(browser.get("/requests?range=8d").await.status, StatusCode::BAD_REQUEST);
    let mut stranger = Browser::of(&house);
    let page = stranger.get("/nowhere").await;
    assert!(page.status == StatusCode::NOT_FOUND && !page.text.contains("<nav"));
}

#[tokio::test]
async fn the_choice_of_colours_is_in_the_page_itself() {
    let house = House::new().await;
    let mut browser = Browser::admin(&house).await;
    assert_eq!(browser.post("/appearance", "theme=dark&return_to=%2Fkeys").await.location, "/keys");
    assert!(browser.get("/keys").await.text.contains("data-theme=\"dark\""));
}

#[tokio::test]
async fn our_files_are_kept_for_good_and_packed() {
    let house = House::new().await;
    let mut browser = Browser::of(&house);
    let path = weir_web::asset::path("app.css");
    let page = browser.get(path).await;
    assert_eq!(page.headers[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
    assert!(page.headers[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/css"));
    let packed =
        browser.ask(Request::get(path).header(header::ACCEPT_ENCODING, "br, gzip"), String::new()).await;
    assert_eq!(packed.headers[header::CONTENT_ENCODING], "gzip");
    assert_eq!(browser.get("/assets/app.000.css").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn pages_travel_packed() {
    let house = House::new().await;
    let mut browser = Browser::admin(&house).await;
    let request = Request::get("/keys").header(header::ACCEPT_ENCODING, "gzip");
    let page = browser.ask(request, String::new()).await;
    assert_eq!(page.headers[header::CONTENT_ENCODING], "gzip");
    assert!(page.headers[header::VARY].to_str().unwrap().contains("accept-encoding"));
}

#[tokio::test]
async fn a_form_from_another_site_changes_nothing_and_says_so() {
    let house = House::new().await;
    let mut browser = Browser::admin(&house).await;
    let request = Request::post("/publish")
        .header(header::HOST, "weir.test")
        .header(header::ORIGIN, "https://evil.example")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let page = browser.ask(request, "note=x".to_owned()).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.text.contains("another site"));
}

#[tokio::test]
async fn errors_screens_and_the_api_are_explained_to_whoever_is_signed_in() {
    let house = House::new().await;
    let mut browser = Browser::admin(&house).await;
    let pages = [
        ("/help", "href=\"/help/errors/overtaken\""),
        ("/help/requests", "customer:acme status:error"),
        ("/help/errors/overtaken", "Yours was not saved"),
        ("/help/errors/wrong_api", "speaks another API"),
        ("/api", "href=\"/api?group=keys\""),
        ("/api?group=keys", "<code>POST /api/v1/keys</code>"),
        ("/keys", "href=\"/help/keys\""),
    ];
    for (path, words) in pages {
        let page = browser.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(page.text.contains(words), "{path} does not say {words}: {}", page.text);
    }
    let lost = browser.get("/custmers/acme").await;
    assert!(lost.text.contains("Go to customers"), "{}", lost.text);
    assert!(lost.text.contains("href=\"/help/errors/not-found\""), "{}", lost.text);
}

#[tokio::test]
async fn the_audit_log_shows_what_changed_and_that_the_chain_holds() {
    let house = House::new().await;
    let mut browser = Browser::admin(&house).await;
    let form = "name=main&provider=openai&credential=sk-secret";
    browser.post("/providers/endpoints", form).await;
    let page = browser.get("/audit?check=1").await;
    assert!(page.text.contains("unbroken") && page.text.contains("endpoint.create"), "{}", page.text);
    assert!(page.text.contains("<ins>https://api.openai.com/v1</ins>") && !page.text.contains("sk-secret"));
    let page = browser.get("/audit?action=endpoint.&object=ep_none").await;
    assert!(page.text.contains("No change matches"));
    assert_eq!(browser.get("/audit?from=soon").await.status, StatusCode::BAD_REQUEST);
    let file = browser.get("/audit.jsonl").await.text;
    let head = crate::audit::file::verify(file.as_bytes(), None).unwrap();
    assert_eq!(file.lines().count(), usize::try_from(head.seq).unwrap() + 1);
    assert!(browser.get("/audit.csv?action=endpoint.create").await.text.contains("api.openai.com"));
}

#[tokio::test]
async fn only_the_draft_that_was_seen_is_published_and_an_earlier_revision_comes_back() {
    let house = House::new().await;
    let mut browser = Browser::admin(&house).await;
    browser.post("/providers/endpoints", "name=main&provider=openai&credential=sk-secret").await;
    let page = browser.get("/publishing").await;
    let change = between(&page.text, "<ul class=\"changes\">", "</section>");
    assert!(change.contains("added</span>") && change.contains("/providers/endpoints/ep_"), "{change}");
    assert!(!page.text.contains("sk-secret"), "{}", page.text);
    let tag = between(&page.text, "name=\"tag\" value=\"", "\"").to_owned();
    browser.post("/providers/endpoints", "name=other&provider=openai&credential=sk-other").await;
    let page = browser.post("/publish", &format!("note=go&tag={tag}")).await;
    assert_eq!(page.status, StatusCode::PRECONDITION_FAILED, "{}", page.text);
    let page = browser.get("/publishing").await;
    let tag = between(&page.text, "name=\"tag\" value=\"", "\"").to_owned();
    let published = browser.post("/publish", &format!("note=both&tag={tag}")).await.location;
    let page = browser.get(&published).await;
    let change = between(&page.text, "id=\"changed\"", "</section>");
    assert!(change.contains(">other</a>") && change.contains("/history/endpoint/ep_"), "{change}");
    assert!(page.text.contains("both") && page.text.contains("/events\""), "it is followed live");

    let number: u64 = published.rsplit('/').next().unwrap().parse().unwrap();
    let earlier = format!("/publishing/{}/restoration", number - 1);
    let page = browser.get(&earlier).await;
    let change = between(&page.text, "<ul class=\"changes\">", "</section>");
    assert!(change.contains("removed</span>") && change.contains(">other</a>"), "{change}");
    assert_eq!(
        browser.post(&earlier, "").await.status,
        StatusCode::BAD_REQUEST,
        "nothing that was not shown"
    );
    let tag = between(&page.text, "action=\"/publishing/", "<button");
    let tag = between(tag, "name=\"tag\" value=\"", "\"").to_owned();
    let restored = browser.post(&earlier, &format!("tag={tag}&note=back")).await.location;
    assert_eq!(restored, format!("/publishing/{}", number + 1));
    assert!(browser.get("/publishing").await.text.contains(&format!("restored {}", number - 1)));
    assert_eq!(browser.get("/publishing/999").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_objects_history_restores_a_version_and_discards_a_change() {
    let house = House::new().await;
    let mut browser = Browser::admin(&house).await;
    let form = "name=main&provider=openai&credential=sk-secret";
    let own = browser.post("/providers/endpoints", form).await.location;
    browser.post(&own, "name=main&provider=openai&base_url=https%3A%2F%2Fsecond.example%2Fv1").await;
    let page = browser.get(&own).await;
    let history = format!("/history/endpoint/{}", between(&page.text, "/history/endpoint/", "\""));
    let page = browser.get(&history).await;
    assert!(
        page.text.contains("base url https://api.openai.com/v1 → https://second.example/v1"),
        "{}",
        page.text
    );
    let ask = format!("{history}/versions/1/restoration");
    let page = browser.get(&ask).await;
    assert!(
        page.text.contains("base url https://second.example/v1 → https://api.openai.com/v1"),
        "{}",
        page.text
    );
    // The strip of unpublished changes carries a tag of its own.
    let form_of = |page: &Page| {
        let content = between(&page.text, "<div class=\"narrow\">", "</main>");
        between(content, "name=\"tag\" value=\"", "\"").to_owned()
    };
    assert_eq!(browser.post(&ask, "note=back").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(browser.post(&ask, &format!("note=back&tag={}", form_of(&page))).await.location, history);
    let page = browser.get(&history).await;
    assert!(
        page.text.contains("Version 1 is the draft again") && page.text.contains("The draft is version 3.")
    );
    let ask = format!("{history}/discard");
    let page = browser.get(&ask).await;
    assert!(page.text.contains("No gateway runs this endpoint yet"), "{}", page.text);
    assert_eq!(browser.post(&ask, &format!("tag={}", form_of(&page))).await.location, history);
    assert!(browser.get(&history).await.text.contains("It is deleted in the draft."));
    assert_eq!(browser.get("/history/endpoint/ep_none").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_gateways_token_is_shown_once_and_revoked_by_name() {
    let house = House::new().await;
    let mut browser = Browser::admin(&house).await;
    assert_eq!(browser.post("/gateways/tokens", "name=").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let page = browser.post("/gateways/tokens", "name=eu-1").await;
    assert!(page.status == StatusCode::CREATED && page.text.contains("WEIR_GATEWAY_CONTROL_TOKEN=wgt_"));
    let page = browser.get("/gateways").await;
    assert!(page.text.contains("eu-1") && !page.text.contains("wgt_"), "{}", page.text);
    let row = page.text.split("<tr>").find(|row| row.contains("eu-1")).unwrap();
    let path = format!("/gateways/tokens/{}", between(row, "/gateways/tokens/", "\""));
    assert!(browser.get(&path).await.text.contains("Revoke gateway token eu-1"));
    assert_eq!(browser.post(&path, "").await.location, "/gateways");
    assert!(browser.get("/gateways").await.text.contains("revoked"));
}

#[tokio::test]
async fn a_customer_is_stopped_by_the_form_and_goes_on_by_its_button() {
    let house = House::new().await;
    let mut browser = Browser::admin(&house).await;
    let page = browser.get("/stops?kind=customer&target=acme").await;
    assert!(page.text.contains("Nothing is stopped") && page.text.contains("value=\"acme\""));
    let workspace = between(&page.text, "<select id=\"workspace\"", "</select>").to_owned();
    let workspace = between(&workspace, "<option value=\"", "\"").to_owned();
    let form = |reason: &str| format!("kind=customer&target=acme&workspace={workspace}&reason={reason}");
    assert_eq!(browser.post("/stops", &form("")).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(browser.post("/stops", &form("unpaid")).await.location, "/stops");
    let page = browser.get("/stops").await;
    assert!(page.text.contains("unpaid") && page.text.contains("Let customer acme go on"), "{}", page.text);
    let path = format!("/stops/{}/end", between(&page.text, "action=\"/stops/", "/end"));
    assert_eq!(browser.post(&path, "").await.location, "/stops");
    assert!(browser.get("/stops").await.text.contains("Nothing is stopped"));
}

#[tokio::test]
async fn a_session_is_ended_from_another_and_an_api_token_is_shown_once() {
    let house = House::new().await;
    let mut here = Browser::admin(&house).await;
    let mut there = Browser::of(&house);
    there.post("/sign-in", "email=ada%40example.com&password=correct+horse+battery").await;
    assert_eq!(there.get("/keys").await.status, StatusCode::OK);
    let page = here.get("/settings").await;
    assert!(page.text.contains("this one") && page.text.contains("End all other sessions"), "{}", page.text);
    let page = here.post("/settings/sessions/end", "").await;
    assert_eq!(page.location, "/settings");
    assert_eq!(there.get("/keys").await.location, "/sign-in?return_to=%2Fkeys", "it is out");
    assert_eq!(here.get("/keys").await.status, StatusCode::OK, "the one that asked stays");
    assert_eq!(here.post("/settings/sessions/0123456789abcdef/end", "").await.status, StatusCode::NOT_FOUND);

    let page = here.post("/settings/tokens", "name=ci&role=viewer&expires=never").await;
    assert!(page.status == StatusCode::UNPROCESSABLE_ENTITY && page.text.contains("value=\"ci\""));
    let page = here.post("/settings/tokens", "name=ci&role=viewer&expires=2031-01-31").await;
    assert!(page.status == StatusCode::CREATED && page.text.contains("wat_"), "{}", page.text);
    let page = here.get("/settings").await;
    assert!(page.text.contains("viewer everywhere") && !page.text.contains("wat_"), "{}", page.text);
    let row = page.text.split("<tr>").find(|row| row.contains("ci <span")).unwrap();
    let path = format!("/settings/tokens/{}/revocation", between(row, "/settings/tokens/", "/revocation"));
    assert_eq!(here.post(&path, "").await.location, "/settings");

    let form = "workspace_name=research&environment=test&log_level=meta&retention_days=7&calls_days=90";
    assert_eq!(here.post("/settings/workspaces", form).await.location, "/settings");
    let page = here.post("/settings/workspaces", form).await;
    assert!(page.status == StatusCode::UNPROCESSABLE_ENTITY && page.text.contains("This name is taken"));
}

#[tokio::test]
async fn a_page_that_stays_open_is_closed_when_its_session_ends() {
    let house = House::new().await;
    let mut here = Browser::admin(&house).await;
    let mut there = Browser::of(&house);
    there.post("/sign-in", "email=ada%40example.com&password=correct+horse+battery").await;
    let jar: Vec<String> = there.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let request = Request::get("/welcome/events").header(header::COOKIE, jar.join("; "));
    let open = server::router(house.app.clone()).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(open.status(), StatusCode::OK);
    here.post("/settings/sessions/end", "").await;
    let rest = axum::body::to_bytes(open.into_body(), 1 << 20);
    let ended = tokio::time::timeout(std::time::Duration::from_secs(20), rest).await;
    assert!(ended.is_ok(), "the stream goes on without its session");
}

#[tokio::test]
async fn a_name_finds_its_things_a_filter_its_requests_and_nothing_else() {
    let house = House::new().await;
    let mut browser = Browser::admin(&house).await;
    let page = browser.get("/keys").await;
    let workspaces = between(&page.text, "name=\"workspace\"", "</select>");
    let workspace = between(workspaces, "<option value=\"", "\"").to_owned();
    let page = browser.post("/keys", &format!("name=billing_prod&workspace={workspace}")).await;
    assert_eq!(page.status, StatusCode::CREATED, "{}", page.text);
    let found = |page: &Page| between(&page.text, "id=\"found\"", "</ul>").to_owned();
    let page = browser.get("/palette?q=BILLING_").await;
    assert!(found(&page).contains("billing_prod") && found(&page).contains("/keys/key_"), "{}", page.text);
    let page = browser.get(&format!("/palette?q=billing&workspace={workspace}")).await;
    assert!(found(&page).contains("billing_prod"));
    let page = browser.get("/palette?q=custom").await;
    assert!(found(&page).contains("/customers") && !found(&page).contains("billing"));
    let page = browser.get("/palette?q=customer%3Aacme").await;
    assert_eq!(page.location, "/requests?q=customer%3Aacme");
    let page = browser.get("/palette?q=nobody-at-all").await;
    assert!(page.text.contains("Nothing is called"), "{}", page.text);
}
