//! The promises of peeking and forwarding: what is read, what is changed, and that nothing else is.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn sent(body: &str, want_usage: bool) -> String {
    let body = Bytes::from(body.to_owned());
    let peek = peek(Dialect::OpenAi, &body).unwrap();
    String::from_utf8(forward(&peek, &body, "upstream/m", want_usage).to_vec()).unwrap()
}

fn refused(dialect: Dialect, body: &str) -> String {
    peek(dialect, body.as_bytes()).unwrap_err().to_string()
}

#[test]
fn what_we_act_on_is_read() {
    let body = br#"{"model":"gpt","stream":true,"max_tokens":5,"max_completion_tokens":7,"n":2,"user":"u",
        "safety_identifier":"h","metadata":{"user_id":"a"},"tools":[{}],"service_tier":"flex","reasoning_effort":"low",
        "temperature":0.5,"top_p":1,"seed":-3,"stream_options":{"include_usage":true},"messages":[]}"#;
    let read = peek(Dialect::OpenAi, body).unwrap();
    assert_eq!(
        (read.model.as_ref(), read.stream, read.include_usage, read.has_tools),
        ("gpt", true, true, true)
    );
    assert_eq!((read.max_tokens, read.n, read.seed), (Some(7), 2, Some(-3)));
    assert_eq!((read.user.as_deref(), read.safety_identifier.as_deref()), (Some("u"), Some("h")));
    assert_eq!((read.service_tier.as_deref(), read.reasoning_effort.as_deref()), (Some("flex"), Some("low")));
    assert_eq!((read.temperature, read.top_p), (Some(0.5), Some(1.0)));
    assert_eq!(read.metadata_user.unwrap().user.as_deref(), Some("a"));

    let body = br#"{"model":"claude","max_tokens":9,"thinking":{"type":"enabled","budget_tokens":4},
        "output_config":{"effort":"high"},"tools":[],"messages":[]}"#;
    let read = peek(Dialect::Anthropic, body).unwrap();
    assert_eq!((read.max_tokens, read.reasoning_tokens_max, read.has_tools), (Some(9), Some(4), false));
    assert_eq!((read.reasoning_effort.as_deref(), read.include_usage), (Some("high"), true));
}

#[test]
fn the_newer_limit_wins_wherever_it_stands_unless_it_is_null() {
    let most = |body: &str| peek(Dialect::OpenAi, body.as_bytes()).unwrap().max_tokens;
    assert_eq!(most(r#"{"model":"m","max_completion_tokens":7,"max_tokens":5}"#), Some(7));
    assert_eq!(most(r#"{"model":"m","max_tokens":5,"max_completion_tokens":7}"#), Some(7));
    assert_eq!(most(r#"{"model":"m","max_tokens":5,"max_completion_tokens":null}"#), Some(5));
}

#[test]
fn a_bad_body_is_refused_with_the_member_and_its_place() {
    assert_eq!(refused(Dialect::OpenAi, r#"{"messages":[]}"#), "`model` is missing");
    assert_eq!(refused(Dialect::Anthropic, r#"{"model":null}"#), "`model` is missing");
    assert!(refused(Dialect::OpenAi, r#"{"model":5}"#).contains("`model` must be a string"));
    assert!(refused(Dialect::OpenAi, r#"{"model":"m","stream":"yes"}"#).contains("at byte 22"));
    assert!(refused(Dialect::Anthropic, r#"{"model":"m","max_tokens":-1}"#).contains("`max_tokens`"));
    assert!(refused(Dialect::OpenAi, r#"{"model":"m","n":1.5}"#).contains("`n`"));
    assert!(refused(Dialect::OpenAi, r#"{"model":"m","n":1001}"#).contains("`n`"));
    assert!(refused(Dialect::OpenAi, r#"{"model":"m","max_tokens":1099511627777}"#).contains("absurd"));
    assert!(refused(Dialect::OpenAi, r#"{"model":"m","stream_options":3}"#).contains("an object"));
}

#[test]
fn usage_is_asked_for_once_and_only_in_a_stream() {
    let asked = "\"stream_options\":{\"include_usage\":true}";
    assert_eq!(
        sent(r#"{"model":"m","stream":true}"#, true),
        format!(r#"{{{asked},"model":"upstream/m","stream":true}}"#)
    );
    for given in ["null", "{}", "{ \"include_usage\" : false }", "{\"include_usage\":null}", "{\"x\":1}"] {
        let body = format!(r#"{{"model":"m","stream":true,"stream_options":{given}}}"#);
        let parsed: Value = serde_json::from_str(&sent(&body, true)).unwrap();
        assert_eq!(parsed["stream_options"]["include_usage"], json!(true), "{given}");
        assert_eq!(sent(&body, false), body.replace("\"m\"", "\"upstream/m\""));
    }
    let quiet = r#"{"model":"upstream/m","stream":false,"stream_options":null}"#;
    assert_eq!(sent(quiet, true), quiet);
}

#[test]
fn a_body_that_need_not_change_is_the_same_allocation() {
    let body = Bytes::from_static(br#"{"model":"claude","stream":true,"messages":[]}"#);
    let read = peek(Dialect::Anthropic, &body).unwrap();
    assert_eq!(forward(&read, &body, "claude", true).as_ptr(), body.as_ptr());
}

#[test]
fn a_model_name_cannot_break_out_of_its_string() {
    let body = Bytes::from_static(br#"{"model":"m"}"#);
    let read = peek(Dialect::OpenAi, &body).unwrap();
    let parsed: Value = serde_json::from_slice(&forward(&read, &body, "a\",\"x\":\"", false)).unwrap();
    assert_eq!(parsed, json!({"model": "a\",\"x\":\""}));
}

#[test]
fn agents_user_ids_are_split_into_user_account_and_session() {
    let split = |text: &str| {
        let found = MetadataUser::split(text);
        [found.user, found.account, found.session].map(Option::unwrap_or_default)
    };
    assert_eq!(split("user_ab12_account_c3_session_d-4"), ["ab12", "c3", "d-4"]);
    assert_eq!(split("user_ab12_account__session_d-4"), ["ab12", "", "d-4"]);
    assert_eq!(split(r#"{"device_id":"dd","account_uuid":"","session_id":"ss"}"#), ["dd", "", "ss"]);
    assert_eq!(split("user_42"), ["user_42", "", ""]);
    assert_eq!(split("{broken"), ["", "", ""]);
}

proptest! {
    #[test]
    fn forwarding_changes_the_model_and_nothing_else(
        before in r#"( |\n|"a":"[a-z\\\\é]{0,4}",|"b":[0-9]{1,3}(\.[0-9]0)?,){0,1}"#,
        after in r#"(,"z":\[1, 2\]|,"y":\{"model":"no"\}| ){0,1}"#,
        name in "[a-z/\"\\\\]{1,8}",
    ) {
        let before = before.replace('\\', "\\\\");
        let body = format!("{{{before}\"model\": \"m\"{after}}}");
        let bytes = Bytes::from(body);
        let read = peek(Dialect::OpenAi, &bytes).unwrap();
        let expected = format!("{{{before}\"model\": {}{after}}}", Value::from(name.as_str()));
        prop_assert_eq!(&forward(&read, &bytes, &name, true)[..], expected.as_bytes());
    }
}
