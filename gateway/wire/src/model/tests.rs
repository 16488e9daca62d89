//! The promises of reading conversations.

use super::*;

fn texts<'a>(conversation: &'a Conversation<'_>) -> Vec<&'a str> {
    conversation.texts().map(|text| text.text.as_ref()).collect()
}

#[test]
fn a_chat_completions_request_is_read_part_by_part() {
    let body = br#"{"model":"m","temperature":1,"hologram":true,"logit_bias":{},"seed":null,"messages":[
        {"role":"developer","content":"Be brief."},
        {"role":"user","name":"ann","content":[{"type":"text","text":"What\nis this?"},
            {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"low"}},
            {"type":"input_audio","input_audio":{"data":"AAAAAA","format":"wav"}},
            {"type":"file","file":{"file_id":"f_1"}},{"type":"hologram","x":1}]},
        {"role":"assistant","content":null,"reasoning_content":"hm","tool_calls":[
            {"id":"c1","type":"function","function":{"name":"look","arguments":"{\"at\":1}"}}]},
        {"role":"tool","tool_call_id":"c1","content":"a weir"}],
        "tools":[{"type":"function","function":{"name":"look","description":"d","parameters":{"type":"object"}}},
            {"type":"web_search"}],"tool_choice":"auto"}"#;
    let read = read_conversation(Dialect::OpenAi, body).unwrap();
    assert_eq!(texts(&read), ["Be brief.", "What\nis this?", "hm", "{\"at\":1}", "a weir"]);
    assert_eq!(read.messages[1].name.as_deref(), Some("ann"));
    assert_eq!([&read.messages[0].role, &read.messages[3].role], [&Role::Developer, &Role::Tool]);
    let said = &read.messages[1].parts;
    assert!(
        matches!(&said[1], Part::Image(media) if media.base64_bytes() == 4 && media.media_type.as_deref() == Some("image/png"))
    );
    assert!(matches!(&said[2], Part::Audio(media) if media.base64_bytes() == 6));
    assert!(matches!(&said[3], Part::File(media) if media.reference() == Some("f_1")));
    assert!(matches!(&said[4], Part::Other { kind, raw } if kind == "hologram" && raw.contains("\"x\":1")));
    assert!(matches!(&read.messages[3].parts[0], Part::ToolResult { id, .. } if id == "c1"));
    let tools: Vec<_> = read.tools.iter().map(|tool| (tool.name.as_ref(), tool.kind.as_deref())).collect();
    assert_eq!(tools, [("look", None), ("web_search", Some("web_search"))]);
    assert_eq!(read.tool_choice, Some(ToolChoice::Auto));
    assert_eq!((read.settings.model.as_ref(), read.settings.temperature), ("m", Some("1")));
    assert_eq!(read.rest.iter().map(|(key, _)| key.as_ref()).collect::<Vec<_>>(), ["hologram"]);
}

#[test]
fn a_messages_request_is_read_part_by_part() {
    let body = br#"{"model":"m","max_tokens":9,"system":[{"type":"text","text":"Sys","cache_control":{"type":"ephemeral"}}],
        "messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/jpeg","data":"AAAA"}},
            {"type":"document","source":{"type":"url","url":"https://example.com/a.pdf"}}]},
        {"role":"assistant","content":[{"type":"thinking","thinking":"so","signature":"s"},
            {"type":"tool_use","id":"t1","name":"look","input":{"at":1}}]},
        {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","is_error":true,"content":[{"type":"text","text":"broken"}]}]}],
        "tools":[{"name":"look","input_schema":{}},{"type":"bash_20250124","name":"bash"}]}"#;
    let read = read_conversation(Dialect::Anthropic, body).unwrap();
    assert_eq!(texts(&read), ["Sys", "so", "{\"at\":1}", "broken"]);
    assert!(matches!(&read.messages[0].parts[1], Part::File(media) if media.reference().is_some()));
    assert!(matches!(&read.messages[2].parts[0], Part::ToolResult { failed: true, .. }));
    assert_eq!(read.tools.iter().filter(|tool| tool.kind.is_some()).count(), 1);
}

#[test]
fn every_text_with_a_place_stands_there() {
    let body = r#"{"model":"m","messages":[{"role":"user","content":"säy \"hi\""},{"role":"user","content":[{"type":"text","text":"two"}]}]}"#;
    let read = read_conversation(Dialect::OpenAi, body.as_bytes()).unwrap();
    let mut found = 0;
    for text in read.texts() {
        let literal = &body[text.place.clone().unwrap()];
        assert_eq!(serde_json::from_str::<String>(literal).unwrap(), text.text);
        found += 1;
    }
    assert_eq!(found, 2);
}

#[test]
fn wrong_kinds_are_skipped_and_not_fatal() {
    for dialect in Dialect::ALL {
        for body in [
            r#"{"messages":"x","tools":3,"system":7}"#,
            r#"{"messages":[1,null,{"content":{"a":1}},{"role":5}]}"#,
        ] {
            assert!(texts(&read_conversation(dialect, body.as_bytes()).unwrap()).is_empty(), "{body}");
        }
    }
}
