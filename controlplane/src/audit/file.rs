//! The chain as a file: one JSON object a line, each a row as it is stored, and at the end a line that says where the chain
//! ends. Whoever has the file can check it without a server, and compare its end with one written down earlier.

use std::io::BufRead;

use futures_util::stream::{self, Stream};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::PAGE;
use super::chain::{Break, Walk};
use crate::app::App;
use crate::store::StoreError;
use crate::store::audit::{AuditRow, find_head, list_rows};

/// Longest line that is read, bytes: a change of a very large object.
const LINE_BYTES_MAX: usize = 64 << 20;

/// A line of the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    /// The end of the chain.
    Head { head: Head },
    /// A row.
    Row(Box<Row>),
}

/// Where a chain ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Number of the newest row.
    pub seq: i64,
    /// Its hash, hex.
    pub hash: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    seq: i64,
    at_us: i64,
    actor: String,
    action: String,
    object: String,
    before: String,
    after: String,
    previous_hash: String,
    hash: String,
}

/// A row as a line of the file, with its line end.
pub(crate) fn line(row: &AuditRow) -> String {
    let AuditRow { seq, at_us, actor, action, object, before_json, after_json, previous_hash, hash } =
        row.clone();
    let row = Row {
        seq,
        at_us,
        actor,
        action,
        object,
        before: before_json,
        after: after_json,
        previous_hash,
        hash,
    };
    text(&Line::Row(Box::new(row)))
}

/// The whole chain as pieces of a file, read while they are sent. The chain may grow meanwhile: the file ends where the chain
/// ended when the export began.
pub(crate) fn export(app: App) -> impl Stream<Item = Result<String, StoreError>> {
    stream::try_unfold(Some((app, 0, None)), |state| async move {
        let Some((app, after, head)) = state else { return Ok(None) };
        let mut reading = app.store.read().await?;
        let head: (i64, String) = match head {
            Some(head) => head,
            None => find_head(&mut reading).await?,
        };
        let rows = list_rows(&mut reading, after, PAGE.min(head.0 - after)).await?;
        drop(reading);
        let mut piece: String = rows.iter().map(line).collect();
        let last = rows.last().map_or(after, |row| row.seq);
        if last < head.0 && !rows.is_empty() {
            return Ok(Some((piece, Some((app, last, Some(head))))));
        }
        piece.push_str(&last_line(head));
        Ok(Some((piece, None)))
    })
}

/// The last line of the file.
pub(crate) fn last_line((seq, hash): (i64, String)) -> String {
    text(&Line::Head { head: Head { seq, hash } })
}

fn text(line: &Line) -> String {
    let mut text = serde_json::to_string(line).unwrap_or_default();
    text.push('\n');
    text
}

/// Why a file could not be checked, or what is wrong with it.
#[derive(Debug, Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("line {line}: {source}")]
    Read {
        /// Which line, from 1.
        line: usize,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line is not what an export writes.
    #[error("line {line} is not a line of an audit export: {reason}")]
    Line {
        /// Which line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A row was changed, removed, moved or put in.
    #[error("row {}: {}", .0.seq, .0.what)]
    Broken(Break),
    /// The file ends before the line that says where the chain ends.
    #[error(
        "the file ends after row {rows} without its last line: it was cut off, or the export did not finish"
    )]
    Cut {
        /// The rows that are there and fit.
        rows: i64,
    },
    /// It is whole in itself, but it is not the chain that was expected.
    #[error(
        "the chain in the file ends with {found}, not with {expected}: it is another chain, or all of it was written anew"
    )]
    OtherHead {
        /// The hash it ends with.
        found: String,
        /// The hash it should end with.
        expected: String,
    },
}

/// Checks a file; returns where its chain ends. `expected` is a hash written down earlier, which the chain must end with.
///
/// # Errors
/// The first thing that does not fit.
pub fn verify(file: impl BufRead, expected: Option<&str>) -> Result<Head, FileError> {
    let mut walk = Walk::default();
    let mut end = None;
    for (number, read) in file.lines().enumerate() {
        let line = number + 1;
        let wrong = |reason: String| FileError::Line { line, reason };
        let text = read.map_err(|source| FileError::Read { line, source })?;
        if end.is_some() {
            return Err(wrong("it stands behind the line that ends the chain".to_owned()));
        }
        if text.len() > LINE_BYTES_MAX {
            return Err(wrong(format!("it is longer than {LINE_BYTES_MAX} bytes")));
        }
        match serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))? {
            Line::Head { head } => end = Some(head),
            Line::Row(row) => walk.follow(&stored(*row)).map_err(FileError::Broken)?,
        }
    }
    let head = end.ok_or(FileError::Cut { rows: walk.seq() })?;
    walk.ends_at(&(head.seq, head.hash.clone())).map_err(FileError::Broken)?;
    match expected.filter(|expected| !expected.eq_ignore_ascii_case(walk.last())) {
        Some(expected) => Err(FileError::OtherHead { found: head.hash, expected: expected.to_owned() }),
        None => Ok(head),
    }
}

fn stored(row: Row) -> AuditRow {
    let Row { seq, at_us, actor, action, object, before, after, previous_hash, hash } = row;
    AuditRow {
        seq,
        at_us,
        actor,
        action,
        object,
        before_json: before,
        after_json: after,
        previous_hash,
        hash,
    }
}

#[cfg(test)]
mod tests {
    use super::super::chain;
    use super::*;

    fn chain(rows: i64) -> Vec<String> {
        let mut last = (0, String::new());
        let mut lines = Vec::new();
        for seq in 1..=rows {
            let mut row = AuditRow {
                seq,
                at_us: seq * 1000,
                actor: "person_1".to_owned(),
                action: "key.create".to_owned(),
                object: format!("key_{seq}"),
                previous_hash: last.1.clone(),
                ..AuditRow::default()
            };
            row.hash = chain::hash(&row);
            last = (seq, row.hash.clone());
            lines.push(line(&row));
        }
        lines.push(last_line(last));
        lines
    }

    fn checked(lines: &[String]) -> Result<Head, FileError> {
        verify(lines.concat().as_bytes(), None)
    }

    fn place(result: Result<Head, FileError>) -> i64 {
        match result.unwrap_err() {
            FileError::Broken(at) => at.seq,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn a_whole_chain_says_where_it_ends() {
        let head = checked(&chain(5)).unwrap();
        assert_eq!(head.seq, 5);
        assert!(verify(chain(5).concat().as_bytes(), Some(&head.hash)).is_ok());
        let other = verify(chain(4).concat().as_bytes(), Some(&head.hash));
        assert!(matches!(other, Err(FileError::OtherHead { .. })));
        assert_eq!(checked(&chain(0)).unwrap().seq, 0, "nothing happened yet");
    }

    #[test]
    fn what_was_done_to_a_file_is_found_and_where() {
        let whole = chain(5);
        let mut changed = whole.clone();
        changed[2] = changed[2].replace("key.create", "key.revoke");
        assert_eq!(place(checked(&changed)), 3);
        let mut removed = whole.clone();
        removed.remove(1);
        assert_eq!(place(checked(&removed)), 2);
        let mut moved = whole.clone();
        moved.swap(1, 3);
        assert_eq!(place(checked(&moved)), 2);
        let mut doubled = whole.clone();
        doubled.insert(2, whole[1].clone());
        assert_eq!(place(checked(&doubled)), 3);
        let mut end_missing = whole.clone();
        end_missing.remove(4);
        assert_eq!(place(checked(&end_missing)), 5, "the last row is missed");
        assert!(matches!(checked(&whole[..5]), Err(FileError::Cut { rows: 5 })));
    }
}
