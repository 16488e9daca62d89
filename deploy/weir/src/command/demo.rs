//! `weir demo`: sample traffic, so that every page can be seen full, and its removal.

use std::sync::Arc;
use std::time::Instant;

use clap::{Args, Subcommand};
use serde_json::json;
use weir_contract::clock::Clock as _;
use weir_controlplane::sample::{ENVIRONMENT, GATEWAY, RETENTION_DAYS, Sample, WORKSPACE};
use weir_gateway::spool::ArchiveConfig;

use super::control::built_in_book;
use super::installation::{Installation, ambient};
use super::serve::on_runtime;
use super::{Failure, Place};
use crate::ambient::WallClock;
use crate::config::Config;
use crate::output;
use crate::traffic::{self, Author, Chance};

#[derive(Debug, Args)]
pub(super) struct DemoArguments {
    #[command(subcommand)]
    command: DemoCommand,
    #[command(flatten)]
    pub(super) place: Place,
    /// Print what was done as JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum DemoCommand {
    /// Write sample traffic into a workspace of its own. No provider is called, nothing is spent.
    Traffic {
        /// How many days, up to now.
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=365))]
        days: u32,
        /// How many requests.
        #[arg(long, default_value_t = 60_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
        requests: u64,
        /// Same seed, same traffic.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Remove the sample traffic: calls, bodies, sums, books, customers, keys and the workspace.
    Remove,
}

/// Writes or removes sample traffic; the installation may be running.
pub(super) fn run(config: Config, arguments: &DemoArguments) -> Result<(), Failure> {
    on_runtime(&config.clone(), async {
        let installation = Installation::open(config).await?;
        let outcome = match &arguments.command {
            DemoCommand::Traffic { days, requests, seed } => {
                write(&installation, *days, *requests, *seed, arguments.json).await
            }
            DemoCommand::Remove => remove(&installation, arguments.json).await,
        };
        installation.close().await;
        outcome
    })
}

async fn open(installation: &Installation) -> Result<Sample, Failure> {
    Sample::open(installation.control(), ambient(), built_in_book()?).await.map_err(Failure::run)
}

async fn write(
    installation: &Installation,
    days: u32,
    requests: u64,
    seed: u64,
    as_json: bool,
) -> Result<(), Failure> {
    let begun = Instant::now();
    let sample = Arc::new(open(installation).await?);
    let stage = sample.prepare(traffic::KEYS).await.map_err(Failure::run)?;
    let author = Author {
        workspace: stage.workspace,
        environment: ENVIRONMENT,
        keys: stage.keys,
        book: built_in_book()?,
        retention_days: RETENTION_DAYS,
    };
    let now_us = WallClock.now_us();
    let mut chance = Chance::new(seed);
    let moments = traffic::moments(&mut chance, now_us, days, requests);
    let count = moments.len();
    let closings = moments.into_iter().map(|at_us| author.request(&mut chance, at_us));
    let gateway = format!("{GATEWAY}{now_us}");
    let folder = installation.config.data.join(&gateway);
    let left = traffic::write(
        Arc::clone(&sample),
        &gateway,
        &folder,
        archive(installation),
        Arc::new(WallClock),
        closings,
    )
    .await
    .map_err(Failure::run)?;
    if left > 0 {
        let sentence = format!("{left} batches could not be delivered; they are in {}", folder.display());
        return Err(Failure::Run(sentence));
    }
    std::fs::remove_dir_all(&folder).map_err(Failure::run)?;
    let seconds = begun.elapsed().as_secs_f32();
    if as_json {
        output::line(&json!({ "workspace": WORKSPACE, "requests": count, "seconds": seconds }).to_string());
    } else {
        output::line(&format!(
            "{count} sample requests over {days} days are in the workspace “{WORKSPACE}” ({seconds:.1} s). \
             `weir demo remove` takes them away."
        ));
    }
    Ok(())
}

fn archive(installation: &Installation) -> ArchiveConfig {
    let clickhouse = &installation.config.clickhouse;
    ArchiveConfig {
        url: clickhouse.url.clone(),
        user: clickhouse.user.clone(),
        password: clickhouse.password.clone(),
        database: clickhouse.database.clone(),
    }
}

async fn remove(installation: &Installation, as_json: bool) -> Result<(), Failure> {
    let sample = open(installation).await?;
    let removed = sample.remove().await;
    sample.close().await;
    let removed = removed.map_err(Failure::run)?;
    let told = if removed { "The sample traffic is gone." } else { "There is no sample traffic." };
    output::line(&if as_json { json!({ "removed": removed }).to_string() } else { told.to_owned() });
    Ok(())
}
