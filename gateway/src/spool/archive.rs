//! The archive as a sink: one synchronous insert per table under a token of the batch, so that resending is harmless.
//!
//! Every setting that deduplication depends on is said explicitly: their defaults differ between servers. A batch the
//! archive refuses for its content is sent in ever smaller halves until the rows that can never go in stand alone.

use std::ops::Range;
use std::time::Duration;

use clickhouse::error::Error;
use clickhouse::{Client, Compression, Row, RowWrite};
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Serialize;
use weir_contract::record::SealRecord;
use weir_contract::schema::ARCHIVE_VERSION;

use super::batch::Batch;
use super::courier::{Deliver, Failure, Progress};
use super::dead::{self, DeadRow};
use super::rows::{BatchRow, BodyRow, CallRow, batch_rows, body_row, call_row, gap_row};
use super::shelf::Sink;
use super::status::add;
use super::{ArchiveConfig, SpoolError};

/// The sink's name in files and errors.
pub(super) const NAME: &str = "archive";

const CALLS: &str = "llm_calls";
const BODIES: &str = "llm_bodies";
const MANIFEST: &str = "ingest_batches";

/// After which time the archive is asked whether it has a batch before it is sent again, µs.
const ASK_AFTER_US: i64 = 30 * 60 * 1_000_000;

/// Longest time for handing over a chunk, and for the archive's answer.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(180);

/// From how many rows on a refusal of every single one means that the tables are wrong, not the rows.
const ALL_REFUSED_MIN: usize = 8;

/// Codes with which ClickHouse refuses content that will never be right: parse errors, ranges, sizes, constraints.
const REFUSALS: [u32; 19] =
    [6, 26, 27, 33, 38, 41, 69, 70, 72, 117, 128, 131, 190, 321, 349, 376, 407, 467, 469];

/// Sends batches to ClickHouse.
pub(super) struct Archive {
    client: Client,
    /// Whether the tables are of the version this program writes.
    checked: bool,
}

/// What became of an insert.
enum Sent {
    Taken,
    /// Never: the content is refused.
    Refused(String),
}

/// Rows for a table, each made when it is sent: all of a batch's at once would be far larger than the batch.
struct Rows<'f, V> {
    count: usize,
    row: &'f dyn Fn(usize) -> V,
}

impl<V> Rows<'_, V> {
    fn of(&self, range: Range<usize>) -> impl Iterator<Item = V> {
        range.map(self.row)
    }
}

/// A row that stands alone and is still refused.
struct Poison {
    row: usize,
    error: String,
}

impl Archive {
    pub(super) fn new(config: &ArchiveConfig) -> Result<Self, SpoolError> {
        let loopback = config.url.contains("//127.")
            || config.url.contains("//localhost")
            || config.url.contains("//[::1]");
        let client = client(config)?
            .with_url(&config.url)
            .with_user(&config.user)
            .with_password(&config.password)
            .with_database(&config.database)
            .with_compression(if loopback { Compression::None } else { Compression::Lz4 })
            // Shapes are checked once, by the version of the tables, not with every insert.
            .with_validation(false);
        Ok(Self { client, checked: false })
    }

    async fn check_version(&mut self) -> Result<(), Failure> {
        if self.checked {
            return Ok(());
        }
        let question = "SELECT toUInt32(max(version)) FROM schema_migrations";
        let version =
            self.client.query(question).fetch_one::<u32>().await.map_err(|error| failure(&error))?;
        if version != ARCHIVE_VERSION {
            return Err(Failure::certain(format!(
                "the archive's tables are of version {version}, this gateway writes version {ARCHIVE_VERSION}: start the control plane of this version, which migrates them; records stay on disk meanwhile"
            )));
        }
        self.checked = true;
        Ok(())
    }

