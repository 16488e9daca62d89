//! `weir gateways`: which gateways there are, how each one is, and taking one out of service.

use clap::{Args, Subcommand};
use http::Method;
use serde_json::Value;

use super::Failure;
use super::remote::{Remote, escaped, members, talk, text};
use crate::output;

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
    /// Let a gateway finish what it has and take no new requests.
    Drain {
        /// Its name.
        gateway: String,
    },
    /// Let a drained gateway take requests again.
    Resume {
        /// Its name.
        gateway: String,
    },
    /// Remove a gateway that is gone from the list, and revoke its token.
    Forget {
        /// Its name.
        gateway: String,
    },
}

/// Runs the command against the API.
pub(super) fn run(arguments: &GatewaysArguments) -> Result<(), Failure> {
    let GatewaysArguments { remote, command } = arguments;
    let api = remote.api()?;
    talk(async {
        match command {
            GatewaysCommand::List => {
                let answer = api.call(Method::GET, "/gateways", None).await?;
                remote.show(&answer, |answer| members(answer).iter().map(line).collect());
            }
            GatewaysCommand::Drain { gateway } => {
                let answer = api.call(Method::POST, &format!("{}/drain", path(gateway)), None).await?;
                remote.show(&answer, |answer| vec![line(answer)]);
            }
            GatewaysCommand::Resume { gateway } => {
                let answer = api.call(Method::DELETE, &format!("{}/drain", path(gateway)), None).await?;
                remote.show(&answer, |answer| vec![line(answer)]);
            }
            GatewaysCommand::Forget { gateway } => {
                api.call(Method::DELETE, &path(gateway), None).await?;
                output::note(&format!("Forgot {gateway}."));
            }
        }
        Ok(())
    })
}

/// A gateway's place in the API, whatever its name holds.
fn path(gateway: &str) -> String {
    format!("/gateways/{}", escaped(gateway))
}

fn line(gateway: &Value) -> String {
    let state = match (gateway["connected"].as_bool(), gateway["status"]["draining"].as_bool()) {
        (Some(true), Some(true)) => "draining",
        (Some(true), _) => "connected",
        _ => "silent",
    };
    let refusal = text(&gateway["refusal"], "reason");
    let refusal = if refusal.is_empty() { String::new() } else { format!("  refused: {refusal}") };
    let dead = gateway["status"]["dead_rows"].as_u64().filter(|rows| *rows > 0);
    let dead = dead.map(|rows| format!("  {rows} rows the archive will never take")).unwrap_or_default();
    format!(
        "{:32} {:10} revision {:<6} in flight {:<5} backlog {} bytes{dead}{refusal}",
        text(gateway, "id"),
        state,
        gateway["revision"],
        gateway["status"]["in_flight"],
        gateway["status"]["spool_bytes"],
    )
}
