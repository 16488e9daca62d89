//! `weir keys`: create, list, rotate and revoke keys through the control plane's API, as a script would.

use clap::{Args, Subcommand};
use http::Method;
use serde_json::{Value, json};

use super::Failure;
use super::remote::{Remote, escaped, members, talk, text};
use super::span::Span;
use crate::output;

#[derive(Debug, Args)]
pub(super) struct KeysArguments {
    #[command(flatten)]
    remote: Remote,
    /// Workspace, by name or id.
    #[arg(long, global = true, default_value = "default", value_name = "NAME")]
    workspace: String,
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
    /// Give a key a new secret, printed once. The old one works until its grace ends.
    Rotate {
        /// The key's id (`key_…`).
        id: String,
        /// How long the old secret goes on working: `30m`, `24h`, `7d`.
        #[arg(long, default_value = "24h")]
        grace: Span,
    },
    /// Revoke a key, by id. Gateways refuse it within a second.
    Revoke {
        /// The key's id (`key_…`).
        id: String,
    },
}

/// Runs the command against the API.
pub(super) fn run(arguments: &KeysArguments) -> Result<(), Failure> {
    let KeysArguments { remote, workspace, command } = arguments;
    let api = remote.api()?;
    talk(async {
        match command {
            KeysCommand::Create { name, customer, models } => {
                let body =
                    json!({ "workspace": workspace, "name": name, "customer": customer, "models": models });
                let answer = api.call(Method::POST, "/keys", Some(body)).await?;
                remote.show(&answer, with_secret);
            }
            KeysCommand::List => {
                let path = format!("/keys?workspace={}", escaped(workspace));
                remote.show(&api.call(Method::GET, &path, None).await?, listed);
            }
            KeysCommand::Rotate { id, grace } => {
                let path = format!("/keys/{}/rotation", escaped(id));
                let body = json!({ "grace_seconds": grace.seconds() });
                let answer = api.call(Method::POST, &path, Some(body)).await?;
                if !remote.json {
                    output::note(&format!("The old secret of {id} works for another {grace}."));
                }
                remote.show(&answer, with_secret);
            }
            KeysCommand::Revoke { id } => {
                let path = format!("/keys/{}/revocation", escaped(id));
                let answer = api.call(Method::POST, &path, None).await?;
                remote.show(&answer, |_| vec![format!("{id} is revoked.")]);
            }
        }
        Ok(())
    })
}

fn with_secret(answer: &Value) -> Vec<String> {
    output::note("Keep this secret: it is not shown again.");
    vec![text(answer, "secret").to_owned()]
}

fn listed(answer: &Value) -> Vec<String> {
    let line = |key: &Value| {
        let state = if key["revoked_us"].is_null() { "active" } else { "revoked" };
        format!("{:30} {:10} {}", text(key, "id"), state, text(key, "name"))
    };
    members(answer).iter().map(line).collect()
}
