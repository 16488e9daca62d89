//! Numbered files of plain SQL, applied once each, in order, under a lock; refuses tables of another version.

use sqlx::Executor as _;
use thiserror::Error;
use weir_contract::policy::seal::sha256_hex;

use super::{Conn, StoreError};

struct Migration {
    number: i64,
    name: &'static str,
    sql: &'static str,
}

const MIGRATIONS: &[Migration] = &[
    Migration { number: 1, name: "start", sql: include_str!("../../../migrations/app/0001_start.sql") },
    Migration { number: 2, name: "requests", sql: include_str!("../../../migrations/app/0002_requests.sql") },
    Migration {
        number: 3,
        name: "key rotation",
        sql: include_str!("../../../migrations/app/0003_key_rotation.sql"),
    },
    Migration { number: 4, name: "once", sql: include_str!("../../../migrations/app/0004_once.sql") },
    Migration { number: 5, name: "stops", sql: include_str!("../../../migrations/app/0005_stops.sql") },
    Migration { number: 6, name: "people", sql: include_str!("../../../migrations/app/0006_people.sql") },
    Migration { number: 7, name: "drain", sql: include_str!("../../../migrations/app/0007_drain.sql") },
    Migration {
        number: 8,
        name: "retention of calls",
        sql: include_str!("../../../migrations/app/0008_calls_days.sql"),
    },
];

const TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migration (number BIGINT NOT NULL PRIMARY KEY, \
     name TEXT NOT NULL, checksum TEXT NOT NULL, applied_us BIGINT NOT NULL)";

/// Why the tables cannot be used.
#[derive(Debug, Error)]
pub enum VersionError {
    /// A newer program was here.
    #[error(
        "the app database is at version {found}, this program knows up to {known}: use the newer program that wrote it"
    )]
    Newer {
        /// The database's.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// A file was changed after it was applied.
    #[error(
        "migration {number} of the app database was applied as another text than this program has: \
         use the program that wrote it, or restore a backup"
    )]
    Changed {
        /// Which.
        number: i64,
    },
    /// A number was left out.
    #[error("migration {number} of the app database is missing below version {found}: restore a backup")]
    Gap {
        /// The missing one.
        number: i64,
        /// The newest applied.
        found: i64,
    },
}

/// The newest migration that was applied.
pub(crate) async fn version(conn: &mut Conn) -> Result<i64, StoreError> {
    let newest = sqlx::query_scalar("SELECT COALESCE(MAX(number), 0) FROM schema_migration");
    Ok(newest.fetch_one(conn).await?)
}

/// The newest migration this program knows.
pub(crate) fn known() -> i64 {
    MIGRATIONS.last().map_or(0, |migration| migration.number)
}

/// Applies what is missing up to that version, to the newest if none is given, all in the caller's transaction: it is the only writer, so control planes that start together queue.
pub(super) async fn migrate(conn: &mut Conn, now_us: i64, version: Option<i64>) -> Result<(), StoreError> {
    conn.execute(sqlx::raw_sql(TABLE)).await?;
    let applied: Vec<(i64, String)> =
        sqlx::query_as("SELECT number, checksum FROM schema_migration ORDER BY number")
            .fetch_all(&mut *conn)
            .await?;
    check(&applied)?;
    let newest = applied.last().map_or(0, |(number, _)| *number);
    let last = version.unwrap_or_else(known);
    for migration in MIGRATIONS.iter().filter(|migration| (newest + 1..=last).contains(&migration.number)) {
        conn.execute(sqlx::raw_sql(migration.sql)).await?;
        sqlx::query(
            "INSERT INTO schema_migration (number, name, checksum, applied_us) VALUES ($1, $2, $3, $4)",
        )
        .bind(migration.number)
        .bind(migration.name)
        .bind(sha256_hex(migration.sql.as_bytes()))
        .bind(now_us)
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

fn check(applied: &[(i64, String)]) -> Result<(), VersionError> {
    let known = known();
    let found = applied.last().map_or(0, |(number, _)| *number);
    if found > known {
        return Err(VersionError::Newer { found, known });
    }
    for migration in MIGRATIONS.iter().filter(|migration| migration.number <= found) {
        match applied.iter().find(|(number, _)| *number == migration.number) {
            None => return Err(VersionError::Gap { number: migration.number, found }),
            Some((number, checksum)) if *checksum != sha256_hex(migration.sql.as_bytes()) => {
                return Err(VersionError::Changed { number: *number });
            }
            Some(_) => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(number: i64) -> (i64, String) {
        let sql =
            MIGRATIONS.iter().find(|migration| migration.number == number).map_or("", |found| found.sql);
        (number, sha256_hex(sql.as_bytes()))
    }

    #[test]
    fn tables_of_another_version_are_refused_and_named() {
        assert!(check(&[]).is_ok());
        assert!(check(&[ours(1)]).is_ok());
        assert!(check(&[ours(1), ours(99)]).unwrap_err().to_string().contains("version 99"));
        let edited = check(&[(1, "other".to_owned())]).unwrap_err();
        assert!(edited.to_string().starts_with("migration 1 of the app database"), "{edited}");
    }

    #[test]
    fn migrations_are_numbered_without_a_gap() {
        for (place, migration) in MIGRATIONS.iter().enumerate() {
            assert_eq!(migration.number, i64::try_from(place).unwrap() + 1, "{}", migration.name);
        }
    }
}
