//! Background jobs: each safe to run twice, on any number of control planes at once.

use std::time::Duration;

use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::archive::{MigrateError, Window};
use crate::error::AppError;
use crate::overview::{TIE_SETTING, TieOut};
use crate::store::{Engine, customer, link, once, session, setting};
use crate::vault;
use crate::{publish, retention};

const DAY_US: i64 = 86_400 * 1_000_000;
const HOUR: Duration = Duration::from_secs(3600);
/// How soon a revision of another control plane is seen here.
const FOLLOW: Duration = Duration::from_millis(200);
/// How soon a master key that another process brings in is taken over.
const MASTER_KEY: Duration = Duration::from_secs(2);
/// A batch sealed so long ago is delivered, unless the archive was away: then it is late, and the next hour looks again.
const TIE_AFTER_US: i64 = 600 * 1_000_000;
const ARCHIVE_RETRY: Duration = Duration::from_secs(5);
/// Days the counts of new customers per key are kept.
const BOUNDS_KEPT_DAYS: i64 = 90;
/// How long an invitation that nobody accepted stays on the list.
const LINKS_KEPT_DAYS: i64 = 30;

/// Starts the jobs; they end when the control plane stops.
pub(crate) fn start(app: &App, tasks: &TaskTracker) {
    let tidying = app.clone();
    tasks.spawn(async move {
        while every(&tidying, HOUR).await {
            note("tidying", tidy(&tidying).await);
        }
    });
    let forgetting = app.clone();
    tasks.spawn(async move {
        while every(&forgetting, HOUR).await {
            note("taking out what is kept no longer", retention::apply(&forgetting).await);
        }
    });
    let tying = app.clone();
    tasks.spawn(async move {
        while every(&tying, HOUR).await {
            note("tying out", tie_out(&tying).await);
        }
    });
    let keeping = app.clone();
    tasks.spawn(async move {
        while every(&keeping, MASTER_KEY).await {
            note("following a change of the master key", vault::follow(&keeping).await);
        }
    });
    if app.store.engine() == Engine::Postgres {
        let following = app.clone();
        tasks.spawn(async move {
            while every(&following, FOLLOW).await {
                note("following other control planes", publish::follow(&following).await);
            }
        });
    }
}

/// Brings the archive's tables to our version: now if it answers, else as soon as it does. Other tables than ours stop
/// the start.
pub(crate) async fn archive_tables(app: &App, tasks: &TaskTracker) -> Result<(), MigrateError> {
    match app.archive.migrate().await {
        Ok(_) => return Ok(()),
        Err(MigrateError::Archive(error)) => {
            tracing::warn!(%error, "the archive does not answer yet: its tables are looked after when it does");
        }
        Err(other) => return Err(other),
    }
    let waiting = app.clone();
    tasks.spawn(async move {
        while every(&waiting, ARCHIVE_RETRY).await {
            match waiting.archive.migrate().await {
                Ok(_) => return,
                Err(MigrateError::Archive(_)) => {}
                Err(error) => tracing::error!(%error, "the archive's tables cannot be used"),
            }
        }
    });
    Ok(())
}

/// Forgets what ended: sessions, links, old counts.
async fn tidy(app: &App) -> Result<(), AppError> {
    let now_us = app.clock.now_us();
    let mut writing = app.store.write().await?;
    session::delete_ended(&mut writing, now_us).await?;
    link::delete_links_ended(&mut writing, now_us - LINKS_KEPT_DAYS * DAY_US).await?;
    once::delete_once_before(&mut writing, now_us - crate::api::IDEMPOTENCY_KEPT_US).await?;
    customer::delete_bounds_before(&mut writing, now_us.div_euclid(DAY_US) - BOUNDS_KEPT_DAYS).await?;
    Ok(writing.commit().await?)
}

/// Holds what the archive has against what batches were sealed with; a difference names its batch in the log.
async fn tie_out(app: &App) -> Result<(), AppError> {
    let to_us = app.clock.now_us() - TIE_AFTER_US;
    let window = Window { from_us: to_us - DAY_US, to_us };
    let untied = app.archive.untied_batches(window).await?;
    let batches = untied.iter().map(|batch| batch.batch.clone()).collect();
    keep_tie(app, &TieOut { checked_us: app.clock.now_us(), batches }).await?;
    for batch in untied {
        let (sealed, rows, doubled) = (batch.sealed_rows, batch.rows, batch.doubled);
        let difference = batch.difference().usd_exact();
        let batch = batch.batch;
        tracing::error!(
            batch,
            sealed,
            rows,
            doubled,
            difference,
            "a batch in the archive is not what was sealed"
        );
    }
    Ok(())
}

/// What was found stays where the overview finds it, until the next hour looks again.
async fn keep_tie(app: &App, found: &TieOut) -> Result<(), AppError> {
    let text = serde_json::to_string(found).map_err(AppError::internal)?;
    let mut writing = app.store.write().await?;
    setting::update_setting(&mut writing, TIE_SETTING, &text, found.checked_us).await?;
    Ok(writing.commit().await?)
}

/// Waits; `false` when the control plane stops.
async fn every(app: &App, pause: Duration) -> bool {
    tokio::select! {
        () = tokio::time::sleep(pause) => true,
        () = app.stopping.cancelled() => false,
    }
}

fn note(job: &str, outcome: Result<(), AppError>) {
    if let Err(error) = outcome {
        let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        tracing::warn!(job, %error, cause, "a background job failed and will run again");
    }
}
