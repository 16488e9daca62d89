//! Hundreds of hostile texts in every place where a stranger's words come in: prompts, answers, models, customers, users,
//! sessions, tags, browsers, names, filters. They are shown as text, nothing runs, and no spreadsheet sees a formula.

use std::collections::BTreeSet;

use futures_util::StreamExt as _;
use http::Method;
use serde_json::{Value, json};
use weir_tests::hostile::{FORMULAS, is_formula, payloads};
use weir_tests::provider::Reply;
use weir_tests::visitor::unescaped;
use weir_tests::{rounds, script, wait};

use super::House;

/// Texts in one conversation.
const TOGETHER: usize = 10;
/// The greatest length of a tag's name, bytes.
const TAG_NAME_MAX: usize = 64;

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// A request that says `text` wherever a client can say something, for that model.
async fn say(house: &House, model: &str, text: &str, messages: &[String]) {
    let url = format!("{}/v1/chat/completions", house.weir.gateway);
    let bearer = format!("Bearer {}", house.weir.key);
    let name: String = text.chars().take(TAG_NAME_MAX).collect();
    let tags = format!("{}={}", percent(&name), percent(text));
    let headers = [
        ("authorization", bearer.as_str()),
        ("x-weir-customer", text),
        ("x-weir-user", text),
        ("x-weir-session", text),
        ("x-weir-tags", &tags),
        ("user-agent", text),
        ("x-request-id", text),
    ];
    let messages: Vec<Value> =
        messages.iter().map(|text| json!({"role": "user", "content": text, "name": "x"})).collect();
    let body = json!({"model": model, "messages": messages, "user": text});
    let _ = house.weir.client.post_json(&url, &headers, &body).await;
}

