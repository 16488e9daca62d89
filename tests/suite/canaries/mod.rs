//! Secrets are where they are used and nowhere else: forty of every kind, planted, used, echoed by providers, presented at
//! the wrong door; then everything that leaves Weir or rests in it is searched for them.

mod planted;
mod sinks;

use http::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use weir_tests::client::Answer;
use weir_tests::provider::{Pieces, Provider, Reply};
use weir_tests::visitor::Visitor;
use weir_tests::weir::{Setup, Weir};

use planted::{ENVIRONMENT, Planted};

/// A Weir with secrets in it, and the world around it.
struct House {
    data: TempDir,
    /// Where a credential lies in a file.
    outside: TempDir,
    weir: Weir,
    ada: Visitor,
    provider: Provider,
}

impl House {
    async fn new(planted: &mut Planted) -> Self {
        let (data, outside) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        std::fs::write(outside.path().join("credential"), planted.made("credential in a file")).unwrap();
        let setup = Setup::default().data(data.path());
        let weir = setup.env(ENVIRONMENT, &planted.made("credential in the environment")).up().await;
        let house = Self {
            ada: Visitor::first_admin(&weir.dashboard, &weir.sign_in_link).await,
            provider: Provider::start().await,
            data,
            outside,
            weir,
        };
        planted.at_the_first_start(&house);
        planted.people(&house).await;
        planted.keys(&house).await;
        planted.endpoints(&house).await;
        house
    }

    async fn made(&self, path: &str, body: Value) -> Value {
        self.weir.api(Method::POST, path, Some(body)).await.ok().json()
    }

    /// Every endpoint answers, refuses and breaks, and says in its refusal what it was sent. Gives what clients got.
    async fn traffic(&self, planted: &Planted) -> Vec<Answer> {
        let mut answers = Vec::new();
        for (model, secrets) in &planted.served {
            let echo = format!("Incorrect API key provided: {}.", secrets.join(" or "));
            let words = json!({"error": {"message": echo, "type": "invalid_request_error"}, "error_description": echo, "message": echo});
            let said = |status| Reply::json(status, &words).header("x-request-id", "req_1");
            let answered = Reply::json(200, &answer());
            let cut = Pieces { cut_after: Some(40), ..Pieces::new(3) };
            let cut = Reply::events(format!("data: {}\n\n", answer()), cut);
            for reply in [answered, said(401), said(500), Reply { headers: Vec::new(), ..said(403) }, cut] {
                self.provider.answer(reply);
                for stream in [false, true] {
                    let body = json!({"model": model, "stream": stream, "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]});
                    let headers = [("cookie", planted.of("cookie to the gateway"))];
                    answers.push(self.weir.ask("/v1/chat/completions", &headers, &body).await);
                }
            }
        }
        answers
    }

    /// Secrets at doors they do not open.
    async fn wrong_doors(&self, planted: &Planted) -> Vec<Answer> {
        let url = format!("{}/v1/chat/completions", self.weir.gateway);
        let body = json!({"model": "demo/fast", "messages": [{"role": "user", "content": "Hi"}]});
        let mut answers = Vec::new();
        for (name, header) in planted::PRESENTED {
            let secret = planted.of(name);
            let bearer = format!("Bearer {secret}");
            let value = if header == "authorization" { bearer.as_str() } else { secret };
            answers.push(self.weir.client.post_json(&url, &[(header, value)], &body).await);
        }
        let query = format!("{url}?key={}", planted.of("wrong key in the query"));
        answers.push(self.weir.client.post_json(&query, &[], &body).await);
        let signed = [("x-weir-customer-token", planted.of("wrong customer token"))];
        answers.push(self.weir.ask("/v1/chat/completions", &signed, &body).await);
        answers.push(
            self.weir.ask("/v1/chat/completions", &[("x-secret", planted.of("any header"))], &body).await,
        );
        let bearer = format!("Bearer {}", planted.of("wrong API token"));
        let api = format!("{}/api/v1/keys", self.weir.dashboard);
        answers.push(self.weir.client.get(&api, &[("authorization", &bearer)]).await);
        let enrolment = format!("{}/gateway/v1/stream", self.weir.dashboard);
        let bearer = format!("Bearer {}", planted.of("wrong gateway token"));
        answers.push(self.weir.client.post_json(&enrolment, &[("authorization", &bearer)], &json!({})).await);
        let stranger =
            Visitor::holding(&self.weir.dashboard, &format!("weir_session={}", planted.of("wrong session")));
        answers.push(stranger.get("/keys").await);
        let guess = [("email", "ada@example.com"), ("password", planted.of("wrong password"))];
        answers.push(stranger.post("/sign-in", &guess).await);
        let link = format!("/invitation?token={}", planted.of("wrong link"));
        answers.push(stranger.get(&link).await);
        answers
    }
}

/// An answer in the words of every dialect at once.
fn answer() -> Value {
    json!({
        "id": "c1", "object": "chat.completion", "created": 1, "model": "m", "type": "message", "role": "assistant",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "2.4 m."}, "finish_reason": "stop"}],
        "content": [{"type": "text", "text": "2.4 m."}], "stop_reason": "end_turn",
        "candidates": [{"content": {"role": "model", "parts": [{"text": "2.4 m."}]}, "finishReason": "STOP"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7, "input_tokens": 3, "output_tokens": 4},
        "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 4, "totalTokenCount": 7},
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_planted_secrets_are_found_nowhere() {
    let mut planted = Planted::default();
    let mut house = House::new(&mut planted).await;
    let mut told = house.traffic(&planted).await;
    let codes = |told: &[Answer], code: u16| told.iter().filter(|answer| answer.status == code).count();
    assert!(codes(&told, 200) > 0 && codes(&told, 401) + codes(&told, 502) > 0, "they answered and refused");
    let refused = house.wrong_doors(&planted).await;
    assert!(codes(&refused, 401) >= planted::PRESENTED.len(), "no wrong key opened a door");
    told.extend(refused);
    told.extend(planted.tests_of_endpoints(&house).await);
    assert!(planted.count() >= 40, "{} secrets", planted.count());

    let mut sinks = sinks::of_answers(&told);
    sinks.extend(sinks::of_archive(&house.weir).await);
    sinks.extend(sinks::of_dashboard(&house).await);
    sinks.extend(sinks::of_api(&house).await);
    sinks.extend(sinks::of_exports(&house).await);
    sinks.extend(sinks::of_operations(&house).await);
    sinks.push(sinks::Sink::new("standard output", house.weir.process.printed()));
    sinks.extend(sinks::of_files(house.data.path()));
    let found = planted.found_in(&sinks);
    assert!(found.is_empty(), "in {} places:\n{}", found.len(), found.join("\n"));
    println!("{} secrets, {} places: found in none", planted.count(), sinks.len());
}
