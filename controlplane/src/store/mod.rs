//! The app database, and the only folder that says sqlx: SQLite by default, PostgreSQL by URL, one set of SQL.
//!
//! Portable by abstinence: BIGINT and TEXT columns, `$1` placeholders, ids made by the program, conditional updates
//! instead of row locks. One writer at a time on both: SQLite through one connection under
//! `BEGIN IMMEDIATE`, PostgreSQL by an advisory lock, so that what was read in a transaction stays true in it and two
//! changes can never wait for each other. Readers wait for nobody. One file per object; row structs stay inside their
//! file; not-found is an `Option`, never an error.

pub(crate) mod audit;
pub(crate) mod customer;
pub(crate) mod dump;
pub(crate) mod erase;
pub(crate) mod gateway;
pub(crate) mod key;
pub(crate) mod ledger;
pub(crate) mod link;
pub(crate) mod migrate;
pub(crate) mod object;
pub(crate) mod once;
pub(crate) mod person;
pub(crate) mod secret;
pub(crate) mod session;
pub(crate) mod setting;
pub(crate) mod snapshot;
pub(crate) mod stop;
pub(crate) mod token;
pub(crate) mod view;
pub(crate) mod workspace;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AnyPool, Executor as _, Transaction};
use thiserror::Error;

/// A connection, inside a transaction or not: what every store function takes.
pub(crate) type Conn = AnyConnection;

/// A connection to read from.
pub(crate) type Reading = PoolConnection<Any>;

/// Arbitrary, ours: what the writers of all control planes on one PostgreSQL queue for.
const POSTGRES_WRITER: &str = "SELECT pg_advisory_xact_lock(7311200261)";
const READERS_MAX: u32 = 8;
const SQLITE_SETTINGS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 10000; \
     PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;";

/// Why the store could not answer.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The database said no.
    #[error("the app database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// Something of that name exists.
    #[error("{0} exists already")]
    Taken(&'static str),
    /// A row is not what the program writes.
    #[error("{table} `{id}` in the app database is damaged: {reason}")]
    Damaged {
        /// The table.
        table: &'static str,
        /// The row.
        id: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The tables are of another version.
    #[error(transparent)]
    Version(#[from] migrate::VersionError),
}

impl StoreError {
    /// For a write that may hit a unique name: that case as [`StoreError::Taken`].
    fn taken(what: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |error| match &error {
            sqlx::Error::Database(inner) if inner.is_unique_violation() => Self::Taken(what),
            _ => Self::Database(error),
        }
    }

    fn damaged(table: &'static str, id: &str, reason: &str) -> Self {
        Self::Damaged { table, id: id.to_owned(), reason: reason.to_owned() }
    }
}

/// Which database it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// The app database.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    engine: Engine,
    read: AnyPool,
    write: AnyPool,
}

/// A transaction that writes. Dropped without [`Writing::commit`], nothing happened.
pub(crate) struct Writing(Transaction<'static, Any>);

impl Writing {
    /// Makes everything written so far true at once.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        Ok(self.0.commit().await?)
    }
}

impl Deref for Writing {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        &self.0
    }
}

impl DerefMut for Writing {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.0
    }
}

impl Store {
    /// Opens the database at `url`, or `app.sqlite` in the data folder, and brings its tables to our version.
    pub(crate) async fn open(url: Option<&str>, data: &Path, now_us: i64) -> Result<Self, StoreError> {
        let store = Self::connect(url, data).await?;
        store.migrate(now_us, None).await?;
        Ok(store)
    }

    /// Brings the tables to that version, to ours if none is given.
    pub(crate) async fn migrate(&self, now_us: i64, version: Option<i64>) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        migrate::migrate(&mut writing, now_us, version).await?;
        writing.commit().await
    }

    /// Opens the database at `url`, or `app.sqlite` in the data folder, as it is.
    pub(crate) async fn connect(url: Option<&str>, data: &Path) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let store = match url {
            Some(url) if url.starts_with("postgres") => Self::postgres(url).await?,
            Some(url) => Self::sqlite(url).await?,
            None => {
                let path = data.join("app.sqlite");
                keep_private(&path).map_err(sqlx::Error::Io)?;
                Self::sqlite(&sqlite_url(&path)).await?
            }
        };
        Ok(store)
    }

    async fn sqlite(url: &str) -> Result<Self, StoreError> {
        let options = AnyConnectOptions::from_str(url)?;
        let pool = |connections: u32| {
            AnyPoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(Duration::from_secs(20))
                .after_connect(|conn, _| {
                    Box::pin(async move { conn.execute(sqlx::raw_sql(SQLITE_SETTINGS)).await.map(|_| ()) })
                })
        };
        let write = pool(1).connect_with(options.clone()).await?;
        let read = pool(READERS_MAX).connect_with(options).await?;
        Ok(Self { engine: Engine::Sqlite, read, write })
    }

    async fn postgres(url: &str) -> Result<Self, StoreError> {
        let options = AnyConnectOptions::from_str(url)?;
        let pool = AnyPoolOptions::new().max_connections(READERS_MAX * 2).connect_with(options).await?;
        Ok(Self { engine: Engine::Postgres, read: pool.clone(), write: pool })
    }

    /// Which database it is.
    pub(crate) const fn engine(&self) -> Engine {
        self.engine
    }

    /// A connection to read from.
    pub(crate) async fn read(&self) -> Result<Reading, StoreError> {
        Ok(self.read.acquire().await?)
    }

    /// Begins a transaction that writes.
    pub(crate) async fn write(&self) -> Result<Writing, StoreError> {
        if self.engine == Engine::Sqlite {
            return Ok(Writing(self.write.begin_with("BEGIN IMMEDIATE").await?));
        }
        let mut writing = self.write.begin().await?;
        writing.execute(sqlx::raw_sql(POSTGRES_WRITER)).await?;
        Ok(Writing(writing))
    }

    /// Closes every connection; SQLite folds its log into the file.
    pub(crate) async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }
}

/// Hands out the next number of a counter. The row stays ours until the transaction ends, so numbers have no gap and
/// whoever comes second sees all that the first one wrote.
pub(crate) async fn next_number(conn: &mut Conn, counter: &str) -> Result<i64, StoreError> {
    let (value,): (i64,) =
        sqlx::query_as("UPDATE counter SET value = value + 1 WHERE name = $1 RETURNING value")
            .bind(counter)
            .fetch_one(conn)
            .await?;
    Ok(value)
}

/// Makes the file so that only its owner reads it; SQLite gives its log and index the same mode.
fn keep_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

fn sqlite_url(path: &Path) -> String {
    let escaped: String = path
        .to_string_lossy()
        .chars()
        .map(|letter| match letter {
            '%' => "%25".to_owned(),
            '?' => "%3f".to_owned(),
            '#' => "%23".to_owned(),
            ' ' => "%20".to_owned(),
            other => other.to_string(),
        })
        .collect();
    format!("sqlite://{escaped}?mode=rwc")
}

/// A row that may be gone in between: written as expected, or not.
fn was_changed(result: &sqlx::any::AnyQueryResult) -> bool {
    result.rows_affected() > 0
}