/// All texts on record.
async fn told(house: &House, texts: &[String]) {
    let alone =
        futures_util::stream::iter(texts).map(|text| say(house, text, text, std::slice::from_ref(text)));
    alone.buffer_unordered(8).collect::<Vec<()>>().await;
    for together in texts.chunks(TOGETHER) {
        let call = |text: &String| json!({"id": text, "type": "function", "function": {"name": text, "arguments": json!({"at": text}).to_string()}});
        let calls: Vec<Value> = together.iter().map(call).collect();
        let message = json!({"role": "assistant", "content": together.join("\n"), "tool_calls": calls, "refusal": together[0]});
        let usage = json!({"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7});
        let answer = json!({"id": together[0], "object": "chat.completion", "created": 1, "model": together[0],
            "choices": [{"index": 0, "finish_reason": together[0], "message": message}], "usage": usage});
        house.provider.answer(Reply::json(200, &answer).header("x-request-id", &together[0]));
        say(house, "hostile/model", &together[0], together).await;
    }
    let refusal = json!({"error": {"message": texts[0], "type": texts[1], "code": texts[2]}});
    house.provider.answer(Reply::json(400, &refusal));
    say(house, "hostile/model", &texts[0], &texts[..1]).await;
    let sent = texts.len() + texts.len().div_ceil(TOGETHER) + 1;
    house.weir.final_rows(sent).await;
}

/// Things named by whoever may name them.
async fn named(house: &House, texts: &[String]) {
    for text in texts {
        let name: String = text.chars().take(100).collect();
        for (path, form) in [
            ("/keys", json!({"workspace": "default", "name": name})),
            ("/views", json!({"name": name, "q": "status:error", "range": "24h"})),
            ("/tokens", json!({"name": name, "role": "viewer"})),
            ("/gateways/tokens", json!({"name": name})),
            ("/stops", json!({"kind": "customer", "target": text, "reason": text})),
            ("/models", json!({"name": text, "targets": []})),
            ("/revisions", json!({"note": text})),
            ("/workspaces", json!({"name": name})),
        ] {
            let _ = house.weir.api(Method::POST, path, Some(form)).await;
        }
    }
}

/// The links of a page that start so, without repetition.
async fn links(house: &House, page: &str, start: &str) -> Vec<String> {
    let text = house.visitor.page(page).await;
    let all = text.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).map(unescaped);
    all.filter(|link| link.starts_with(start)).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Every page of a list, from its first.
async fn leaves(house: &House, first: &str) -> Vec<String> {
    let mut leaves = vec![first.to_owned()];
    loop {
        let page = unescaped(&house.visitor.page(leaves.last().unwrap()).await);
        let next = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        let next = next.map(str::to_owned).find(|link| link.contains("before=") && !leaves.contains(link));
        match next.filter(|_| leaves.len() < 20) {
            Some(next) => leaves.push(next),
            None => return leaves,
        }
    }
}

/// Where the texts are shown: lists whole, details of each conversation and of some refused requests, filters.
async fn places(house: &House, texts: &[String]) -> Vec<String> {
    let mut urls = leaves(house, "/requests?range=24h").await;
    for group in ["model", "customer", "key", "provider", "status"] {
        urls.push(format!("/requests?group={group}&range=24h"));
    }
    urls.extend(leaves(house, "/customers").await);
    let every = rounds(24, 1);
    urls.extend(links(house, "/customers", "/customers/").await.into_iter().step_by(every));
    let ids = "SELECT toString(request_id) AS id, model_requested = 'hostile/model' AS answered FROM llm_calls WHERE final ORDER BY started_at";
    for (number, row) in house.weir.archive.rows(ids).await.iter().enumerate() {
        let id = row["id"].as_str().unwrap();
        if row["answered"] == 1 {
            urls.extend(
                ["messages", "cost", "attempts", "raw"].map(|tab| format!("/requests/{id}?tab={tab}")),
            );
        } else if number % every == 0 {
            urls.extend(["messages", "attempts", "raw"].map(|tab| format!("/requests/{id}?tab={tab}")));
        }
    }
    for page in [
        "/",
        "/keys",
        "/requests/views",
        "/settings",
        "/gateways",
        "/stops",
        "/models",
        "/publishing",
        "/audit",
        "/providers",
        "/settings/people",
        "/palette?q=script",
    ] {
        urls.push(page.to_owned());
    }
    for text in texts.iter().step_by(every) {
        let (text, escaped) = (percent(text), percent(&text.replace('\\', "\\\\").replace('"', "\\\"")));
        urls.push(format!("/requests?q={text}"));
        urls.push(format!("/requests?range=24h&q=customer:%22{escaped}%22"));
        urls.push(format!("/palette?q={text}"));
        urls.push(format!("/nothing/{text}"));
    }
    urls
}

/// Every cell of the exports.
async fn cells(house: &House) -> Vec<String> {
    let made = house.weir.api(Method::POST, "/exports", Some(json!({"format": "csv", "range": "24h"}))).await;
    let path = format!("/exports/{}", made.ok().json()["id"].as_str().unwrap());
    wait::until("the export has ended", || async {
        (house.weir.api(Method::GET, &path, None).await.json()["state"] == "done").then_some(())
    })
    .await;
    let mut files = vec![house.weir.api(Method::GET, &format!("{path}/file"), None).await.ok().body];
    for formula in FORMULAS {
        let url = format!("/customers/{}/calls.csv", percent(formula));
        files.push(house.visitor.get(&url).await.ok().body);
    }
    let read = |file: &bytes::Bytes| -> Vec<String> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(file.as_ref());
        let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        records.iter().flat_map(|record| record.iter().map(str::to_owned)).collect()
    };
    files.iter().flat_map(read).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_hostile_texts_are_text_on_every_page_and_in_every_cell() {
    let texts = payloads();
    assert!(texts.iter().collect::<BTreeSet<_>>().len() >= 200);
    let house = House::empty().await;
    let models = ["hostile/model"];
    house.weir.add_provider("openai", "openai", &format!("{}/v1", house.provider.url), &models).await;
    told(&house, &texts).await;
    named(&house, &texts.iter().step_by(9).cloned().collect::<Vec<_>>()).await;

    let pages = places(&house, &texts).await;
    let (browser, session) = (script::chromium(), house.visitor.cookie());
    let environment = [
        ("DASHBOARD", house.weir.dashboard.as_str()),
        ("SESSION", &session),
        ("PAGES", &json!(pages).to_string()),
        ("PAYLOADS", &json!(texts).to_string()),
        ("WEIR_TEST_CHROMIUM", browser.to_str().unwrap()),
    ];
    let printed = script::run("browser/hostile.mjs", &environment).await;
    assert!(printed.success, "{}\n{}", printed.output, printed.errors);
    let shown: Vec<usize> = serde_json::from_str(printed.errors.lines().last().unwrap()).unwrap();
    assert_eq!(shown.len(), texts.len(), "every one of them was shown, as text");

    let cells = cells(&house).await;
    assert!(
        cells.iter().filter(|cell| cell.contains("evil.invalid")).count() > texts.len(),
        "they are in the files"
    );
    let formulas: Vec<&String> = cells.iter().filter(|cell| is_formula(cell)).collect();
    assert!(formulas.is_empty(), "{formulas:?}");
    println!("{} hostile texts on {} pages and in {} cells", texts.len(), pages.len(), cells.len());
}