    /// Whether all rows of the batch are in the table already. Asked only when an old batch may have been taken.
    async fn has(
        &self,
        seal: &SealRecord,
        table: &str,
        rows: usize,
        progress: &Progress<'_>,
    ) -> Result<bool, Failure> {
        let age_us = progress.shared.clock.now_us() - seal.sealed_at_us;
        if !progress.uncertain || age_us <= ASK_AFTER_US {
            return Ok(false);
        }
        let question = format!(
            "SELECT count() FROM {table} WHERE ingest_batch = ? AND started_at >= fromUnixTimestamp64Micro(?) AND started_at <= fromUnixTimestamp64Micro(?)"
        );
        let query =
            self.client.query(&question).bind(seal.batch.as_str()).bind(seal.min_us).bind(seal.max_us);
        let count = query.fetch_one::<u64>().await.map_err(|error| failure(&error))?;
        Ok(count >= rows as u64)
    }

    /// Sends a table's rows; what can never go in is returned.
    async fn send<'r, T: Row + RowWrite>(
        &self,
        seal: &SealRecord,
        table: &str,
        rows: &Rows<'_, T::Value<'r>>,
        progress: &mut Progress<'_>,
    ) -> Result<Vec<Poison>, Failure> {
        if rows.count == 0 || self.has(seal, table, rows.count, progress).await? {
            return Ok(Vec::new());
        }
        if !progress.is_halving(table) {
            match self.insert::<T>(table, format!("{}:{table}", seal.batch), rows.of(0..rows.count)).await? {
                Sent::Taken => return Ok(Vec::new()),
                Sent::Refused(error) => {
                    tracing::warn!(batch = %seal.batch, table, error, "the archive refuses a batch: it is sent in halves");
                }
            }
            progress.begin_halving(NAME, table)?;
        }
        let poison = self.halve::<T>(seal, table, rows).await?;
        match poison.first() {
            Some(first) if poison.len() == rows.count && rows.count >= ALL_REFUSED_MIN => {
                Err(Failure::certain(format!(
                    "the archive refuses every row for {table}, which means that its tables are not what this version expects: {}",
                    first.error
                )))
            }
            _ => Ok(poison),
        }
    }

    /// Sends the rows in halves, halves of refused halves, and so on. The same rows always travel under the same tokens.
    async fn halve<'r, T: Row + RowWrite>(
        &self,
        seal: &SealRecord,
        table: &str,
        rows: &Rows<'_, T::Value<'r>>,
    ) -> Result<Vec<Poison>, Failure> {
        let mut poison = Vec::new();
        let mut todo: Vec<Range<usize>> = std::iter::once(0..rows.count).collect();
        while let Some(range) = todo.pop() {
            let token = format!("{}:{table}:{}-{}", seal.batch, range.start, range.end);
            match self.insert::<T>(table, token, rows.of(range.clone())).await? {
                Sent::Taken => {}
                Sent::Refused(error) if range.len() == 1 => poison.push(Poison { row: range.start, error }),
                Sent::Refused(_) => {
                    let middle = range.start + range.len() / 2;
                    todo.extend([middle..range.end, range.start..middle]);
                }
            }
        }
        Ok(poison)
    }

    async fn insert<'r, T: Row + RowWrite>(
        &self,
        table: &str,
        token: String,
        rows: impl Iterator<Item = T::Value<'r>>,
    ) -> Result<Sent, Failure> {
        let outcome = async {
            let mut insert = self
                .client
                .insert::<T>(table)
                .await?
                .with_timeouts(Some(SEND_TIMEOUT), Some(ANSWER_TIMEOUT))
                .with_setting("async_insert", "0")
                .with_setting("insert_deduplicate", "1")
                .with_setting("deduplicate_blocks_in_dependent_materialized_views", "1")
                .with_setting("max_partitions_per_insert_block", "0")
                .with_setting("insert_deduplication_token", token);
            for row in rows {
                insert.write(&row).await?;
            }
            insert.end().await
        };
        match outcome.await {
            Ok(()) => Ok(Sent::Taken),
            Err(Error::BadResponse(text)) if is_refusal(&text) => Ok(Sent::Refused(text)),
            Err(error) => Err(failure(&error)),
        }
    }
}

