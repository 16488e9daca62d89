//! The archive's rows as files, and files as rows: what a backup of the archive is made of.
//!
//! Calls leave by day and by batch: exactly those batches that are in the books of the same backup. The rollups of days
//! whose calls are still there are not copied: on their way back in, the calls fill them through the same views, so
//! that both say the same. Rollups that have outlived their calls are copied as they are.

use std::collections::BTreeSet;
use std::io::{Read, Write};

use bytes::Bytes;
use clickhouse::{Client, Compression, Row};
use serde::Deserialize;

use super::{Archive, ArchiveError};

/// A table that is filled by others, in the order in which they come back.
struct Copied {
    table: &'static str,
    /// Its time, by which it is divided into days.
    time: &'static str,
    /// Which of its rows belong to the backup.
    rows: Rows,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Rows {
    /// All.
    All,
    /// Those of batches that are in the books; the batch stands in that column.
    Booked(&'static str),
    /// Those of requests whose calls are in the backup.
    OfCalls,
}

const CALLS: &str = "llm_calls";

const COPIED: &[Copied] = &[
    Copied { table: CALLS, time: "started_at", rows: Rows::Booked("ingest_batch") },
    Copied { table: "llm_bodies", time: "started_at", rows: Rows::OfCalls },
    Copied { table: "ingest_batches", time: "sealed_at", rows: Rows::Booked("batch") },
    Copied { table: "guardrail_events", time: "at", rows: Rows::All },
    Copied { table: "llm_adjustments", time: "at", rows: Rows::All },
    Copied { table: "feedback", time: "at", rows: Rows::All },
    Copied { table: "otel_spans", time: "Timestamp", rows: Rows::All },
    Copied { table: "rollup_starts", time: "t", rows: Rows::All },
];

/// Filled by views over the calls.
const ROLLUPS: &[&str] = &[
    "spend_customer_1h",
    "spend_customer_1d",
    "spend_key_1h",
    "spend_user_1h",
    "spend_model_1h",
    "spend_tag_1h",
    "spend_prompt_1h",
    "spend_policy_1h",
    "spend_1m",
    "spend_1d",
    "latency_5m",
];

/// A day of a table: one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// The table.
    pub(crate) table: &'static str,
    /// `YYYYMMDD`.
    pub(crate) day: u32,
    time: &'static str,
    condition: String,
}

#[derive(Row, Deserialize)]
struct Day {
    day: u32,
}

#[derive(Row, Deserialize)]
struct Batch {
    batch: String,
}

impl Archive {
    /// What is to be copied, with the calls of `booked` batches only.
    pub(crate) async fn pieces(&self, booked: &BTreeSet<String>) -> Result<Vec<Piece>, ArchiveError> {
        let mut pieces = Vec::new();
        let mut calls: Vec<Piece> = Vec::new();
        for Copied { table, time, rows } in COPIED {
            for day in self.days(table, time).await? {
                let condition = match rows {
                    Rows::All => "1".to_owned(),
                    Rows::Booked(column) => self.of_booked(table, time, day, column, booked).await?,
                    Rows::OfCalls => match calls.iter().find(|piece| piece.day == day) {
                        Some(calls) => format!(
                            "request_id IN (SELECT request_id FROM {CALLS} WHERE {} AND {})",
                            of_day("started_at", day),
                            calls.condition
                        ),
                        None => "1".to_owned(),
                    },
                };
                let piece = Piece { table, day, time, condition };
                if *table == CALLS {
                    calls.push(piece.clone());
                }
                pieces.push(piece);
            }
        }
        let there: Vec<u32> = calls.iter().map(|piece| piece.day).collect();
        for table in ROLLUPS {
            let outlived = self.days(table, "t").await?.into_iter().filter(|day| !there.contains(day));
            pieces.extend(outlived.map(|day| Piece { table, day, time: "t", condition: "1".to_owned() }));
        }
        Ok(pieces)
    }

    /// Batches that the books have and the archive does not, yet.
    pub(crate) async fn lacking(&self, recent: &BTreeSet<String>) -> Result<Vec<String>, ArchiveError> {
        if recent.is_empty() {
            return Ok(Vec::new());
        }
        let list = listed(recent.iter());
        let sql = format!("SELECT DISTINCT batch FROM ingest_batches WHERE batch IN ({list})");
        let there: Vec<Batch> = self.large(&sql).fetch_all().await?;
        let there: BTreeSet<String> = there.into_iter().map(|row| row.batch).collect();
        Ok(recent.difference(&there).cloned().collect())
    }

    async fn days(&self, table: &str, time: &str) -> Result<Vec<u32>, ArchiveError> {
        let sql = format!("SELECT DISTINCT toUInt32(toYYYYMMDD({time})) AS day FROM {table} ORDER BY day");
        let days: Vec<Day> = self.large(&sql).fetch_all().await?;
        Ok(days.into_iter().map(|row| row.day).collect())
    }

