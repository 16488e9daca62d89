//! What commands that work through a control plane's API share: where it is, the token, and how answers are shown.

use std::future::Future;

use clap::Args;
use serde_json::Value;

use super::Failure;
use super::api::Api;
use crate::output;

/// Flags of every command that works through the API.
#[derive(Debug, Args)]
pub(super) struct Remote {
    /// Base URL of the control plane.
    #[arg(long, global = true, default_value = "http://127.0.0.1:8081", value_name = "URL")]
    control: String,
    /// API token. Better in the environment: arguments are seen by everyone on the machine.
    #[arg(long, global = true, env = "WEIR_API_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    token: Option<String>,
    /// Print the API's answer as JSON.
    #[arg(long, global = true)]
    pub(super) json: bool,
}

impl Remote {
    /// The API, if there is a token for it.
    pub(super) fn api(&self) -> Result<Api, Failure> {
        let missing = "an API token is needed: set WEIR_API_TOKEN or give --token";
        let token = self.token.clone().ok_or_else(|| Failure::Usage(missing.to_owned()))?;
        Ok(Api::new(&self.control, token))
    }

    /// Prints an answer as it came, or as lines for people.
    pub(super) fn show(&self, answer: &Value, lines: impl Fn(&Value) -> Vec<String>) {
        if self.json {
            output::line(&answer.to_string());
        } else {
            lines(answer).iter().for_each(|line| output::line(line));
        }
    }
}

/// Runs a conversation with the API.
pub(super) fn talk<T>(conversation: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::run)?;
    runtime.block_on(conversation)
}

/// A field as text, empty when it is none.
pub(super) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or("")
}

/// The members of a list.
pub(super) fn members(answer: &Value) -> &[Value] {
    answer["data"].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A value for a query string.
pub(super) fn escaped(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let escape = |byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    value.bytes().map(escape).collect()
}
