//! The archive's read side: what happened, asked of ClickHouse.
//!
//! | file | answers |
//! | --- | --- |
//! | [`scope`] | who asks: the workspaces a question may see, part of every statement |
//! | [`window`] | which stretch of time `range=7d` means, once for pages and API |
//! | `reach` · `names` | from people to scopes, from names in filters to ids |
//! | [`filter_sql`] | the filter grammar as conditions with bound parameters; the only such place |
//! | `rollup` | which of the rollups knows what a filter asks for |
//! | [`requests`] · [`histogram`] | the list, what an empty list would show without a term; counts by pieces of time |
//! | [`groups`] | the requests under a filter, added up by one of their fields |
//! | [`request`] | one request with its calls |
//! | [`body`] | stored bytes, gated by size |
//! | [`customers`] | who costs what, from the rollups |
//! | [`spend`] | one customer by day, model and key |
//! | [`observed`] | how fast and how well endpoints answer, and their last error |
//! | [`overview`] | what a window comes to, how slow it was, what fails; from the rollups |
//! | [`export`] | every call of a window, row by row |
//! | [`tie`] | whether calls, rollups and manifests add up to the same nano-dollar |
//! | `condition` | the version of the tables, the clock |
//! | `erase` | all rows of a workspace, taken out |
//! | [`copy`] | rows as files and back, for backups |
//! | [`migrate`] | bringing the tables to the version this build knows |
//!
//! Invariants: the `clickhouse` crate is used here and in the gateway's spool only; a statement over tenants' rows can
//! be made by a [`Scope`] only; values travel as parameters, never inside the text; every statement is bounded in time
//! and carries the asking page's name.

mod blob;
pub(crate) mod body;
mod condition;
pub(crate) mod copy;
pub(crate) mod customers;
mod erase;
pub(crate) mod export;
mod filter_sql;
pub(crate) mod groups;
pub(crate) mod histogram;
#[cfg(test)]
mod live;
mod migrate;
mod names;
pub(crate) mod observed;
pub(crate) mod overview;
mod reach;
pub(crate) mod request;
pub(crate) mod requests;
pub(crate) mod retention;
mod rollup;
mod scope;
pub(crate) mod spend;
pub(crate) mod tie;
mod window;

use std::sync::Arc;
use std::time::Duration;

use clickhouse::query::{BytesCursor, Query, RowCursor};
use clickhouse::{Client, Row, RowOwned, RowRead};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::sync::OnceCell;
use tokio::time::timeout;

pub use migrate::MigrateError;
pub(crate) use names::Names;
pub(crate) use scope::Scope;
use scope::Statement;
pub(crate) use window::{RangeError, Window, moment};

/// Seconds a page's question may take inside ClickHouse.
const PAGE_SECONDS: u64 = 10;
/// Seconds an export may take.
const EXPORT_SECONDS: u64 = 600;

/// Where the archive (ClickHouse) is.
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ArchiveConfig {
    /// Its HTTP interface, `http://host:8123`.
    pub url: String,
    /// User.
    pub user: String,
    /// Password, empty for none; never printed.
    #[serde(skip_serializing)]
    pub password: String,
    /// Database; made when absent.
    pub database: String,
}

impl Default for ArchiveConfig {
    fn default() -> Self {
        Self {
            url: "http://127.0.0.1:8123".to_owned(),
            user: "default".to_owned(),
            password: String::new(),
            database: "weir".to_owned(),
        }
    }
}

impl std::fmt::Debug for ArchiveConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { url, user, password: _, database } = self;
        f.debug_struct("ArchiveConfig")
            .field("url", url)
            .field("user", user)
            .field("database", database)
            .finish_non_exhaustive()
    }
}

/// Why the archive gave no answer.
#[derive(Debug, Error)]
pub enum ArchiveError {
    /// It cannot be reached. Traffic and recording go on without it.
    #[error("the archive does not answer: {0}")]
    Away(String),
    /// The question was too large for the time and memory a page has.
    #[error(
        "the archive needed more time or memory for this than a page has; ask for a shorter time or fewer terms"
    )]
    TooSlow,
    /// It answered with an error of its own.
    #[error("the archive refused the question: {0}")]
    Refused(String),
}

impl From<clickhouse::error::Error> for ArchiveError {
    fn from(error: clickhouse::error::Error) -> Self {
        use clickhouse::error::Error;
        match error {
            Error::Network(cause) => Self::Away(innermost(&*cause)),
            Error::TimedOut => Self::TooSlow,
            Error::BadResponse(text) if is_too_slow(&text) => Self::TooSlow,
            other => Self::Refused(other.to_string()),
        }
    }
}