    async fn of_booked(
        &self,
        table: &str,
        time: &str,
        day: u32,
        column: &str,
        booked: &BTreeSet<String>,
    ) -> Result<String, ArchiveError> {
        let sql = format!("SELECT DISTINCT {column} AS batch FROM {table} WHERE {}", of_day(time, day));
        let there: Vec<Batch> = self.large(&sql).fetch_all().await?;
        let there = there.into_iter().map(|row| row.batch).filter(|batch| booked.contains(batch));
        let list = listed(there.collect::<BTreeSet<_>>().iter());
        Ok(if list.is_empty() { "0".to_owned() } else { format!("{column} IN ({list})") })
    }

    fn large(&self, sql: &str) -> clickhouse::query::Query {
        // A day may have as many batches as seconds, and their names make a long statement.
        self.client.query_raw(sql).with_setting("max_query_size", (64 << 20).to_string())
    }

    /// Writes the rows of a piece in ClickHouse's native format.
    pub(crate) async fn copy_out(&self, piece: &Piece, to: &mut impl Write) -> Result<(), CopyError> {
        let Piece { table, day, time, condition } = piece;
        let sql = format!("SELECT * FROM {table} WHERE {} AND {condition}", of_day(time, *day));
        let mut bytes = self.large(&sql).fetch_bytes("Native").map_err(ArchiveError::from)?;
        while let Some(some) = bytes.next().await.map_err(ArchiveError::from)? {
            to.write_all(&some)?;
        }
        Ok(())
    }

    /// Whether nothing has been written to these tables.
    pub(crate) async fn is_empty(&self) -> Result<bool, ArchiveError> {
        #[derive(Row, Deserialize)]
        struct Count {
            filled: u64,
        }
        let sql = format!(
            "SELECT count() AS filled FROM system.tables WHERE database = '{}' AND total_rows > 0 \
             AND name NOT IN ('schema_migrations', 'schema_lock', 'rollup_starts')",
            self.database
        );
        let count: Count = self.outside().query_raw(&sql).fetch_one().await?;
        Ok(count.filled == 0)
    }

    /// Drops all tables with all they hold.
    pub(crate) async fn drop_everything(&self) -> Result<(), ArchiveError> {
        let sql = format!("DROP DATABASE IF EXISTS {} SYNC", self.database);
        Ok(self.outside().query_raw(&sql).execute().await?)
    }

    /// Reads rows in ClickHouse's native format into that table; only tables that are copied are known here.
    pub(crate) async fn copy_in(&self, table: &str, from: &mut impl Read) -> Result<(), CopyError> {
        let mut known = COPIED.iter().map(|copied| copied.table).chain(ROLLUPS.iter().copied());
        if !known.any(|known| known == table) {
            return Err(CopyError::Table(table.to_owned()));
        }
        let client: Client = self.client.clone().with_compression(Compression::None);
        // Two days may have equal sums: no block is taken for a repetition of another.
        let mut insert = client
            .insert_formatted_with(format!("INSERT INTO {table} FORMAT Native"))
            .with_setting("insert_deduplicate", "0")
            .with_setting("async_insert", "0");
        let mut some = vec![0; 1 << 20];
        loop {
            let read = from.read(&mut some)?;
            if read == 0 {
                break;
            }
            let bytes = Bytes::copy_from_slice(some.get(..read).unwrap_or_default());
            insert.send(bytes).await.map_err(ArchiveError::from)?;
        }
        Ok(insert.end().await.map_err(ArchiveError::from)?)
    }

    /// For questions that do not need the database to exist.
    fn outside(&self) -> Client {
        self.client.clone().with_database("default")
    }
}

/// Why rows could not be copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The archive failed.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A file failed.
    #[error("a file of the backup failed: {0}")]
    File(#[from] std::io::Error),
    /// A file is for a table that is not there.
    #[error(
        "the backup has a file for `{0}`, which is no table of the archive: use the version of Weir that wrote it"
    )]
    Table(String),
}

fn of_day(time: &str, day: u32) -> String {
    format!("toYYYYMMDD({time}) = {day}")
}

/// Batch names as a list of literals. Names are ours; whatever is in one, it ends no literal.
fn listed<'a>(batches: impl Iterator<Item = &'a String>) -> String {
    let quoted = batches.map(|batch| format!("'{}'", batch.replace('\\', "\\\\").replace('\'', "\\'")));
    quoted.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_table_of_the_archive_is_forgotten() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations/clickhouse");
        let mut found = BTreeSet::new();
        for file in std::fs::read_dir(folder).unwrap().filter_map(Result::ok) {
            let sql = std::fs::read_to_string(file.path()).unwrap();
            let tables = sql.split("CREATE TABLE IF NOT EXISTS {{db}}.").skip(1);
            found.extend(tables.map(|rest| rest.split(['{', ' ']).next().unwrap().to_owned()));
        }
        found.remove("schema_migrations");
        let known = COPIED.iter().map(|copied| copied.table).chain(ROLLUPS.iter().copied());
        assert_eq!(found, known.map(str::to_owned).collect());
    }

    #[test]
    fn a_batch_name_ends_no_literal() {
        assert_eq!(listed([r"gw'\".to_owned()].iter()), r"'gw\'\\'");
    }
}
