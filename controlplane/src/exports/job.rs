//! Writes one export: reads the archive row by row, holds some hundred lines, says after each chunk how far it is.

use std::collections::HashMap;
use std::sync::Arc;

use thiserror::Error;
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;
use uuid::Uuid;
use weir_contract::filter::Filter;

use super::format::{self, Format};
use super::{Job, Progress, State, remove};
use crate::app::App;
use crate::archive::body::Bodies;
use crate::archive::export::{CallLine, Export};
use crate::archive::{ArchiveError, Scope, Window};

/// Lines written at once.
const LINES_PER_CHUNK: usize = 500;
/// Lines written at once when bodies come along: each may hold four of them.
const LINES_WITH_BODIES: usize = 20;
/// The most rows a file may have.
const ROWS_MAX: u64 = 5_000_000;
/// The most bytes a file may have.
const BYTES_MAX: u64 = 4 << 30;
/// The most of one body that is written.
const BODY_BYTES_MAX: u32 = 1 << 20;

/// What is to be written.
pub(super) struct Work {
    pub(super) scope: Scope,
    pub(super) window: Window,
    pub(super) filter: Filter,
}

/// Why an export was not completed.
#[derive(Debug, Error)]
enum ExportError {
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error("the file could not be written: {0}")]
    File(#[from] std::io::Error),
    #[error("it would have more than {ROWS_MAX} rows or 4 GB: choose a shorter window or a narrower filter")]
    TooLarge,
    #[error("cancelled")]
    Cancelled,
}

/// Writes the file; what became of it is told by the job's progress.
pub(super) async fn run(app: App, job: Arc<Job>, work: Work) {
    let outcome = tokio::select! {
        outcome = write(&app, &job, &work) => outcome,
        () = job.cancelled.cancelled() => Err(ExportError::Cancelled),
    };
    if outcome.is_err() {
        remove(&job.path);
    }
    job.progress.send_modify(|progress| match outcome {
        Ok(()) => progress.state = State::Done,
        Err(ExportError::Cancelled) => progress.state = State::Cancelled,
        Err(error) => {
            tracing::warn!(export = %job.made.id, %error, "an export failed");
            progress.state = State::Failed;
            progress.problem = sentence(&error.to_string());
        }
    });
}

/// Errors are written to stand inside a sentence; here one is.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str().trim_end_matches('.'))
}

async fn write(app: &App, job: &Job, work: &Work) -> Result<(), ExportError> {
    let Work { scope, window, filter } = work;
    // The count is worth having, not worth waiting for.
    let count = async {
        let expected = app.archive.count_requests(scope, *window, filter).await.ok();
        job.progress.send_modify(|progress| progress.expected = expected);
        Ok(())
    };
    let rows = async {
        if let Some(folder) = job.path.parent() {
            tokio::fs::create_dir_all(folder).await?;
        }
        let mut file = create(&job.path).await?;
        let mut export = app.archive.export_requests(scope, *window, filter)?;
        let mut is_first = true;
        while let Some(lines) = chunk(&mut export, job.made.form.bodies).await? {
            let bytes = shape(app, job, work, &lines, is_first).await?;
            file.write_all(&bytes).await?;
            is_first = false;
            advance(job, &lines, bytes.len())?;
        }
        if is_first && job.made.form.format == Format::Csv {
            file.write_all(&format::csv(&[], true)?).await?;
        }
        file.sync_all().await?;
        Ok::<(), ExportError>(())
    };
    tokio::try_join!(rows, count).map(|_| ())
}

/// Only the program's own user reads what is exported.
async fn create(path: &std::path::Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    options.mode(0o600);
    options.open(path).await
}

async fn chunk(export: &mut Export, with_bodies: bool) -> Result<Option<Vec<CallLine>>, ArchiveError> {
    let most = if with_bodies { LINES_WITH_BODIES } else { LINES_PER_CHUNK };
    let mut lines = Vec::with_capacity(most);
    while lines.len() < most
        && let Some(line) = export.next().await?
    {
        lines.push(line);
    }
    Ok((!lines.is_empty()).then_some(lines))
}

async fn shape(
    app: &App,
    job: &Job,
    work: &Work,
    lines: &[CallLine],
    is_first: bool,
) -> Result<Vec<u8>, ArchiveError> {
    if job.made.form.format == Format::Csv {
        return format::csv(lines, is_first);
    }
    let bodies =
        if job.made.form.bodies { bodies_of(app, &work.scope, lines).await? } else { HashMap::new() };
    let none = Bodies::default();
    let of = |line: &CallLine| {
        job.made.form.bodies.then(|| bodies.get(&(line.request_id, line.attempt)).unwrap_or(&none))
    };
    Ok(lines.iter().flat_map(|line| format::json(line, of(line))).collect())
}

async fn bodies_of(
    app: &App,
    scope: &Scope,
    lines: &[CallLine],
) -> Result<HashMap<(Uuid, u8), Bodies>, ArchiveError> {
    let mut ids: Vec<(Uuid, i64)> = lines.iter().map(|line| (line.request_id, line.started_us)).collect();
    ids.dedup();
    app.archive.list_bodies_of(scope, &ids, BODY_BYTES_MAX).await
}

fn advance(job: &Job, lines: &[CallLine], bytes: usize) -> Result<(), ExportError> {
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let requests: u64 = lines.iter().map(|line| u64::from(format::requests(line))).sum();
    let mut is_too_large = false;
    job.progress.send_modify(|progress| {
        *progress = Progress {
            requests: progress.requests + requests,
            rows: progress.rows + count(lines.len()),
            bytes: progress.bytes + count(bytes),
            ..progress.clone()
        };
        is_too_large = progress.rows > ROWS_MAX || progress.bytes > BYTES_MAX;
    });
    if is_too_large { Err(ExportError::TooLarge) } else { Ok(()) }
}
