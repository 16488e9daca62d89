//! What an address of the audit log asks for.

use serde::Deserialize;
use weir_web::url::AuditQuery;

use crate::archive::{RangeError, moment};
use crate::error::AppError;
use crate::store::audit::Wanted;

/// The query string; empty is the same as left out.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::page) struct Asked {
    actor: String,
    action: String,
    object: String,
    from: String,
    to: String,
    /// Rows before that number.
    pub(super) before: String,
    /// Whether the chain is to be checked.
    pub(super) check: String,
}

impl Asked {
    /// As links carry it.
    pub(super) fn link(&self) -> AuditQuery {
        let Self { actor, action, object, from, to, .. } = self.clone();
        AuditQuery { actor, action, object: object.trim().to_owned(), from, to }
    }

    /// As the store takes it.
    pub(super) fn wanted(&self) -> Result<Wanted, AppError> {
        let at = |text: &str| -> Result<Option<i64>, RangeError> {
            if text.is_empty() { Ok(None) } else { moment(text).map(Some) }
        };
        let wrong = |error: RangeError| AppError::BadRequest(error.to_string());
        let AuditQuery { actor, action, object, from, to } = self.link();
        Ok(Wanted {
            actor,
            action,
            object,
            from_us: at(&from).map_err(wrong)?,
            to_us: at(&to).map_err(wrong)?,
        })
    }

    /// The place in the list.
    pub(super) fn place(&self) -> i64 {
        self.before.parse().unwrap_or(i64::MAX)
    }
}
