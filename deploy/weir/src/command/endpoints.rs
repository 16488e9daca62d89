//! `weir endpoints`: providers' endpoints through the control plane's API. They are drafts: publishing brings them in force.

use std::io::Read as _;

use clap::{Args, Subcommand};
use http::Method;
use serde_json::{Value, json};

use super::Failure;
use super::remote::{Remote, escaped, members, talk, text};
use crate::output;

/// The longest credential that is read.
const CREDENTIAL_BYTES_MAX: u64 = 64 << 10;

#[derive(Debug, Args)]
pub(super) struct EndpointsArguments {
    #[command(flatten)]
    remote: Remote,
    #[command(subcommand)]
    command: EndpointsCommand,
}

#[derive(Debug, Subcommand)]
enum EndpointsCommand {
    /// List the endpoints.
    List,
    /// Create an endpoint. Its credential is never an argument: it is read from standard input, or referred to.
    Create {
        /// A name people recognise it by.
        name: String,
        /// Who runs the models (`openai`, `anthropic`, …).
        #[arg(long)]
        provider: String,
        /// Base URL; the provider's own when left out.
        #[arg(long, value_name = "URL")]
        base_url: Option<String>,
        /// The format it speaks; the provider's own when left out.
        #[arg(long)]
        dialect: Option<String>,
        /// Read the credential from standard input, one line.
        #[arg(long, conflicts_with = "credential_from")]
        credential_stdin: bool,
        /// Where gateways find the credential: `env:NAME` or `file:PATH` on their own machine.
        #[arg(long, value_name = "REFERENCE", value_parser = reference)]
        credential_from: Option<String>,
    },
    /// Call the endpoint and say what it answered.
    Test {
        /// The endpoint's id (`ep_…`).
        id: String,
    },
    /// Delete the draft of an endpoint, by id.
    Delete {
        /// The endpoint's id (`ep_…`).
        id: String,
    },
}

fn reference(text: &str) -> Result<String, String> {
    let is_reference = text.starts_with("env:") || text.starts_with("file:");
    if is_reference { Ok(text.to_owned()) } else { Err("write it as env:NAME or file:PATH".to_owned()) }
}

/// Runs the command against the API.
pub(super) fn run(arguments: &EndpointsArguments) -> Result<(), Failure> {
    let EndpointsArguments { remote, command } = arguments;
    let api = remote.api()?;
    talk(async {
        match command {
            EndpointsCommand::List => {
                remote.show(&api.call(Method::GET, "/endpoints", None).await?, listed);
            }
            EndpointsCommand::Create { .. } => {
                let answer = api.call(Method::POST, "/endpoints", Some(form(command)?)).await?;
                remote.show(&answer, |endpoint| vec![text(endpoint, "id").to_owned()]);
                output::note("It is a draft: `weir publish` brings it in force.");
            }
            EndpointsCommand::Test { id } => {
                let answer =
                    api.call(Method::POST, &format!("/endpoints/{}/test", escaped(id)), None).await?;
                remote.show(&answer, told);
            }
            EndpointsCommand::Delete { id } => {
                let answer = api.call(Method::DELETE, &format!("/endpoints/{}", escaped(id)), None).await?;
                remote.show(&answer, |_| vec![format!("The draft of {id} is deleted.")]);
                output::note("`weir publish` takes it out of force.");
            }
        }
        Ok(())
    })
}

fn form(command: &EndpointsCommand) -> Result<Value, Failure> {
    let EndpointsCommand::Create { name, provider, base_url, dialect, credential_stdin, credential_from } =
        command
    else {
        return Ok(Value::Null);
    };
    let mut form = json!({ "name": name, "provider": provider });
    let credential = if *credential_stdin { Some(typed()?) } else { credential_from.clone() };
    for (field, value) in [("base_url", base_url), ("dialect", dialect), ("credential", &credential)] {
        if let Some(value) = value {
            form[field] = Value::from(value.as_str());
        }
    }
    Ok(form)
}

fn typed() -> Result<String, Failure> {
    let mut text = String::new();
    let read = std::io::stdin().lock().take(CREDENTIAL_BYTES_MAX).read_to_string(&mut text);
    read.map_err(|error| Failure::Run(format!("the credential cannot be read: {error}")))?;
    let line = text.trim();
    if line.is_empty() {
        return Err(Failure::Usage("there is no credential on standard input".to_owned()));
    }
    Ok(line.to_owned())
}

fn listed(answer: &Value) -> Vec<String> {
    let line = |endpoint: &Value| {
        let (id, provider, name) = (text(endpoint, "id"), text(endpoint, "provider"), text(endpoint, "name"));
        format!("{id:30} {provider:14} {name:24} {}", text(endpoint, "base_url"))
    };
    members(answer).iter().map(line).collect()
}

/// Whatever the answer has, a line for each field.
fn told(answer: &Value) -> Vec<String> {
    let fields = answer.as_object().map(|fields| fields.iter().collect::<Vec<_>>()).unwrap_or_default();
    let shown = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let filled = fields.into_iter().filter(|(_, value)| !value.is_null());
    filled.map(|(name, value)| format!("{:16} {}", name.replace('_', " "), shown(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_referred_to_and_never_typed_as_an_argument() {
        assert!(reference("env:OPENAI_KEY").is_ok() && reference("file:/etc/key").is_ok());
        assert!(reference("sk-123").unwrap_err().contains("env:NAME"));
    }
}
