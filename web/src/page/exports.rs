//! `/requests/exports`: files made in the background.

use crate::form::Field;
use crate::number;
use crate::shell::{Shell, Tone};
use crate::url::RequestsQuery;
use askama::Template;

/// The reader's exports, newest first.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/exports/list.html")]
pub struct ExportsPage {
    /// The frame.
    pub shell: Shell,
    /// The exports.
    pub rows: Vec<ExportFacts>,
    /// The moment the page was made.
    pub now_us: i64,
}

/// The form for an export.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/exports/new.html")]
pub struct ExportNewPage {
    /// The frame.
    pub shell: Shell,
    /// What is exported.
    pub query: RequestsQuery,
    /// `csv` or `jsonl`.
    pub format: Field,
    /// Whether bodies come along.
    pub bodies: Field,
    /// Whether the reader may read bodies at all.
    pub may_read_bodies: bool,
    /// Why it was refused, when that is no field's fault.
    pub problem: Option<String>,
}

/// One export.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/exports/show.html")]
pub struct ExportPage {
    /// The frame.
    pub shell: Shell,
    /// What is known of it.
    pub export: ExportFacts,
}

/// The message of an export's event stream.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/exports/progress_event.html")]
pub struct ProgressEvent {
    /// What is known of it.
    pub export: ExportFacts,
}

/// What is known of an export.
#[derive(Debug, Clone, Default)]
pub struct ExportFacts {
    /// Its id.
    pub id: String,
    /// What is exported.
    pub query: RequestsQuery,
    /// `csv` or `jsonl`.
    pub format: String,
    /// Whether bodies are in it.
    pub bodies: bool,
    /// When it was begun.
    pub created_us: i64,
    /// How it stands.
    pub state: ExportState,
    /// Requests written so far.
    pub requests: u64,
    /// Rows written so far: one for each call.
    pub rows: u64,
    /// Requests that are expected; `None` while they are counted.
    pub expected: Option<u64>,
    /// Bytes written so far.
    pub bytes: u64,
    /// Why it failed.
    pub problem: String,
}

/// How an export stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ExportState {
    /// Being written.
    #[default]
    Running,
    /// Complete.
    Done,
    /// Not completed; the file is gone.
    Failed,
    /// Stopped by its owner; the file is gone.
    Cancelled,
}

impl ExportFacts {
    /// How far it is, in percent.
    #[must_use]
    pub fn percent(&self) -> Option<u64> {
        if self.state == ExportState::Done {
            return Some(100);
        }
        let expected = self.expected.filter(|expected| *expected > 0)?;
        Some((self.requests.saturating_mul(100) / expected).min(99))
    }

    /// What to say about it.
    #[must_use]
    pub fn sentence(&self) -> String {
        let written =
            format!("{} in {}", number::plural(&self.requests, "request"), number::plural(&self.rows, "row"));
        match (self.state, self.expected) {
            (ExportState::Running, Some(all)) => {
                format!("{written}, of about {}.", number::plural(&all, "request"))
            }
            (ExportState::Running, None) => format!("{written} so far."),
            (ExportState::Done, _) => format!("{written}, {}.", number::bytes(&self.bytes)),
            (ExportState::Failed, _) => format!("{} Nothing is kept of it.", self.problem),
            (ExportState::Cancelled, _) => "It was cancelled. Nothing is kept of it.".to_owned(),
        }
    }

    /// The word for its state.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self.state {
            ExportState::Running => "being written",
            ExportState::Done => "complete",
            ExportState::Failed => "failed",
            ExportState::Cancelled => "cancelled",
        }
    }

    /// Its colour and icon.
    #[must_use]
    pub fn tone(&self) -> Tone {
        match self.state {
            ExportState::Running | ExportState::Done => Tone::Ok,
            ExportState::Cancelled => Tone::Warn,
            ExportState::Failed => Tone::Bad,
        }
    }

    /// Whether it is still being written.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.state == ExportState::Running
    }

    /// Whether there is a file to download.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.state == ExportState::Done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_running_export_is_never_complete() {
        let export = ExportFacts { requests: 10, expected: Some(9), ..ExportFacts::default() };
        assert_eq!(export.percent(), Some(99));
        assert_eq!(ExportFacts { expected: None, ..export.clone() }.percent(), None);
        assert_eq!(ExportFacts { state: ExportState::Done, ..export }.percent(), Some(100));
    }
}
