//! Brings the archive's tables to the version this build knows: numbered files, applied once, in order, under a lock.
//!
//! ClickHouse has no transactions over table definitions, so every statement of a file can be repeated; a file counts
//! as applied when its row stands in `schema_migrations`. A file that was changed after it was applied is refused: what
//! the tables look like would be a guess.

use std::time::Duration;

use clickhouse::{Client, Row};
use ring::digest::{SHA256, digest};
use serde::Deserialize;
use thiserror::Error;
use weir_contract::schema::ARCHIVE_VERSION;

use super::Archive;

/// One numbered file of `migrations/clickhouse`.
struct Migration {
    version: u32,
    name: &'static str,
    sql: &'static str,
}

macro_rules! files {
    ($($version:literal $name:literal),+ $(,)?) => {
        &[$(Migration {
            version: $version,
            name: $name,
            sql: include_str!(concat!("../../../migrations/clickhouse/", $name, ".sql")),
        }),+]
    };
}

/// Run before the others and at every start; not recorded itself.
const FIRST: &str = include_str!("../../../migrations/clickhouse/0000_schema_migrations.sql");

const MIGRATIONS: &[Migration] = files![
    1 "0001_calls",
    2 "0002_bodies",
    3 "0003_rollups",
    4 "0004_latency",
    5 "0005_events",
    6 "0006_batches",
    7 "0007_otel",
    8 "0008_customers_by_day",
];

/// A lock whose holder has not touched it for so long belongs to nobody. One statement takes far less.
const LOCK_STALE_SECONDS: u64 = 30;
/// Tries for the lock, half a second apart, before giving up.
const LOCK_TRIES: u32 = 120;

/// Why the tables are not as this build needs them.
#[derive(Debug, Error)]
pub enum MigrateError {
    /// The archive gave no answer.
    #[error("cannot bring the archive up to date: {0}")]
    Archive(#[from] super::ArchiveError),
    /// The database name would not be one.
    #[error("`{0}` is not a database name: use letters, digits and underscores, not beginning with a digit")]
    Database(String),
    /// A newer build was here.
    #[error(
        "the archive is at version {found}, this build knows up to {known}: start a newer Weir, or use another database"
    )]
    Newer {
        /// The version found.
        found: u32,
        /// The newest version this build knows.
        known: u32,
    },
    /// A file differs from what was applied.
    #[error(
        "migration {version} ({name}) was applied with other contents than this build has: the tables would be a guess; use the build that applied it"
    )]
    Changed {
        /// The file's number.
        version: u32,
        /// Its name.
        name: String,
    },
    /// One of the earlier files was never applied.
    #[error("migration {0} is missing in the archive although later ones were applied")]
    Missing(u32),
    /// Somebody else is at it and does not finish.
    #[error(
        "another control plane has been changing the archive's tables for a minute; try again, or drop the table `schema_lock` when none is running"
    )]
    Locked,
    /// A statement failed.
    #[error("migration {version} ({name}) failed: {cause}")]
    Failed {
        /// The file's number.
        version: u32,
        /// Its name.
        name: String,
        /// What ClickHouse said.
        cause: String,
    },
    /// This build was put together wrongly.
    #[error("this build carries migration {0} as its newest but says it needs {ARCHIVE_VERSION}")]
    Build(u32),
}

#[derive(Row, Deserialize)]
struct Applied {
    version: u32,
    checksum: String,
}

impl Archive {
    /// Creates and updates the tables. Gives the version they are at.
    pub(crate) async fn migrate(&self) -> Result<u32, MigrateError> {
        let newest = MIGRATIONS.last().map_or(0, |migration| migration.version);
        if newest != ARCHIVE_VERSION {
            return Err(MigrateError::Build(newest));
        }
        check_name(&self.database)?;
        // The database itself may not exist yet, and an unknown one makes every question fail.
        let client = self.client.clone().with_database("default");
        self.apply(&client, FIRST, 0, "0000_schema_migrations").await?;
        if self.applied(&client).await? == newest {
            return Ok(newest);
        }
        let lock = Lock::take(&client, &self.database).await?;
        let done = self.catch_up(&client, &lock).await;
        lock.release(&client).await;
        done
    }

