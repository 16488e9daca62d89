//! `weir master-key`: changing the key under which every secret of the installation lies.

use clap::{Args, Subcommand};
use serde_json::json;

use super::control::built_in_book;
use super::installation::{ambient, control};
use super::serve::on_runtime;
use super::span::Span;
use super::{Failure, Place};
use crate::config::Config;
use crate::output;

#[derive(Debug, Args)]
pub(super) struct MasterKeyArguments {
    #[command(subcommand)]
    command: MasterKeyCommand,
    #[command(flatten)]
    pub(super) place: Place,
}

#[derive(Debug, Subcommand)]
enum MasterKeyCommand {
    /// Make a new master key and wrap every secret with it; everything goes on meanwhile. Run again after it was cut off.
    Rotate {
        /// With control planes on other machines: how long they get to take the new key over, like `10s`.
        #[arg(long)]
        handover: Option<Span>,
        /// Print what was done as JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Changes the master key.
pub(super) fn run(config: &Config, arguments: &MasterKeyArguments) -> Result<(), Failure> {
    let MasterKeyCommand::Rotate { handover, json } = &arguments.command;
    // With SQLite there is one machine; a PostgreSQL may have control planes anywhere.
    let shared = config.control.database_url.as_deref().is_some_and(|url| url.starts_with("postgres"));
    let standard = if shared { std::time::Duration::from_secs(10) } else { std::time::Duration::ZERO };
    let handover = handover.as_ref().map_or(standard, Span::duration);
    on_runtime(config, async {
        let (control, book) = (control(config), built_in_book()?);
        let rotated = weir_controlplane::rotate_master_key(control, ambient(), book, handover).await;
        let rotated = rotated.map_err(Failure::run)?;
        if *json {
            let line = json!({ "from": rotated.from, "to": rotated.to, "wrapped": rotated.wrapped });
            output::line(&line.to_string());
        } else {
            output::line(&format!(
                "The master key is now {} (it was {}); {} secrets were wrapped with it. Make a new backup.",
                rotated.to, rotated.from, rotated.wrapped
            ));
        }
        Ok(())
    })
}
