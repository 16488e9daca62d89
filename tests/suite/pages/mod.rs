//! The dashboard in a real browser: every page, empty and full, light and dark, wide and narrow, with and without scripts.

mod hostile;
mod things;

use http::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use weir_tests::provider::{Provider, Reply};
use weir_tests::visitor::{EMAIL, PASSWORD, Visitor, unescaped};
use weir_tests::weir::{Setup, Weir, command, printed};
use weir_tests::{script, wait};

/// A model's answer that would do harm if it were taken for anything but text.
const HOSTILE: &str = "</pre></script><script>window.hostile = 1</script><img src=x onerror=\"window.hostile = 1\"><svg onload=window.hostile=1>\
                       {{7*7}} <hx-partial hx-target=\"body\">gone</hx-partial> &lt;b&gt; ' \" ` javascript:alert(1)";
const WRONG_KEY: &str = "sk-wrong-7f3a9c1e5b2d8f4a6c0e";
const MESSAGE: &str = "Incorrect API key provided: sk-wrong*******6c0e.";
/// More than one page of the list of requests.
const REQUESTS: usize = 60;
/// Requests of the sample traffic.
const SAMPLES: &str = "6000";

/// A Weir and someone signed in.
struct House {
    /// Where its store lies, for the command line.
    data: TempDir,
    weir: Weir,
    visitor: Visitor,
    /// A fake provider whose answers a test sets.
    provider: Provider,
}

impl House {
    async fn empty() -> Self {
        let data = TempDir::new().unwrap();
        let weir = Setup::default().data(data.path()).up().await;
        let visitor = Visitor::first_admin(&weir.dashboard, &weir.sign_in_link).await;
        Self { data, weir, visitor, provider: Provider::start().await }
    }

    /// With requests of every kind on record.
    async fn full() -> Self {
        let house = Self::empty().await;
        let weir = &house.weir;
        let models = ["hostile/model", "large/model"];
        weir.add_provider("openai", "openai", &format!("{}/v1", house.provider.url), &models).await;
        let mut sent = 0;
        for (model, content) in
            [("hostile/model", HOSTILE.to_owned()), ("large/model", "A long story. ".repeat(8_000))]
        {
            house.provider.answer(Reply::json(200, &answer_of(model, &content)));
            let body =
                json!({"model": model, "user": "eve", "messages": [{"role": "user", "content": HOSTILE}]});
            let _ = weir.ask("/v1/chat/completions", &[("x-weir-customer", "hostile")], &body).await.ok();
            sent += 1;
        }
        futures_util::future::join_all((0..REQUESTS).map(|number| ask_in_turn(weir, number))).await;
        weir.final_rows(sent + REQUESTS).await;
        wait::until("the customers are made", || async {
            weir.customer("acme").await?;
            weir.customer("hostile").await
        })
        .await;
        house
    }

    /// Thirty days of sample traffic on top.
    fn fill(&self) {
        let mut tool = command(self.data.path(), &self.weir.archive);
        let written =
            printed(tool.args(["demo", "traffic", "--days", "30", "--requests", SAMPLES, "--json"]));
        assert!(written.contains("requests"), "{written}");
    }

    async fn run(&self, script: &str, pages: &Value, more: &[(&str, &str)]) {
        let second = Visitor::sign_in(&self.weir.dashboard).await;
        let (pages, session, second) = (pages.to_string(), self.visitor.cookie(), second.cookie());
        let mut environment = vec![
            ("DASHBOARD", self.weir.dashboard.as_str()),
            ("SESSION", &session),
            ("SECOND_SESSION", &second),
            ("PAGES", &pages),
            ("GATEWAY", &self.weir.gateway),
            ("KEY", &self.weir.key),
            ("EMAIL", EMAIL),
            ("PASSWORD", PASSWORD),
        ];
        environment.extend_from_slice(more);
        let browser = script::chromium();
        environment.push(("WEIR_TEST_CHROMIUM", browser.to_str().unwrap()));
        let printed = script::run(script, &environment).await;
        assert!(printed.success, "{script}:\n{}\n{}", printed.output, printed.errors);
        print!("{}", printed.errors);
    }

