//! `weir publish`: shows what would change, asks, publishes, and follows the roll-out until every gateway has it.

use std::io::BufRead as _;
use std::time::Duration;

use clap::Args;
use http::Method;
use serde_json::{Value, json};

use super::Failure;
use super::api::Api;
use super::remote::{Remote, members, talk, text};
use super::span::Span;
use crate::output;

/// How often gateways are asked which revision they run.
const LOOK: Duration = Duration::from_millis(200);

#[derive(Debug, Args)]
pub(super) struct PublishArguments {
    #[command(flatten)]
    remote: Remote,
    /// Why, for the history.
    #[arg(long, default_value = "")]
    note: String,
    /// Do not ask.
    #[arg(long, short = 'y')]
    yes: bool,
    /// How long to wait for the gateways; `0s` does not wait.
    #[arg(long, default_value = "30s")]
    timeout: Span,
}

/// Runs the command against the API.
pub(super) fn run(arguments: &PublishArguments) -> Result<(), Failure> {
    let api = arguments.remote.api()?;
    talk(async {
        let draft = api.call(Method::GET, "/draft", None).await?;
        if !is_wanted(arguments, &draft)? {
            return Ok(());
        }
        let note = json!({ "note": arguments.note });
        let published = api.call(Method::POST, "/revisions", Some(note)).await?;
        let revision = published["revision"].as_u64().unwrap_or(0);
        output::note(&format!("Published revision {revision}."));
        let outcome = follow(&api, revision, arguments.timeout.duration()).await;
        if arguments.remote.json {
            let reached = outcome.is_ok();
            output::line(&json!({ "revision": revision, "in_force": reached }).to_string());
        }
        outcome
    })
}

/// Shows the difference; whether to go on.
fn is_wanted(arguments: &PublishArguments, draft: &Value) -> Result<bool, Failure> {
    let all = |field: &str| draft[field].as_array().cloned().unwrap_or_default();
    let problems: Vec<String> =
        all("problems").iter().map(|problem| text(problem, "text").to_owned()).collect();
    if !problems.is_empty() {
        return Err(Failure::Run(format!("the drafts cannot be published:\n  {}", problems.join("\n  "))));
    }
    let changes = all("changes");
    if changes.is_empty() {
        output::note("There is nothing to publish: what runs is what the drafts say.");
        return Ok(false);
    }
    changes.iter().filter_map(Value::as_str).for_each(|change| output::note(&format!("  {change}")));
    if arguments.yes {
        return Ok(true);
    }
    output::note("Publish this? Type yes.");
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).map_err(Failure::run)?;
    if matches!(answer.trim(), "y" | "yes") {
        return Ok(true);
    }
    Err(Failure::Run("not published; --yes publishes without asking".to_owned()))
}

/// Waits until every gateway that speaks runs the revision or a newer one.
async fn follow(api: &Api, revision: u64, most: Duration) -> Result<(), Failure> {
    if most.is_zero() {
        return Ok(());
    }
    let mut left = 0;
    let reached = tokio::time::timeout(most, async {
        loop {
            let gateways = api.call(Method::GET, "/gateways", None).await?;
            let connected = members(&gateways).iter().filter(|gateway| gateway["connected"] == true);
            let waiting: Vec<&Value> =
                connected.filter(|gateway| gateway["revision"].as_u64() < Some(revision)).collect();
            let refusal = waiting.iter().find(|gateway| gateway["refusal"]["revision"] == revision);
            if let Some(gateway) = refusal {
                let (id, reason) = (text(gateway, "id"), text(&gateway["refusal"], "reason"));
                return Err(Failure::Run(format!("{id} refused revision {revision}: {reason}")));
            }
            left = waiting.len();
            if left == 0 {
                output::note("Every connected gateway runs it.");
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
    });
    reached.await.unwrap_or_else(|_| {
        Err(Failure::Run(format!("revision {revision} is published, but {left} gateways do not run it yet")))
    })
}
