//! The chain itself. A row's hash covers its number, time, actor, action, object, both states and the hash before it, each
//! with its length, so that no two rows read alike. The end of the chain is kept apart: rows cut off there are missed too.

use weir_contract::policy::seal::sha256_hex;

use crate::store::audit::AuditRow;

/// Where a chain is broken, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Break {
    /// The place at which a row does not fit, from 1.
    pub seq: i64,
    /// How.
    pub what: &'static str,
}

/// The hash a row must have.
pub(super) fn hash(row: &AuditRow) -> String {
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

/// A walk along the rows from the first one on.
#[derive(Debug, Default)]
pub(super) struct Walk {
    seq: i64,
    last: String,
}

impl Walk {
    /// Number of the last row that fits.
    pub(super) const fn seq(&self) -> i64 {
        self.seq
    }

    /// Hash of the last row that fits; empty before the first.
    pub(super) fn last(&self) -> &str {
        &self.last
    }

    /// Takes the next row; fails when it is not the one that belongs here.
    pub(super) fn follow(&mut self, row: &AuditRow) -> Result<(), Break> {
        let seq = self.seq + 1;
        let broken = |what| Err(Break { seq, what });
        match () {
            () if row.seq > seq => broken("a row is missing here"),
            () if row.seq < seq => {
                broken("a row stands here that belongs further up: rows were reordered or put in")
            }
            () if row.previous_hash != self.last => {
                broken("it does not follow the row before: one of the two was replaced")
            }
            () if row.hash != hash(row) => broken("its content was changed"),
            () => {
                (self.seq, self.last) = (row.seq, row.hash.clone());
                Ok(())
            }
        }
    }

    /// The walk is over: fails when the chain should end elsewhere. Returns how many rows it has.
    pub(super) fn ends_at(&self, (seq, hash): &(i64, String)) -> Result<i64, Break> {
        if (self.seq, &self.last) == (*seq, hash) {
            return Ok(self.seq);
        }
        let what = "the end of the chain is elsewhere: rows at the end are missing or were put in";
        Err(Break { seq: self.seq + 1, what })
    }
}
