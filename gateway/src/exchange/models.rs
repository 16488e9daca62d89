//! `GET /v1/models`: what a key may ask for, in the shape of each dialect. Costs nothing and is not archived.

use http::{Response, header::CONTENT_TYPE};
use serde_json::{Value, json};
use weir_contract::policy::{Key, Model};
use weir_wire::Dialect;

use super::answer::AnswerBody;
use super::headers;
use crate::error::Refusal;
use crate::policy::InForce;

/// What Gemini's callers may do with a model.
const GEMINI_METHODS: [&str; 4] = ["generateContent", "streamGenerateContent", "countTokens", "embedContent"];

/// All models of the key.
pub(crate) fn list(force: &InForce, key: &Key, dialect: Dialect) -> Response<AnswerBody> {
    let models = force.policy.models_of(key);
    let names = || models.keys().copied();
    let entries: Vec<Value> = models.iter().map(|(name, model)| entry(name, model, force, dialect)).collect();
    json_response(&match dialect {
        Dialect::OpenAi | Dialect::Responses => json!({"object": "list", "data": entries}),
        Dialect::Gemini => json!({"models": entries}),
        Dialect::Anthropic => {
            json!({"data": entries, "has_more": false, "first_id": names().next(), "last_id": names().next_back()})
        }
    })
}

/// One of them.
pub(crate) fn show(force: &InForce, key: &Key, dialect: Dialect, asked: &str) -> Response<AnswerBody> {
    let models = force.policy.models_of(key);
    let found = models.get_key_value(asked);
    if let Some((name, model)) = found {
        return json_response(&entry(name, model, force, dialect));
    }
    let nearest = weir_contract::plan::nearest(asked, models.keys().copied());
    let refusal =
        weir_contract::plan::NoPlan::UnknownModel { asked: asked.chars().take(200).collect(), nearest };
    Refusal::from(refusal).render(dialect, None)
}

fn entry(name: &str, model: &Model, force: &InForce, dialect: Dialect) -> Value {
    let published = force.policy.published_at_us / 1_000_000;
    match dialect {
        Dialect::OpenAi | Dialect::Responses => {
            let owner = model.targets.first().map_or("weir", |target| target.endpoint.provider.as_str());
            // OpenAI's own list has the first four; the rest is what clients look for when they choose.
            json!({
                "id": name, "object": "model", "created": published, "owned_by": owner,
                "context_window": model.context_window, "max_output_tokens": model.max_output,
                "can": model.can, "cannot": model.cannot,
            })
        }
        Dialect::Anthropic => {
            json!({"type": "model", "id": name, "display_name": name, "created_at": rfc3339(published)})
        }
        Dialect::Gemini => json!({
            "name": format!("models/{name}"), "displayName": name, "version": "",
            "inputTokenLimit": model.context_window, "outputTokenLimit": model.max_output,
            "supportedGenerationMethods": GEMINI_METHODS,
        }),
    }
}

pub(super) fn json_response(value: &Value) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::whole(value.to_string()));
    response.headers_mut().insert(CONTENT_TYPE, headers::JSON);
    response.headers_mut().insert(headers::X_WEIR_SOURCE, headers::SOURCE_GATEWAY);
    response
}

/// Seconds since 1970 as `2026-11-21T03:00:00Z`.
fn rfc3339(at_s: i64) -> String {
    let month = weir_contract::record::billing_period(at_s.saturating_mul(1_000_000));
    let (days, second) = (at_s.div_euclid(86_400), at_s.rem_euclid(86_400));
    let first = (0..31).find(|back| {
        let at_us = (days - back - 1) * 86_400_000_000;
        weir_contract::record::billing_period(at_us) != month
    });
    let day = first.unwrap_or(0) + 1;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{:04}-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z", month / 100, month % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_as_anthropic_writes_it() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(951_827_696), "2000-02-29T12:34:56Z");
        assert_eq!(rfc3339(1_795_230_000), "2026-11-21T03:00:00Z");
    }
}