/// ClickHouse's codes for a query that ran out of time or of its share of memory.
fn is_too_slow(text: &str) -> bool {
    ["Code: 159.", "Code: 160.", "Code: 241."].iter().any(|code| text.contains(code))
}

/// hyper says "error sending request"; the reason a person can act on is at the bottom.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

/// A handle on the archive; cheap to clone.
#[derive(Clone)]
pub(crate) struct Archive {
    client: Client,
    database: String,
    daily_customers_from: Arc<OnceCell<i64>>,
}

impl Archive {
    /// A handle; connects when first asked.
    pub(crate) fn new(config: &ArchiveConfig) -> Self {
        let client = Client::default()
            .with_url(&config.url)
            .with_user(&config.user)
            .with_password(&config.password)
            .with_database(&config.database)
            .with_product_info("weir-control", env!("CARGO_PKG_VERSION"))
            // A column and the sum shown under its name must not be mixed up.
            .with_setting("prefer_column_name_to_alias", "1");
        Self { client, database: config.database.clone(), daily_customers_from: Arc::default() }
    }

    /// Whether it answers at all.
    pub(crate) async fn ping(&self) -> Result<(), ArchiveError> {
        bounded(self.client.query_raw("SELECT 1").execute(), 2).await
    }

    fn query(&self, statement: &Statement, seconds: u64) -> Query {
        let query = self
            .client
            .query_raw(statement.sql())
            .with_setting("log_comment", statement.asked_by())
            .with_setting("max_execution_time", seconds.to_string());
        statement.parameters().iter().fold(query, |query, (name, value)| query.param(name, value))
    }

    async fn rows<T: RowOwned + RowRead>(&self, statement: Statement) -> Result<Vec<T>, ArchiveError> {
        bounded(self.query(&statement, PAGE_SECONDS).fetch_all::<T>(), PAGE_SECONDS + 2).await
    }

    async fn row<T: RowOwned + RowRead>(&self, statement: Statement) -> Result<Option<T>, ArchiveError> {
        bounded(self.query(&statement, PAGE_SECONDS).fetch_optional::<T>(), PAGE_SECONDS + 2).await
    }

    fn cursor<T: Row>(&self, statement: &Statement) -> Result<RowCursor<T>, ArchiveError> {
        Ok(self.query(statement, EXPORT_SECONDS).fetch::<T>()?)
    }

    fn bytes(&self, statement: &Statement, format: &str) -> Result<BytesCursor, ArchiveError> {
        Ok(self.query(statement, EXPORT_SECONDS).fetch_bytes(format)?)
    }
}

/// The server bounds its own work; this bounds a connection that hangs.
async fn bounded<T>(
    answer: impl Future<Output = clickhouse::error::Result<T>>,
    seconds: u64,
) -> Result<T, ArchiveError> {
    match timeout(Duration::from_secs(seconds), answer).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(ArchiveError::Away(format!("no answer within {seconds} s"))),
    }
}

/// An `i128` of nano-dollars as money; sums beyond 9.2 billion dollars are held at the largest amount.
fn money(nano: i128) -> weir_contract::money::Money {
    let bounded = nano.clamp(i128::from(i64::MIN), i128::from(i64::MAX));
    weir_contract::money::Money::from_nano(i64::try_from(bounded).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_printed() {
        let config = ArchiveConfig { password: "secret".into(), ..ArchiveConfig::default() };
        assert!(!format!("{config:?}").contains("secret"));
    }

    #[test]
    fn running_out_of_time_is_told_from_other_refusals() {
        let slow = clickhouse::error::Error::BadResponse("Code: 159. DB::Exception: Timeout exceeded".into());
        assert!(matches!(ArchiveError::from(slow), ArchiveError::TooSlow));
        let other = clickhouse::error::Error::BadResponse("Code: 60. DB::Exception: Unknown table".into());
        assert!(matches!(ArchiveError::from(other), ArchiveError::Refused(_)));
    }

    #[tokio::test]
    async fn an_archive_that_is_not_there_is_away_not_broken() {
        let config = ArchiveConfig { url: "http://127.0.0.1:1".into(), ..ArchiveConfig::default() };
        assert!(matches!(Archive::new(&config).ping().await, Err(ArchiveError::Away(_))));
    }
}
