//! The command line: what can be asked, and where each command lives.

mod api;
mod audit;
mod backup;
mod control;
mod demo;
mod doctor;
mod endpoints;
mod gateway;
mod gateways;
mod health;
mod installation;
mod keys;
mod master_key;
mod models;
mod moment;
mod people;
mod publish;
mod remote;
mod serve;
mod shell;
mod span;
mod tail;
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
    /// Providers' endpoints, through the control plane's API.
    Endpoints(endpoints::EndpointsArguments),
    /// The names clients may ask for, and what providers list, through the control plane's API.
    Models(models::ModelsArguments),
    /// Gateways and how they are, through the control plane's API.
    Gateways(gateways::GatewaysArguments),
    /// Publish the drafts and wait until the gateways run them.
    Publish(publish::PublishArguments),
    /// Show requests as they end.
    Tail(tail::TailArguments),
    /// Store, master key and archive as files in a folder, also while everything runs.
    Backup(backup::BackupArguments),
    /// Put a backup back into an empty installation.
    Restore(backup::RestoreArguments),
    /// The log of changes, as a file.
    Audit(audit::AuditArguments),
    /// The key under which every secret lies.
    MasterKey(master_key::MasterKeyArguments),
    /// Who may sign in, and links by which they come in, also for the last administrator.
    People(people::PeopleArguments),
    /// Say what is well and what is not, and what to do about it.
    Doctor(doctor::DoctorArguments),
    /// Whether what serves is ready, as an exit code.
    Health(health::HealthArguments),
    /// Sample traffic, to see every page full.
    Demo(demo::DemoArguments),
    /// Print what a shell needs to complete commands.
    Completion(shell::CompletionArguments),
    /// Write the manual pages.
    Man(shell::ManArguments),
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

/// Flags of every command that works at the machine: which installation.
#[derive(Debug, Args)]
struct Place {
    /// Configuration file (TOML).
    #[arg(long, global = true, env = "WEIR_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder for everything that must survive a restart.
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<String>,
    /// Any configuration key, like `--set clickhouse.database=weir`; may be repeated.
    #[arg(long, global = true, value_name = "KEY=VALUE", value_parser = key_value)]
    set: Vec<(String, String)>,
}

impl Place {
    /// The configuration it names. Commands speak for themselves: only warnings are logged, unless more is asked for.
    fn load(&self) -> Result<Config, Failure> {
        let quiet = ("log".to_owned(), "warn".to_owned());
        let data = self.data.clone().map(|data| ("data".to_owned(), data));
        let sets: Vec<_> = [quiet].into_iter().chain(data).chain(self.set.clone()).collect();
        Config::load(self.config.as_deref(), std::env::vars(), &sets).map_err(Failure::Usage)
    }
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
    /// Everything has been said; this is the exit code.
    Told(u8),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Usage(message) | Self::Run(message) => f.write_str(message),
            Self::Told(code) => write!(f, "exit code {code}"),
        }
    }
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
        Command::Endpoints(arguments) => endpoints::run(&arguments),
        Command::Models(arguments) => models::run(&arguments),
        Command::Gateways(arguments) => gateways::run(&arguments),
        Command::Publish(arguments) => publish::run(&arguments),
        Command::Tail(arguments) => tail::run(&arguments),
        Command::Backup(arguments) => backup::take(arguments.place.load()?, &arguments),
        Command::Restore(arguments) => backup::restore(arguments.place.load()?, &arguments),
        Command::Audit(arguments) => audit::run(&arguments),
        Command::MasterKey(arguments) => master_key::run(&arguments.place.load()?, &arguments),
        Command::People(arguments) => people::run(&arguments.place.load()?, &arguments),
        Command::Doctor(arguments) => doctor::run(arguments.place.load()?, &arguments),
        Command::Health(arguments) => health::run(&arguments),
        Command::Demo(arguments) => demo::run(arguments.place.load()?, &arguments),
        Command::Completion(arguments) => {
            shell::complete(&arguments);
            Ok(())
        }
        Command::Man(arguments) => shell::write_manual(&arguments),
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
