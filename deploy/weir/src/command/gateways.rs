//! `weir gateways`: which gateways there are, and how each one is.

use clap::{Args, Subcommand};
use http::Method;
use serde_json::Value;

use super::Failure;
use super::remote::{Remote, members, talk, text};

#[derive(Debug, Args)]
pub(super) struct GatewaysArguments {
    #[command(flatten)]
    remote: Remote,
    #[command(subcommand)]
    command: GatewaysCommand,
}

#[derive(Debug, Subcommand)]
enum GatewaysCommand {
    /// List the gateways: revision, backlog, and whether they speak.
    List,
}

/// Runs the command against the API.
pub(super) fn run(arguments: &GatewaysArguments) -> Result<(), Failure> {
    let GatewaysArguments { remote, command: GatewaysCommand::List } = arguments;
    let api = remote.api()?;
    talk(async {
        remote.show(&api.call(Method::GET, "/gateways", None).await?, |answer| {
            members(answer).iter().map(line).collect()
        });
        Ok(())
    })
}

fn line(gateway: &Value) -> String {
    let state = match (gateway["connected"].as_bool(), gateway["status"]["draining"].as_bool()) {
        (Some(true), Some(true)) => "draining",
        (Some(true), _) => "connected",
        _ => "silent",
    };
    let refusal = text(&gateway["refusal"], "reason");
    let refusal = if refusal.is_empty() { String::new() } else { format!("  refused: {refusal}") };
    format!(
        "{:32} {:10} revision {:<6} in flight {:<5} backlog {} bytes{refusal}",
        text(gateway, "id"),
        state,
        gateway["revision"],
        gateway["status"]["in_flight"],
        gateway["status"]["spool_bytes"],
    )
}
