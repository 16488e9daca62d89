//! Who changed what: append-only, hash-chained from the first row, written in the transaction of the change itself.
//!
//! | module | holds |
//! | --- | --- |
//! | `chain` | what a row's hash covers, and walking along the rows |
//! | [`file`] | the chain as a file that can be checked without a server |
//! | `diff` | what a change changed, field by field |

mod chain;
pub(crate) mod diff;
pub mod file;

use serde::Serialize;
use thiserror::Error;

use crate::store::audit::{AuditRow, create_row, find_head, list_rows, next_seq};
use crate::store::{Conn, StoreError};

pub use chain::Break;
use chain::{Walk, hash};

/// Rows read at once.
pub(crate) const PAGE: i64 = 1000;

/// What was done to what, and how it stood before and after.
#[derive(Debug)]
pub struct Change<'a> {
    /// Who: an actor's id, or `weir` for what the program does by itself.
    pub actor: &'a str,
    /// What was done (`key.create`).
    pub action: &'a str,
    /// To what (`key_…`).
    pub object: &'a str,
    /// How it was, JSON; empty when it was not there. Never a secret.
    pub before: String,
    /// How it is, JSON; empty when it is gone. Never a secret.
    pub after: String,
}

/// A state for a [`Change`]; nothing that serialises a secret may come here.
pub fn state(of: &impl Serialize) -> String {
    serde_json::to_string(of).unwrap_or_default()
}

/// Appends the change; true only if the transaction commits.
pub(crate) async fn append(conn: &mut Conn, now_us: i64, change: Change<'_>) -> Result<(), StoreError> {
    let (seq, previous_hash) = next_seq(conn).await?;
    let mut row = AuditRow {
        seq,
        at_us: now_us,
        actor: change.actor.to_owned(),
        action: change.action.to_owned(),
        object: change.object.to_owned(),
        before_json: change.before,
        after_json: change.after,
        previous_hash,
        hash: String::new(),
    };
    row.hash = hash(&row);
    create_row(conn, &row).await
}

/// Why the chain could not be checked, or does not hold.
#[derive(Debug, Error)]
pub enum ChainError {
    /// A row was changed, removed or put in.
    #[error("the audit chain is broken at row {}: {}", .0.seq, .0.what)]
    Broken(Break),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Checks the whole chain; returns how many rows it has.
pub(crate) async fn verify(conn: &mut Conn) -> Result<i64, ChainError> {
    let head = find_head(conn).await?;
    let mut walk = Walk::default();
    loop {
        let rows = list_rows(conn, walk.seq(), PAGE).await?;
        let is_full = i64::try_from(rows.len()).is_ok_and(|count| count == PAGE);
        for row in &rows {
            walk.follow(row).map_err(ChainError::Broken)?;
        }
        if !is_full {
            break;
        }
    }
    walk.ends_at(&head).map_err(ChainError::Broken)
}
