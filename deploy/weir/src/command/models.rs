//! `weir models`: the names clients may ask for, through the control plane's API. They are drafts until they are published.

use clap::{Args, Subcommand};
use http::Method;
use serde_json::{Value, json};

use super::Failure;
use super::remote::{Remote, escaped, members, talk, text};
use crate::output;

#[derive(Debug, Args)]
pub(super) struct ModelsArguments {
    #[command(flatten)]
    remote: Remote,
    #[command(subcommand)]
    command: ModelsCommand,
}

#[derive(Debug, Subcommand)]
enum ModelsCommand {
    /// List the models with their targets.
    List,
    /// Ask a provider which models it lists, and add those that are new as drafts, named `provider/model`.
    Sync {
        /// The endpoint's id (`ep_…`).
        id: String,
        /// Add only this one, by the provider's name; may be repeated.
        #[arg(long, value_name = "MODEL")]
        only: Vec<String>,
        /// Say what is new and what is gone, and add nothing.
        #[arg(long)]
        dry_run: bool,
    },
}

/// Runs the command against the API.
pub(super) fn run(arguments: &ModelsArguments) -> Result<(), Failure> {
    let ModelsArguments { remote, command } = arguments;
    let api = remote.api()?;
    talk(async {
        match command {
            ModelsCommand::List => {
                remote.show(&api.call(Method::GET, "/models?limit=500", None).await?, listed);
            }
            ModelsCommand::Sync { id, only, dry_run } => {
                let form = json!({ "only": only, "dry_run": dry_run });
                let path = format!("/endpoints/{}/models", escaped(id));
                let answer = api.call(Method::POST, &path, Some(form)).await?;
                remote.show(&answer, |answer| told(answer, *dry_run));
                return ended(&answer);
            }
        }
        Ok(())
    })
}

/// A provider that gave no list is a failure, in its own words.
fn ended(answer: &Value) -> Result<(), Failure> {
    let asked = &answer["asked"];
    if asked["ok"] != true {
        let (call, message) = (text(asked, "call"), text(asked, "message"));
        let note = asked["note"].as_str().map(|note| format!("\n{note}")).unwrap_or_default();
        let place = if call.is_empty() { String::new() } else { format!("{call}: ") };
        return Err(Failure::Run(format!("the provider gave no list of models: {place}{message}{note}")));
    }
    if !names(answer, "added").is_empty() {
        output::note("They are drafts: `weir publish` brings them in force.");
    }
    Ok(())
}

fn names<'a>(answer: &'a Value, field: &str) -> Vec<&'a str> {
    answer[field].as_array().map(Vec::as_slice).unwrap_or_default().iter().filter_map(Value::as_str).collect()
}

fn listed(answer: &Value) -> Vec<String> {
    let line = |model: &Value| {
        let targets = model["targets"].as_array().map(Vec::as_slice).unwrap_or_default();
        let targets: Vec<String> = targets
            .iter()
            .map(|target| format!("{}:{}", text(target, "endpoint"), text(target, "upstream_model")))
            .collect();
        format!("{:40} {}", text(model, "name"), targets.join(" "))
    };
    members(answer).iter().map(line).collect()
}

/// A line for each model that is new, was added, cannot be, or is gone; then the sums.
fn told(answer: &Value, dry_run: bool) -> Vec<String> {
    if answer["asked"]["ok"] != true {
        return Vec::new();
    }
    let added = names(answer, "added");
    let new = answer["new"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut lines = Vec::new();
    for one in new {
        let name = text(one, "name");
        match one["problem"].as_str() {
            Some(problem) => lines.push(format!("not added  {name}: {problem}")),
            None if added.contains(&name) => lines.push(format!("added      {name}")),
            None => lines.push(format!("new        {name}")),
        }
    }
    let gone = names(answer, "gone");
    lines.extend(gone.iter().map(|name| format!("not listed {name}: its models keep it as a target")));
    let did = if dry_run { "nothing added".to_owned() } else { format!("{} added", added.len()) };
    let (listed, new, gone) = (&answer["listed"], new.len(), gone.len());
    lines.push(format!("{listed} listed, {new} new, {gone} not listed any more, {did}"));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_new_added_in_the_way_and_gone_is_told_apart() {
        let answer = json!({
            "asked": { "ok": true }, "listed": 4, "added": ["p/a"], "gone": ["old"],
            "new": [
                { "name": "p/a", "problem": null }, { "name": "p/b", "problem": null },
                { "name": "p/c", "problem": "A model has this name already." },
            ],
        });
        let lines = told(&answer, false);
        assert!(lines[0].starts_with("added ") && lines[1].starts_with("new "), "{lines:?}");
        assert!(lines[2].contains("p/c: A model has this name already."), "{lines:?}");
        assert!(lines[3].starts_with("not listed old"), "{lines:?}");
        assert_eq!(lines[4], "4 listed, 3 new, 1 not listed any more, 1 added");
        assert!(ended(&answer).is_ok());
        let refused =
            json!({ "asked": { "ok": false, "call": "GET http://a/models", "message": "No such key" } });
        assert!(told(&refused, false).is_empty());
        let Err(Failure::Run(said)) = ended(&refused) else { panic!("it must fail") };
        assert!(said.ends_with("GET http://a/models: No such key"), "{said}");
    }
}
