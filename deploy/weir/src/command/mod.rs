//! The command line: what can be asked, and where each command lives.

mod api;
mod control;
mod gateway;
mod keys;
mod serve;
mod up;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::Config;
use crate::output;

/// Observability and governance for LLM traffic: every request routed, metered, recorded and explained.
#[derive(Debug, Parser)]
#[command(name = "weir", version, propagate_version = true, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Everything in one process: control plane, gateway, embedded ClickHouse, demo provider.
    Up {
        #[command(flatten)]
        serving: Serving,
        /// Print one line of JSON with the URLs and first secrets once ready, for scripts and tests.
        #[arg(long)]
        json: bool,
    },
    /// The data plane alone, connected to a control plane.
    Gateway {
        #[command(flatten)]
        serving: Serving,
        /// Base URL of the control plane.
        #[arg(long, value_name = "URL")]
        control: Option<String>,
        /// The gateway's token, as `weir up` or the Providers page shows it. Better in WEIR_GATEWAY_CONTROL_TOKEN: arguments are seen by everyone on the machine.
        #[arg(long, value_name = "TOKEN")]
        token: Option<String>,
        /// Print one line of JSON with the addresses once ready.
        #[arg(long)]
        json: bool,
    },
    /// The control plane alone.
    Control {
        #[command(flatten)]
        serving: Serving,
        /// Print one line of JSON with the URLs and first secrets once ready.
        #[arg(long)]
        json: bool,
    },
    /// Keys that applications present, through the control plane's API.
    Keys(keys::KeysArguments),
}

/// Flags of every command that serves.
#[derive(Debug, Args)]
struct Serving {
    /// Configuration file (TOML).
    #[arg(long, env = "WEIR_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder for everything that must survive a restart.
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
    /// Any configuration key, like `--set gateway.listen=127.0.0.1:0`; may be repeated.
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    set: Vec<(String, String)>,
    /// Read and check the configuration, say so, and stop.
    #[arg(long)]
    check_config: bool,
}

fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write it as key=value")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// Why a command failed: by how it was called, or while it ran.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Wrong command line or configuration; nothing was started.
    Usage(String),
    /// It started and could not go on.
    Run(String),
}

impl Failure {
    fn run(error: impl std::fmt::Display) -> Self {
        Self::Run(error.to_string())
    }
}

/// Runs the command. Configuration is read and checked before any port is opened.
pub(crate) fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.command {
        Command::Up { serving, json } => with_config(serving, &[], |config| up::run(config, json)),
        Command::Gateway { serving, control, token, json } => {
            let flags = [("gateway.control.url", control), ("gateway.control.token", token)];
            with_config(serving, &flags, |config| gateway::run(config, json))
        }
        Command::Control { serving, json } => with_config(serving, &[], |config| control::run(config, json)),
        Command::Keys(arguments) => keys::run(&arguments),
    }
}

fn with_config(
    serving: Serving,
    flags: &[(&str, Option<String>)],
    command: impl FnOnce(Config) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let given = flags.iter().filter_map(|(key, value)| Some(((*key).to_owned(), value.clone()?)));
    let data = serving.data.map(|data| ("data".to_owned(), data));
    let sets: Vec<(String, String)> = data.into_iter().chain(given).chain(serving.set).collect();
    let config = Config::load(serving.config.as_deref(), std::env::vars(), &sets).map_err(Failure::Usage)?;
    if serving.check_config {
        output::line("The configuration is complete and valid.");
        return Ok(());
    }
    command(config)
}