    async fn catch_up(&self, client: &Client, lock: &Lock) -> Result<u32, MigrateError> {
        let at = self.applied(client).await?;
        for migration in MIGRATIONS.iter().filter(|migration| migration.version > at) {
            lock.touch(client).await;
            self.apply(client, migration.sql, migration.version, migration.name).await?;
            self.remember(client, migration).await?;
            tracing::info!(
                version = migration.version,
                name = migration.name,
                "applied a migration of the archive"
            );
        }
        Ok(MIGRATIONS.last().map_or(at, |migration| migration.version))
    }

    /// The newest version applied, after checking that what was applied is what this build carries.
    async fn applied(&self, client: &Client) -> Result<u32, MigrateError> {
        let sql = format!(
            "SELECT version, argMax(checksum, applied_at) AS checksum FROM {}.schema_migrations GROUP BY version ORDER BY version",
            self.database
        );
        let applied =
            client.query_raw(&sql).fetch_all::<Applied>().await.map_err(super::ArchiveError::from)?;
        check(&applied)
    }

    async fn apply(&self, client: &Client, sql: &str, version: u32, name: &str) -> Result<(), MigrateError> {
        for statement in statements(&filled(sql, &self.database)) {
            client.query_raw(&statement).execute().await.map_err(|cause| failed(version, name, cause))?;
        }
        Ok(())
    }

    async fn remember(&self, client: &Client, migration: &Migration) -> Result<(), MigrateError> {
        let sql = format!(
            "INSERT INTO {}.schema_migrations (version, name, checksum) VALUES ({}, '{}', '{}')",
            self.database,
            migration.version,
            migration.name,
            checksum(migration.sql)
        );
        client
            .query_raw(&sql)
            .execute()
            .await
            .map_err(|cause| failed(migration.version, migration.name, cause))
    }
}

fn failed(version: u32, name: &str, cause: clickhouse::error::Error) -> MigrateError {
    match super::ArchiveError::from(cause) {
        super::ArchiveError::Refused(cause) => MigrateError::Failed { version, name: name.to_owned(), cause },
        other => MigrateError::Archive(other),
    }
}

fn check(applied: &[Applied]) -> Result<u32, MigrateError> {
    let known = MIGRATIONS.last().map_or(0, |migration| migration.version);
    if let Some(newer) = applied.iter().map(|row| row.version).filter(|version| *version > known).max() {
        return Err(MigrateError::Newer { found: newer, known });
    }
    for (migration, row) in MIGRATIONS.iter().zip(applied) {
        if migration.version != row.version {
            return Err(MigrateError::Missing(migration.version));
        }
        if checksum(migration.sql) != row.checksum {
            return Err(MigrateError::Changed { version: row.version, name: migration.name.to_owned() });
        }
    }
    Ok(applied.last().map_or(0, |row| row.version))
}