    /// The request for which that holds, newest first.
    async fn request(&self, condition: &str) -> String {
        let sql = format!(
            "SELECT toString(request_id) AS id FROM llm_calls WHERE final AND {condition} ORDER BY started_at DESC LIMIT 1"
        );
        let rows = self.weir.archive.rows(&sql).await;
        rows.first().unwrap_or_else(|| panic!("no request with {condition}"))["id"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    async fn trace_of(&self, request: &str) -> String {
        let sql = format!("SELECT trace_id FROM llm_calls WHERE request_id = '{request}' LIMIT 1");
        self.weir.archive.rows(&sql).await[0]["trace_id"].as_str().unwrap().to_owned()
    }
}

fn answer_of(model: &str, content: &str) -> Value {
    let call = json!({"id": "call_1", "type": "function", "function": {"name": HOSTILE, "arguments": json!({"text": HOSTILE}).to_string()}});
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": model,
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content, "tool_calls": [call]}}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150},
    })
}

/// One of the demo provider's requests: plain, streamed, with tools, failing, in the other format.
async fn ask_in_turn(weir: &Weir, number: usize) {
    const CUSTOMERS: [&str; 4] = ["acme", "globex", "initech", "acme"];
    let headers = [("x-weir-customer", CUSTOMERS[number % 4]), ("x-weir-session", "tour")];
    let tool = json!([{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}]);
    let ask = |model: &str, prompt: &str| json!({"model": model, "messages": [{"role": "user", "content": prompt}]});
    let body = match number % 6 {
        1 => {
            json!({"stream": true, "model": "demo/smart", "messages": ask("", "Tell me about weirs")["messages"]})
        }
        2 => {
            json!({"tools": tool, "model": "demo/fast", "messages": ask("", "What is the weather in Paris and in Tokyo?")["messages"]})
        }
        3 => ask("demo/429", "Hello"),
        4 => ask("demo/reasoner", "Why is the sky blue?"),
        _ => ask("demo/fast", "Hello"),
    };
    let _ = weir.ask("/v1/chat/completions", &headers, &body).await;
}

/// Pages to visit; settings show the reader's own sessions.
fn pages(list: &[&str]) -> Vec<Value> {
    list.iter().map(|url| json!({"url": url, "own": *url == "/settings"})).collect()
}

const SET_UP: [&str; 17] = [
    "/palette?q=acme",
    "/keys",
    "/providers",
    "/providers/endpoints/new",
    "/models",
    "/models/new",
    "/prices",
    "/publishing",
    "/publishing/1",
    "/publishing/1/restoration",
    "/gateways",
    "/audit?check=1",
    "/settings",
    "/settings/people",
    "/stops",
    "/help",
    "/api",
];

const REQUESTS_KEPT: [&str; 4] = [
    "/requests?group=customer",
    "/requests/views?q=status:error&range=7d",
    "/requests/exports",
    "/requests/exports/new?q=customer:acme",
];

