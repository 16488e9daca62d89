//! The demo provider: OpenAI's and Anthropic's formats without an account, a key or a network, so that the first request
//! works in the first minute, and so that every fault a provider can have can be had on purpose.
//!
//! The same seed and the same request body give the same answer, byte for byte: there is no clock and no chance.
//!
//! | file | holds |
//! |---|---|
//! | `openai` · `anthropic` | one format each: reads a [`Question`], writes an [`Answer`], whole or as a stream |
//! | `answer` | what is said, which tools are called, what it costs in tokens |
//! | `place` · `instance` | the cities a prompt names; a value that fits a JSON schema |
//! | `fault` | what goes wrong when a model is asked for by the name of a fault |
//!
//! [`Question`]: answer::Question
//! [`Answer`]: answer::Answer

mod answer;
mod anthropic;
mod fault;
mod instance;
mod openai;
mod place;
mod serve;

pub(crate) use serve::Demo;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

/// The models that answer.
pub(crate) const MODELS: [&str; 3] = ["demo/fast", "demo/smart", "demo/reasoner"];

/// The models that fail, each in its own way. `demo/slow-250` waits 250 ms; `demo/slow` waits two seconds.
pub(crate) const FAULTS: [&str; 5] =
    ["demo/429", "demo/500", "demo/slow", "demo/cut", "demo/error-in-stream"];

/// Room for a few pictures in base64.
const BODY_BYTES_MAX: usize = 64 << 20;

/// Seconds since 1970 of every answer: without a clock two answers to the same question are equal.
const CREATED_S: u64 = 1_767_225_600;

/// The provider's URLs: `/v1/chat/completions`, `/v1/models`, `/v1/messages`.
pub(crate) fn router(seed: u64) -> Router {
    Router::new()
        .route("/v1/chat/completions", post(openai::chat))
        .route("/v1/models", get(openai::models))
        .route("/v1/messages", post(anthropic::messages))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(seed)
}

#[cfg(test)]
mod tests;
