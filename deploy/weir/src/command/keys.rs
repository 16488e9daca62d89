//! `weir keys`: create, list and revoke keys through the control plane's API, as a script would.

use clap::{Args, Subcommand};
use http::Method;
use serde_json::{Value, json};

use super::Failure;
use super::api::Api;
use crate::output;

#[derive(Debug, Args)]
pub(super) struct KeysArguments {
    /// Base URL of the control plane.
    #[arg(long, global = true, default_value = "http://127.0.0.1:8081", value_name = "URL")]
    control: String,
    /// API token. Better in the environment: arguments are seen by everyone on the machine.
    #[arg(long, global = true, env = "WEIR_API_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    token: Option<String>,
    /// Workspace, by name or id.
    #[arg(long, global = true, default_value = "default", value_name = "NAME")]
    workspace: String,
    /// Print the API's answer as JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Create a key. Its secret is printed once and cannot be shown again.
    Create {
        /// A name people recognise it by.
        name: String,
        /// Bind it to a customer: beats every header.
        #[arg(long)]
        customer: Option<String>,
        /// Models it may ask for (`gpt-5*` for all that begin so); may be repeated. Default: all.
        #[arg(long = "model")]
        models: Vec<String>,
    },
    /// List the workspace's keys.
    List,
    /// Revoke a key, by id. Gateways refuse it within a second.
    Revoke {
        /// The key's id (`key_…`).
        id: String,
    },
}

/// Runs the command against the API.
pub(super) fn run(arguments: &KeysArguments) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::run)?;
    runtime.block_on(async {
        let token = arguments.token.clone().ok_or_else(|| {
            Failure::Usage("an API token is needed: set WEIR_API_TOKEN or give --token".to_owned())
        })?;
        let api = Api::new(&arguments.control, token);
        let workspace = &arguments.workspace;
        match &arguments.command {
            KeysCommand::Create { name, customer, models } => {
                let body =
                    json!({ "workspace": workspace, "name": name, "customer": customer, "models": models });
                let answer = api.call(Method::POST, "/keys", Some(body)).await?;
                show(arguments, &answer, created);
            }
            KeysCommand::List => {
                let answer = api.call(Method::GET, &format!("/keys?workspace={workspace}"), None).await?;
                show(arguments, &answer, listed);
            }
            KeysCommand::Revoke { id } => {
                let answer = api.call(Method::POST, &format!("/keys/{id}/revocation"), None).await?;
                show(arguments, &answer, |_| vec![format!("{id} is revoked.")]);
            }
        }
        Ok(())
    })
}

fn show(arguments: &KeysArguments, answer: &Value, lines: impl Fn(&Value) -> Vec<String>) {
    if arguments.json {
        output::line(&answer.to_string());
    } else {
        lines(answer).iter().for_each(|line| output::line(line));
    }
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or("")
}

fn created(answer: &Value) -> Vec<String> {
    output::note("Keep this secret: it is not shown again.");
    vec![text(answer, "secret").to_owned()]
}

fn listed(answer: &Value) -> Vec<String> {
    let rows = answer["data"].as_array().map(Vec::as_slice).unwrap_or_default();
    let line = |key: &Value| {
        let state = if key["revoked_us"].is_null() { "active" } else { "revoked" };
        format!("{:30} {:10} {}", text(key, "id"), state, text(key, "name"))
    };
    rows.iter().map(line).collect()
}
