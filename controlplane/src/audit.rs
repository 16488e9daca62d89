//! Who changed what: append-only, hash-chained from the first row, written in the transaction of the change itself.
//!
//! A row's hash covers its number, time, actor, action, object, both states and the hash before it, each with its
//! length, so that no two rows read alike. The end of the chain is kept apart: rows cut off at the end are missed too.

use serde::Serialize;
use thiserror::Error;
use weir_contract::policy::seal::sha256_hex;

use crate::store::audit::{AuditRow, create_row, find_head, list_rows, next_seq};
use crate::store::{Conn, StoreError};

const PAGE: i64 = 1000;

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

fn hash(row: &AuditRow) -> String {
    let AuditRow { seq, at_us, actor, action, object, before_json, after_json, previous_hash, hash: _ } = row;
    let (seq, at_us) = (seq.to_string(), at_us.to_string());
    let fields = [&seq, &at_us, actor, action, object, before_json, after_json, previous_hash];
    let mut text = String::from("weir audit v1\n");
    for field in fields {
        text.push_str(&field.len().to_string());
        text.push(':');
        text.push_str(field);
    }
    sha256_hex(text.as_bytes())
}

/// Where the chain is broken.
#[derive(Debug, Error)]
pub enum ChainError {
    /// A row was changed, removed or put in.
    #[error("the audit chain is broken at row {seq}: {what}")]
    Broken {
        /// The first row that does not fit.
        seq: i64,
        /// How.
        what: &'static str,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Checks the whole chain; returns how many rows it has.
pub(crate) async fn verify(conn: &mut Conn) -> Result<i64, ChainError> {
    let (head_seq, head_hash) = find_head(conn).await?;
    let (mut seq, mut last) = (0, String::new());
    loop {
        let rows = list_rows(conn, seq, PAGE).await?;
        let full = rows.len() == usize::try_from(PAGE).unwrap_or(usize::MAX);
        for row in rows {
            let broken = |what| Err(ChainError::Broken { seq: seq + 1, what });
            match () {
                () if row.seq != seq + 1 => return broken("a row is missing"),
                () if row.previous_hash != last => return broken("it does not follow the row before"),
                () if row.hash != hash(&row) => return broken("its content was changed"),
                () => (seq, last) = (row.seq, row.hash),
            }
        }
        if !full {
            break;
        }
    }
    if (seq, &last) != (head_seq, &head_hash) {
        return Err(ChainError::Broken {
            seq: seq + 1,
            what: "the end of the chain is elsewhere: rows are missing or were put in",
        });
    }
    Ok(seq)
}