/// Sets refused rows aside.
fn bury(
    seal: &SealRecord,
    table: &str,
    poison: Vec<Poison>,
    record: impl Fn(usize) -> Option<Vec<u8>>,
    progress: &Progress<'_>,
) -> Result<(), Failure> {
    if poison.is_empty() {
        return Ok(());
    }
    let at_us = progress.shared.clock.now_us();
    let row = |Poison { row, error }| {
        tracing::error!(batch = %seal.batch, table, row, error, "the archive will never take a row: it is set aside");
        let record = record(row).unwrap_or_default();
        DeadRow { batch: seal.batch.clone(), table: table.to_owned(), at_us, error, record }
    };
    let rows: Vec<_> = poison.into_iter().map(row).collect();
    add(&progress.shared.counters.dead, rows.len() as u64);
    dead::bury(progress.shared.shelf.dir(), &rows)
        .map_err(|error| Failure::certain(format!("refused rows could not be set aside: {error}")))
}

impl Deliver for Archive {
    const SINK: Sink = Sink::Archive;
    const NAME: &'static str = NAME;
    const WITH_BODIES: bool = true;

    async fn deliver(&mut self, batch: &Batch, progress: &mut Progress<'_>) -> Result<(), Failure> {
        self.check_version().await?;
        let seal = &batch.seal;
        let places: Vec<_> = batch
            .requests
            .iter()
            .flat_map(|request| (0..request.calls.len()).map(move |number| (request, number)))
            .collect();
        let gap = |row: usize| batch.gaps.get(row - places.len());
        let call = |row: usize| match places.get(row) {
            Some((request, number)) => call_row(seal, request, *number),
            None => gap(row).map(|gap| gap_row(seal, gap)).unwrap_or_default(),
        };
        let rows = Rows { count: places.len() + batch.gaps.len(), row: &call };
        let poison = self.send::<CallRow<'static>>(seal, CALLS, &rows, progress).await?;
        let record =
            |row| places.get(row).map(|(request, _)| encode(*request)).or_else(|| gap(row).map(encode));
        bury(seal, CALLS, poison, record, progress)?;

        let rows = Rows { count: batch.bodies.len(), row: &|row| body_row(seal, &batch.bodies[row]) };
        let poison = self.send::<BodyRow<'static>>(seal, BODIES, &rows, progress).await?;
        bury(seal, BODIES, poison, |row| batch.bodies.get(row).map(encode), progress)?;

        // Last, so that a batch that is listed is there. Replacing by key: asking first is not needed.
        let token = format!("{}:{MANIFEST}", seal.batch);
        match self.insert::<BatchRow<'static>>(MANIFEST, token, batch_rows(seal).into_iter()).await? {
            Sent::Taken => Ok(()),
            Sent::Refused(error) => Err(Failure::certain(error)),
        }
    }
}

fn encode<T: Serialize>(record: &T) -> Vec<u8> {
    postcard::to_allocvec(record).unwrap_or_default()
}

fn client(config: &ArchiveConfig) -> Result<Client, SpoolError> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    connector.enforce_http(false);
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| {
            SpoolError::Config(format!("TLS to the archive at {} cannot work: {error}", config.url))
        })?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = hyper_rustls::HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_http1()
        .wrap_connector(connector);
    // ClickHouse closes idle connections after three seconds; ours go first.
    let http =
        HttpClient::builder(TokioExecutor::new()).pool_idle_timeout(Duration::from_secs(2)).build(connector);
    Ok(Client::with_http_client(http))
}

/// Whether the answer says that this content will never be taken.
fn is_refusal(text: &str) -> bool {
    let code = text.split("Code: ").nth(1).and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next());
    let code = code.and_then(|digits| digits.parse().ok());
    text.starts_with("413 ") || code.is_some_and(|code: u32| REFUSALS.contains(&code))
}

fn failure(error: &Error) -> Failure {
    let unreachable = match error {
        Error::Network(cause) => cause
            .downcast_ref::<hyper_util::client::legacy::Error>()
            .is_some_and(hyper_util::client::legacy::Error::is_connect),
        _ => false,
    };
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    Failure { error: format!("{error}{cause}"), uncertain: !unreachable }
}
