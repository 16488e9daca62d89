//! `weir health`: whether something that serves is ready, as an exit code, for containers that have no other means to ask.

use clap::Args;

use super::Failure;
use super::api::fetched;
use super::remote::talk;

#[derive(Debug, Args)]
pub(super) struct HealthArguments {
    /// What to ask: a gateway's admin port, or a control plane's `/readyz`.
    #[arg(long, default_value = "http://127.0.0.1:8082/readyz", value_name = "URL")]
    url: String,
}

/// Succeeds when it is ready.
pub(super) fn run(arguments: &HealthArguments) -> Result<(), Failure> {
    let url = &arguments.url;
    talk(async {
        match fetched(url).await {
            Ok((status, _)) if status.is_success() => Ok(()),
            Ok((status, body)) => Err(Failure::Run(format!("{url} answers {status}: {}", body.trim()))),
            Err(reason) => Err(Failure::Run(format!("{url} does not answer: {reason}"))),
        }
    })
}
