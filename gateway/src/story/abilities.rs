//! What a model is said not to be able to do is refused before anybody is asked, in every format, with what to do instead.

use weir_contract::policy::{Ability, Content, ModelEntry};

use super::Story;
use super::provider::Reply;

const CHAT: &str = "/v1/chat/completions";
const MESSAGES: &str = "/v1/messages";
const ANSWER: &str = r#"{"id":"c1","model":"gpt-1","choices":[{"index":0,"message":{"role":"assistant","content":"yo"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":2,"total_tokens":12}}"#;
const PICTURE: &str = r#"{"model":"gpt","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://example.org/a.png"}}]}]}"#;

fn blind(content: &mut Content) {
    let seeing = ModelEntry {
        name: "seeing".to_owned(),
        can: vec![Ability::Vision],
        cannot: vec![Ability::Tools],
        ..content.models[0].clone()
    };
    content.models[0].cannot = vec![Ability::Vision, Ability::AudioInput];
    content.models.push(seeing);
}

#[tokio::test]
async fn a_picture_for_a_model_without_eyes_is_refused_with_a_model_that_has_some() {
    let story = Story::begin_with(blind).await;
    let refused = story.post(CHAT, &[], PICTURE).await;
    assert_eq!((refused.status.as_u16(), refused.header("x-weir-source")), (400, "gateway"));
    let error = &refused.json()["error"];
    assert_eq!(
        (&error["code"], &error["param"]),
        (&"model_not_able".into(), &"messages[0].content[0]".into())
    );
    assert_eq!(
        error["message"],
        "model `gpt` cannot do what `messages[0].content[0]` asks for (vision): ask for a model that is known to, such as `seeing`"
    );
    assert_eq!(story.provider.seen().len(), 0, "nobody was asked");
    let tools = r#"{"model":"seeing","messages":[],"tools":[{"type":"function","function":{"name":"f"}}]}"#;
    let refused = story.post(CHAT, &[], tools).await;
    let message = refused.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.ends_with("leave it out, or ask for another model"), "{message}");
}

#[tokio::test]
async fn words_for_the_same_model_pass_and_so_do_pictures_for_one_of_which_nothing_is_said() {
    let story = Story::begin_with(blind).await;
    story.provider.will(Reply::Json(200, ANSWER));
    let words = r#"{"model":"gpt","messages":[{"role":"user","content":"hi"}]}"#;
    assert_eq!(story.post(CHAT, &[], words).await.status, 200);
    let story = Story::begin().await;
    story.provider.will(Reply::Json(200, ANSWER));
    assert_eq!(story.post(CHAT, &[], PICTURE).await.status, 200);
}

#[tokio::test]
async fn a_caller_of_another_format_is_told_in_its_own_words() {
    let story = Story::begin_with(blind).await;
    let picture = r#"{"model":"gpt","max_tokens":9,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"https://example.org/a.png"}}]}]}"#;
    let refused = story.post(MESSAGES, &[], picture).await;
    assert_eq!(refused.status, 400);
    assert_eq!(refused.json()["error"]["type"], "invalid_request_error");
    assert!(refused.body.contains("messages[0].content[0]"), "{}", refused.body);
}

#[tokio::test]
async fn the_list_of_models_says_what_each_can_and_cannot() {
    let story = Story::begin_with(blind).await;
    let listed = story.ask(http::Method::GET, "/v1/models/seeing", &[], "").await.json();
    assert_eq!((&listed["can"], &listed["cannot"]), (&["vision"][..].into(), &["tools"][..].into()));
}
