//! How the archive itself is: the version of its tables, its clock.

use clickhouse::Row;
use serde::Deserialize;

use super::{Archive, ArchiveError, bounded};

const SECONDS: u64 = 5;

#[derive(Row, Deserialize)]
struct Version {
    version: u32,
}

#[derive(Row, Deserialize)]
struct From {
    from_us: i64,
}

#[derive(Row, Deserialize)]
struct Now {
    now_us: i64,
}

impl Archive {
    /// The version its tables are at; 0 for an empty database.
    pub(crate) async fn version(&self) -> Result<u32, ArchiveError> {
        let sql = "SELECT toUInt32(max(version)) AS version FROM schema_migrations";
        let version: Version = bounded(self.client.query_raw(sql).fetch_one(), SECONDS).await?;
        Ok(version.version)
    }

    /// The first day of which the customers' rollup by day knows every call, µs UTC. It never moves once the tables are
    /// there, so it is asked for once.
    pub(super) async fn daily_customers_from(&self) -> Result<i64, ArchiveError> {
        let ask = async || {
            let sql = "SELECT if(count() = 0, 9223372036854775807, toInt64(max(t)) * 1000000) AS from_us \
                       FROM rollup_starts WHERE name = 'spend_customer_1d'";
            let from: From = bounded(self.client.query_raw(sql).fetch_one(), SECONDS).await?;
            Ok(from.from_us)
        };
        self.daily_customers_from.get_or_try_init(ask).await.copied()
    }

    /// Its clock, µs UTC.
    pub(crate) async fn now_us(&self) -> Result<i64, ArchiveError> {
        let sql = "SELECT toUnixTimestamp64Micro(now64(6)) AS now_us";
        let now: Now = bounded(self.client.query_raw(sql).fetch_one(), SECONDS).await?;
        Ok(now.now_us)
    }
}