fn checksum(sql: &str) -> String {
    digest(&SHA256, sql.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn check_name(database: &str) -> Result<(), MigrateError> {
    let begins = database.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let plain = database.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if begins && plain { Ok(()) } else { Err(MigrateError::Database(database.to_owned())) }
}

/// The holes filled for one node: plain engines, no cluster, no second table behind each name.
fn filled(sql: &str, database: &str) -> String {
    let mut filled = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some((before, hole, after)) = next_hole(rest) {
        filled.push_str(before);
        filled.push_str(match hole.split_once(':').unwrap_or((hole, "")) {
            ("db", _) => database,
            ("engine", engine) => engine,
            ("window", _) => "non_replicated_deduplication_window = 100000",
            // `local`, `on_cluster` and `distributed` are a cluster's.
            _ => "",
        });
        rest = after;
    }
    filled + rest
}

fn next_hole(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("{{")?;
    let (hole, after) = rest.split_once("}}")?;
    Some((before, hole, after))
}

/// The statements of a file: each ends with a semicolon at the end of its line; comments are no statements.
fn statements(sql: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut current = String::new();
    for line in sql.lines() {
        let code = line.split("--").next().unwrap_or(line).trim_end();
        current.push_str(code.strip_suffix(';').unwrap_or(code));
        current.push('\n');
        if code.ends_with(';') {
            all.push(std::mem::take(&mut current));
        }
    }
    all.push(current);
    all.retain(|statement| !statement.trim().is_empty());
    all
}

/// A table whose existence is the lock: creating it succeeds for one only. Touched while work goes on, so that a lock left
/// behind by a crash is recognised.
struct Lock {
    table: String,
}

impl Lock {
    async fn take(client: &Client, database: &str) -> Result<Self, MigrateError> {
        let lock = Self { table: format!("{database}.schema_lock") };
        let create = format!("CREATE TABLE {} (at UInt8) ENGINE = Memory", lock.table);
        for _ in 0..LOCK_TRIES {
            match client.query_raw(&create).execute().await.map_err(super::ArchiveError::from) {
                Ok(()) => return Ok(lock),
                Err(super::ArchiveError::Refused(cause)) if cause.contains("Code: 57.") => {}
                Err(other) => return Err(other.into()),
            }
            if lock.is_stale(client, database).await? {
                lock.release(client).await;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        Err(MigrateError::Locked)
    }

    async fn is_stale(&self, client: &Client, database: &str) -> Result<bool, MigrateError> {
        let sql = format!(
            "SELECT count() FROM system.tables WHERE database = '{database}' AND name = 'schema_lock' AND metadata_modification_time < now() - {LOCK_STALE_SECONDS}"
        );
        let stale = client.query_raw(&sql).fetch_one::<u64>().await.map_err(super::ArchiveError::from)?;
        Ok(stale > 0)
    }

    async fn touch(&self, client: &Client) {
        let sql = format!("ALTER TABLE {} MODIFY COMMENT 'held'", self.table);
        if let Err(error) = client.query_raw(&sql).execute().await {
            tracing::warn!(%error, "could not touch the lock of the archive's migrations");
        }
    }

    async fn release(&self, client: &Client) {
        let sql = format!("DROP TABLE IF EXISTS {} SYNC", self.table);
        if let Err(error) = client.query_raw(&sql).execute().await {
            tracing::warn!(%error, "could not release the lock of the archive's migrations");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_applied() -> Vec<Applied> {
        MIGRATIONS.iter().map(|m| Applied { version: m.version, checksum: checksum(m.sql) }).collect()
    }

    #[test]
    fn files_are_numbered_without_holes_and_end_at_the_version_gateways_check() {
        for (place, migration) in MIGRATIONS.iter().enumerate() {
            assert_eq!(migration.version as usize, place + 1);
            assert!(migration.name.starts_with(&format!("{:04}_", migration.version)));
        }
        assert_eq!(MIGRATIONS.last().map(|m| m.version), Some(ARCHIVE_VERSION));
    }

    #[test]
    fn every_file_of_the_folder_is_carried() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations/clickhouse");
        let files = std::fs::read_dir(folder).unwrap().filter_map(Result::ok);
        let sql = files.filter(|file| file.file_name().to_string_lossy().ends_with(".sql")).count();
        assert_eq!(sql, MIGRATIONS.len() + 1);
    }

    #[test]
    fn no_hole_is_left_open() {
        for sql in MIGRATIONS.iter().map(|m| m.sql).chain([FIRST]) {
            let filled = filled(sql, "weir");
            assert!(!filled.contains("{{") && !filled.contains("}}"));
            assert!(filled.contains("weir."));
        }
    }

    #[test]
    fn a_changed_missing_or_newer_migration_is_refused_by_name() {
        assert!(matches!(check(&all_applied()), Ok(ARCHIVE_VERSION)));
        assert!(matches!(check(&[]), Ok(0)));
        let mut changed = all_applied();
        changed[1].checksum = "0".into();
        assert!(matches!(check(&changed), Err(MigrateError::Changed { version: 2, .. })));
        let mut newer = all_applied();
        newer.push(Applied { version: ARCHIVE_VERSION + 1, checksum: String::new() });
        assert!(matches!(check(&newer), Err(MigrateError::Newer { .. })));
        let mut missing = all_applied();
        missing.remove(1);
        assert!(matches!(check(&missing), Err(MigrateError::Missing(2))));
    }

    #[test]
    fn statements_end_at_semicolons_that_end_their_line() {
        let sql = "-- a; comment;\nCREATE TABLE a ( -- why;\n  x String\n);\n\n;\nDROP TABLE b;\n";
        let statements = statements(sql);
        assert_eq!(statements.len(), 2, "{statements:?}");
        assert!(statements[0].contains("CREATE TABLE a") && statements[1].contains("DROP TABLE b"));
    }

    #[test]
    fn a_database_name_cannot_carry_sql() {
        assert!(check_name("weir_2").is_ok());
        for wrong in ["", "2weir", "weir; DROP", "we-ir", "`"] {
            assert!(matches!(check_name(wrong), Err(MigrateError::Database(_))), "{wrong}");
        }
    }
}
