//! Streams: passed byte for byte, stripped of what was ours alone, held at their end, drained when nobody listens.

use http_body_util::BodyExt as _;
use tokio::sync::mpsc;
use weir_contract::money::Money;

use super::Story;
use super::provider::Reply;

const CHAT: &str = "/v1/chat/completions";
const ASK: &str = r#"{"model":"gpt","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
const ASK_USAGE: &str = r#"{"model":"gpt","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"hi"}]}"#;
const ROLE: &str = "data: {\"id\":\"c\",\"model\":\"gpt-1\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}],\"usage\":null}\n\n";
const TEXT: &str = "data: {\"id\":\"c\",\"model\":\"gpt-1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"yo\"},\"finish_reason\":null}],\"usage\":null}\n\n";
const STOP: &str = "data: {\"id\":\"c\",\"model\":\"gpt-1\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":null}\n\n";
const USAGE: &str = "data: {\"id\":\"c\",\"model\":\"gpt-1\",\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":2,\"total_tokens\":12}}\n\n";
const DONE: &str = "data: [DONE]\n\n";

#[tokio::test]
async fn a_stream_whose_usage_was_asked_for_passes_byte_for_byte() {
    let story = Story::begin().await;
    let (left, right) = TEXT.split_at(20);
    story.provider.will(Reply::Stream(vec![ROLE, left, right, ": ping\n\n", STOP, USAGE, DONE]));
    let answered = story.post(CHAT, &[("x-weir-customer", "acme")], ASK_USAGE).await;
    assert_eq!(answered.body, [ROLE, TEXT, ": ping\n\n", STOP, USAGE, DONE].concat());
    assert_eq!(story.provider.seen()[0].body, ASK_USAGE.replace("\"gpt\"", "\"gpt-upstream\""));
    let lines = story.books().await;
    assert_eq!((lines[0].requests, lines[0].cost), (1, Money::from_nano(30_000)));
}

#[tokio::test]
async fn usage_that_only_we_asked_for_is_read_and_left_out() {
    let story = Story::begin().await;
    story.provider.will(Reply::Stream(vec![ROLE, TEXT, STOP, USAGE, DONE]));
    let answered = story.post(CHAT, &[("x-weir-cost", "stream")], ASK).await;
    let cost = ": x-weir-cost-usd=0.000030000\n\n";
    assert_eq!(answered.body, [ROLE, TEXT, STOP, DONE, cost].concat());
    assert!(story.provider.seen()[0].body.contains("include_usage"));
    assert_eq!(story.books().await[0].cost, Money::from_nano(30_000));
}

#[tokio::test]
async fn a_stream_that_breaks_before_its_first_content_is_tried_again() {
    let story = Story::begin().await;
    story.provider.will(Reply::Cut(vec![ROLE]));
    story.provider.will(Reply::Stream(vec![ROLE, TEXT, STOP, DONE]));
    let answered = story.post(CHAT, &[], ASK).await;
    assert_eq!(answered.body, [ROLE, TEXT, STOP, DONE].concat());
    assert_eq!(answered.header("x-weir-attempts"), "2");
}

#[tokio::test]
async fn a_stream_that_breaks_later_ends_with_an_error_event() {
    let story = Story::begin().await;
    let (feed, fed) = mpsc::unbounded_channel();
    story.provider.will(Reply::Fed(fed));
    feed.send(Ok(ROLE)).unwrap();
    feed.send(Ok(TEXT)).unwrap();
    let mut body = story.send(CHAT, &[], ASK).await.into_body();
    let mut passed = String::new();
    while passed.len() < ROLE.len() + TEXT.len() {
        passed
            .push_str(std::str::from_utf8(body.frame().await.unwrap().unwrap().data_ref().unwrap()).unwrap());
    }
    assert_eq!(passed, [ROLE, TEXT].concat());
    feed.send(Err(std::io::Error::other("cut"))).unwrap();
    let rest = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    assert!(rest.starts_with("data: {\"error\":") && rest.contains("upstream_error"), "{rest}");
    assert_eq!(story.books().await[0].requests, 1);
}

#[tokio::test]
async fn an_error_inside_a_stream_passes_in_the_providers_own_words() {
    let story = Story::begin_with(|content| content.endpoints[0].retries_max = 0).await;
    let error = "data: {\"error\":{\"message\":\"overloaded\",\"type\":\"server_error\"}}\n\n";
    story.provider.will(Reply::Stream(vec![error]));
    let answered = story.post(CHAT, &[], ASK).await;
    assert_eq!((answered.status.as_u16(), answered.body.as_str()), (200, error));
}

#[tokio::test]
async fn the_rest_of_a_stream_is_read_for_its_usage_when_the_client_leaves() {
    let story = Story::begin().await;
    let (feed, fed) = mpsc::unbounded_channel();
    story.provider.will(Reply::Fed(fed));
    feed.send(Ok(ROLE)).unwrap();
    feed.send(Ok(TEXT)).unwrap();
    let mut body = story.send(CHAT, &[("x-weir-customer", "gone")], ASK).await.into_body();
    assert!(body.frame().await.unwrap().is_ok());
    drop(body);
    for chunk in [TEXT, STOP, USAGE, DONE] {
        feed.send(Ok(chunk)).unwrap();
    }
    drop(feed);
    let lines = story.books().await;
    assert_eq!((lines[0].customer.as_str(), lines[0].cost), ("gone", Money::from_nano(30_000)));
}

#[tokio::test]
async fn a_stream_that_does_not_end_is_recorded_when_the_gateway_stops() {
    let story = Story::begin_patient(|_| (), 10).await;
    let (feed, fed) = mpsc::unbounded_channel();
    story.provider.will(Reply::Fed(fed));
    feed.send(Ok(ROLE)).unwrap();
    feed.send(Ok(TEXT)).unwrap();
    let mut body = story.send(CHAT, &[("x-weir-customer", "cut")], ASK).await.into_body();
    assert!(body.frame().await.unwrap().is_ok());
    let lines = story.books().await;
    assert_eq!((lines.len(), lines[0].customer.as_str(), lines[0].requests), (1, "cut", 1));
}

#[tokio::test]
async fn anthropic_streams_pass_and_are_priced_too() {
    let story = Story::begin().await;
    let events = [
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"model\":\"claude-1\",\"usage\":{\"input_tokens\":10,\"output_tokens\":1}}}\n\n",
        "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"yo\"}}\n\n",
        "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":2}}\n\n",
        "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    ];
    story.provider.will(Reply::Stream(events.to_vec()));
    let ask =
        r#"{"model":"claude","max_tokens":5,"stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
    let answered = story.post("/v1/messages", &[], ask).await;
    assert_eq!(answered.body, events.concat());
    assert_eq!(story.provider.seen()[0].path, "/v1/messages");
    assert_eq!(story.provider.seen()[0].headers["anthropic-version"], "2023-06-01");
    assert_eq!(story.books().await[0].cost, Money::from_nano(30_000));
}