#[tokio::test(flavor = "multi_thread")]
async fn empty_pages_are_quiet_accessible_light_and_the_same_again() {
    let house = House::empty().await;
    let mut list = pages(&["/requests", "/customers", "/requests/views", "/requests/exports"]);
    list.extend(pages(&SET_UP));
    list.push(json!({"url": "/welcome", "name": "welcome", "shots": ["light wide"]}));
    list.push(json!({"url": "/nothing-here", "status": 404}));
    list.push(json!({"url": "/requests/00000000-0000-7000-8000-000000000000", "status": 404}));
    house.run("browser/walk.mjs", &json!(list), &[]).await;
    house.run("browser/walk.mjs", &json!(things::doors(&house).await), &[("SESSION", "")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn full_pages_are_quiet_accessible_light_and_the_same_again() {
    let house = House::full().await;
    house.fill();
    let (hostile, large) = (
        house.request("customer_id = 'hostile' AND model_requested = 'hostile/model'").await,
        house.request("model_requested = 'large/model'").await,
    );
    let (plain, failed) =
        (house.request("customer_id = 'acme' AND stream").await, house.request("http_status = 429").await);
    let mut list = vec![
        json!({"url": "/", "name": "overview", "shots": ["light wide"]}),
        json!({"url": "/requests", "name": "requests", "shots": ["light wide"]}),
        json!({"url": format!("/requests/{plain}"), "name": "request", "shots": ["dark wide"]}),
        json!({"url": "/customers"}),
        json!({"url": "/customers/acme", "name": "customer", "shots": ["light wide"]}),
    ];
    for id in [&hostile, &large, &failed] {
        list.extend(
            ["messages", "cost", "attempts", "raw"]
                .map(|tab| json!({"url": format!("/requests/{id}?tab={tab}")})),
        );
    }
    list.extend(pages(&["/requests?q=customer:nobody", "/requests?q=customer:acme&range=24h", "/welcome"]));
    list.extend(pages(&REQUESTS_KEPT));
    list.extend(pages(&SET_UP));
    list.extend(things::pages_of_things(&house).await);
    list.extend(things::behind_buttons(&house).await);
    list.push(json!({"url": "/customers/nobody", "status": 404}));
    list.push(json!({"url": "/requests?q=custmer:acme", "status": 422}));
    house.run("browser/walk.mjs", &json!(list), &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_scripts_off_every_page_reads_and_every_form_works() {
    let house = House::full().await;
    let request = house.request("customer_id = 'acme'").await;
    let mut list = pages(&["/", "/requests", "/customers", "/customers/acme", "/welcome"]);
    list.extend(pages(&REQUESTS_KEPT));
    list.extend(pages(&SET_UP));
    list.push(json!({"url": format!("/requests/{request}")}));
    list.extend(things::pages_of_things(&house).await);
    house.run("browser/without_scripts.mjs", &json!(list), &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keyboard_alone_is_enough() {
    let house = House::full().await;
    let request = house.request("customer_id = 'acme'").await;
    let mut list = pages(&["/", "/requests", "/requests?group=model", "/customers", "/customers/acme"]);
    list.extend(pages(&SET_UP));
    list.push(json!({"url": format!("/requests/{request}")}));
    list.extend(things::pages_of_things(&house).await);
    let trace = house.trace_of(&request).await;
    let ids = [("REQUEST_ID", request.as_str()), ("TRACE_ID", trace.as_str())];
    house.run("browser/keyboard.mjs", &json!(list), &ids).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_page_turns_to_the_first_request_by_itself() {
    let house = House::empty().await;
    house.run("browser/welcome.mjs", &json!([]), &[]).await;
    assert_eq!(house.weir.final_rows(1).await.len(), 1, "one test request");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_provider_key_is_explained_in_the_providers_words_and_never_shown() {
    let house = House::empty().await;
    let error = json!({"error": {"message": MESSAGE, "type": "invalid_request_error", "param": null, "code": "invalid_api_key"}});
    house.provider.answer(Reply::json(401, &error));
    let more =
        [("PROVIDER_URL", house.provider.url.as_str()), ("WRONG_KEY", WRONG_KEY), ("MESSAGE", MESSAGE)];
    house.run("browser/wrong_key.mjs", &json!([]), &more).await;
    let sent = house.provider.arrived();
    let carried = sent.first().map(|request| request.headers["authorization"].to_str().unwrap().to_owned());
    assert_eq!(
        carried,
        Some(format!("Bearer {WRONG_KEY}")),
        "the provider was asked with the key that was set"
    );
    assert!(!house.weir.process.log().contains(WRONG_KEY), "the key is in the log");
    assert_eq!(
        house
            .weir
            .archive
            .number("SELECT countIf(position(tuple(*)::String, 'sk-wrong-7f') > 0) FROM llm_calls")
            .await,
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_answer_is_text_wherever_it_is_shown() {
    let house = House::full().await;
    let request = house.request("model_requested = 'hostile/model'").await;
    let mut seen = 0;
    for path in [
        format!("/requests/{request}"),
        format!("/requests/{request}?tab=cost"),
        format!("/requests/{request}?tab=attempts"),
        format!("/requests/{request}?tab=raw"),
        "/requests?q=customer:hostile".to_owned(),
        "/customers/hostile".to_owned(),
    ] {
        let page = house.visitor.page(&path).await;
        for harm in ["<img src=x", "<script>window", "<svg onload", "<hx-partial"] {
            assert!(!page.contains(harm), "{path} holds {harm}");
        }
        seen += usize::from(unescaped(&page).contains("<img src=x"));
    }
    assert!(seen >= 2, "the answer is shown, as text");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_posted_from_another_site_changes_nothing() {
    let house = House::empty().await;
    let House { weir, visitor, .. } = &house;
    let keys = weir.api(Method::GET, "/keys", None).await.ok().text();
    for path in [
        "/keys",
        "/publish",
        "/sign-out",
        "/providers/endpoints",
        "/models",
        "/welcome/test",
        "/appearance",
        "/sign-in",
    ] {
        let refused = visitor
            .post_from(
                "https://evil.example",
                path,
                &[("name", "planted"), ("theme", "dark"), ("note", "planted")],
            )
            .await;
        assert_eq!(refused.status, 403, "{path}: {}", refused.text());
    }
    assert_eq!(weir.api(Method::GET, "/keys", None).await.ok().text(), keys);
    assert_eq!(visitor.get("/keys").await.status, 200, "still signed in");
    assert!(never_asked(weir).await, "no request was sent");
}

/// Whether nothing was ever sent through the gateway.
async fn never_asked(weir: &Weir) -> bool {
    weir.archive.number("SELECT count() FROM llm_calls").await == 0
}
