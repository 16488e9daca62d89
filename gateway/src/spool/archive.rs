//! The archive as a sink: one synchronous insert per table under a token of the batch, so that resending is harmless.
//!
//! Every setting that deduplication depends on is said explicitly: their defaults differ between servers. A batch the
//! archive refuses for its content is sent in ever smaller halves until the rows that can never go in stand alone.

use std::ops::Range;
use std::time::Duration;

use clickhouse::error::Error;
use clickhouse::insert::Insert;
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

/// A batch's rows for one table, each made when it is sent.
trait Rows {
    /// What the table takes.
    type Row: Row + RowWrite;
    /// The table.
    const TABLE: &'static str;

    /// Whether there is none.
    fn is_empty(&self) -> bool;

    /// How many there are. Costs as much as sending them: asked only when something is wrong.
    fn count(&self) -> usize;

    /// Writes the rows whose numbers are in the range.
    async fn write(&self, range: Range<usize>, insert: &mut Insert<Self::Row>) -> Result<(), Error>;

    /// The record that the row of that number is of, as it stands in the journal.
    fn record(&self, number: usize) -> Option<Vec<u8>>;
}

/// All rows.
const ALL: Range<usize> = 0..usize::MAX;

struct Calls<'b>(&'b Batch);

impl Rows for Calls<'_> {
    type Row = CallRow<'static>;
    const TABLE: &'static str = CALLS;

    fn is_empty(&self) -> bool {
        !self.0.has_calls()
    }

    fn count(&self) -> usize {
        self.0.calls()
    }

    async fn write(&self, range: Range<usize>, insert: &mut Insert<Self::Row>) -> Result<(), Error> {
        let (seal, mut row) = (&self.0.seal, 0);
        for request in self.0.requests() {
            for number in 0..request.calls.len() {
                if range.contains(&row) {
                    insert.write(&call_row(seal, &request, number)).await?;
                }
                row += 1;
            }
        }
        for gap in &self.0.gaps {
            if range.contains(&row) {
                insert.write(&gap_row(seal, gap)).await?;
            }
            row += 1;
        }
        Ok(())
    }

    fn record(&self, number: usize) -> Option<Vec<u8>> {
        let mut behind = number;
        for request in self.0.requests() {
            match behind.checked_sub(request.calls.len()) {
                Some(rest) => behind = rest,
                None => return Some(encode(&request)),
            }
        }
        self.0.gaps.get(behind).map(encode)
    }
}

struct BodiesOf<'b>(&'b Batch);

impl Rows for BodiesOf<'_> {
    type Row = BodyRow<'static>;
    const TABLE: &'static str = BODIES;

    fn is_empty(&self) -> bool {
        !self.0.has_bodies()
    }

    fn count(&self) -> usize {
        let (mut bodies, mut count) = (self.0.bodies(), 0);
        while let Some(body) = bodies.read() {
            count += usize::from(body.is_some());
        }
        count
    }

    async fn write(&self, range: Range<usize>, insert: &mut Insert<Self::Row>) -> Result<(), Error> {
        let (mut bodies, mut row) = (self.0.bodies(), 0);
        while let Some(body) = bodies.read() {
            let Some(body) = body else { continue };
            if range.contains(&row) {
                insert.write(&body_row(&self.0.seal, &body)).await?;
            }
            row += 1;
        }
        Ok(())
    }

    fn record(&self, number: usize) -> Option<Vec<u8>> {
        let (mut bodies, mut row) = (self.0.bodies(), 0);
        while let Some(body) = bodies.read() {
            let Some(body) = body else { continue };
            if row == number {
                return Some(encode(&body));
            }
            row += 1;
        }
        None
    }
}

struct Manifest<'b>(&'b SealRecord);

impl Rows for Manifest<'_> {
    type Row = BatchRow<'static>;
    const TABLE: &'static str = MANIFEST;

    fn is_empty(&self) -> bool {
        false
    }

    fn count(&self) -> usize {
        batch_rows(self.0).len()
    }

    async fn write(&self, _: Range<usize>, insert: &mut Insert<Self::Row>) -> Result<(), Error> {
        for row in batch_rows(self.0) {
            insert.write(&row).await?;
        }
        Ok(())
    }

    fn record(&self, _: usize) -> Option<Vec<u8>> {
        None
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
    async fn has<R: Rows>(
        &self,
        seal: &SealRecord,
        rows: &R,
        progress: &Progress<'_>,
    ) -> Result<bool, Failure> {
        let age_us = progress.shared.clock.now_us() - seal.sealed_at_us;
        if !progress.uncertain || age_us <= ASK_AFTER_US {
            return Ok(false);
        }
        let question = format!(
            "SELECT count() FROM {} WHERE ingest_batch = ? AND started_at >= fromUnixTimestamp64Micro(?) AND started_at <= fromUnixTimestamp64Micro(?)",
            R::TABLE
        );
        let query =
            self.client.query(&question).bind(seal.batch.as_str()).bind(seal.min_us).bind(seal.max_us);
        let count = query.fetch_one::<u64>().await.map_err(|error| failure(&error))?;
        Ok(count >= rows.count() as u64)
    }

    /// Sends a table's rows; what can never go in is returned.
    async fn send<R: Rows>(
        &self,
        seal: &SealRecord,
        rows: &R,
        progress: &mut Progress<'_>,
    ) -> Result<Vec<Poison>, Failure> {
        let table = R::TABLE;
        if rows.is_empty() || self.has(seal, rows, progress).await? {
            return Ok(Vec::new());
        }
        if !progress.is_halving(table) {
            match self.insert(format!("{}:{table}", seal.batch), rows, ALL).await? {
                Sent::Taken => return Ok(Vec::new()),
                Sent::Refused(error) => {
                    tracing::warn!(batch = %seal.batch, table, error, "the archive refuses a batch: it is sent in halves");
                }
            }
            progress.begin_halving(NAME, table)?;
        }
        let count = rows.count();
        let poison = self.halve(seal, rows, count).await?;
        match poison.first() {
            Some(first) if poison.len() == count && count >= ALL_REFUSED_MIN => {
                Err(Failure::certain(format!(
                    "the archive refuses every row for {table}, which means that its tables are not what this version expects: {}",
                    first.error
                )))
            }
            _ => Ok(poison),
        }
    }

    /// Sends the rows in halves, halves of refused halves, and so on. The same rows always travel under the same tokens.
    async fn halve<R: Rows>(
        &self,
        seal: &SealRecord,
        rows: &R,
        count: usize,
    ) -> Result<Vec<Poison>, Failure> {
        let mut poison = Vec::new();
        let mut todo: Vec<Range<usize>> = std::iter::once(0..count).collect();
        while let Some(range) = todo.pop() {
            let token = format!("{}:{}:{}-{}", seal.batch, R::TABLE, range.start, range.end);
            match self.insert(token, rows, range.clone()).await? {
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

    async fn insert<R: Rows>(&self, token: String, rows: &R, range: Range<usize>) -> Result<Sent, Failure> {
        let outcome = async {
            let mut insert = self
                .client
                .insert::<R::Row>(R::TABLE)
                .await?
                .with_timeouts(Some(SEND_TIMEOUT), Some(ANSWER_TIMEOUT))
                .with_setting("async_insert", "0")
                .with_setting("insert_deduplicate", "1")
                .with_setting("deduplicate_blocks_in_dependent_materialized_views", "1")
                .with_setting("max_partitions_per_insert_block", "0")
                .with_setting("insert_deduplication_token", token);
            rows.write(range, &mut insert).await?;
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
fn bury<R: Rows>(
    seal: &SealRecord,
    rows: &R,
    poison: Vec<Poison>,
    progress: &Progress<'_>,
) -> Result<(), Failure> {
    if poison.is_empty() {
        return Ok(());
    }
    let (at_us, table) = (progress.shared.clock.now_us(), R::TABLE);
    let row = |Poison { row, error }| {
        tracing::error!(batch = %seal.batch, table, row, error, "the archive will never take a row: it is set aside");
        let record = rows.record(row).unwrap_or_default();
        DeadRow { batch: seal.batch.clone(), table: table.to_owned(), at_us, error, record }
    };
    let dead: Vec<_> = poison.into_iter().map(row).collect();
    add(&progress.shared.counters.dead, dead.len() as u64);
    dead::bury(progress.shared.shelf.dir(), &dead)
        .map_err(|error| Failure::certain(format!("refused rows could not be set aside: {error}")))
}

impl Deliver for Archive {
    const SINK: Sink = Sink::Archive;
    const NAME: &'static str = NAME;
    const WITH_BODIES: bool = true;

    async fn deliver(&mut self, batch: &Batch, progress: &mut Progress<'_>) -> Result<(), Failure> {
        self.check_version().await?;
        let seal = &batch.seal;
        let calls = Calls(batch);
        let poison = self.send(seal, &calls, progress).await?;
        bury(seal, &calls, poison, progress)?;

        let bodies = BodiesOf(batch);
        let poison = self.send(seal, &bodies, progress).await?;
        bury(seal, &bodies, poison, progress)?;

        // Last, so that a batch that is listed is there. Replacing by key: asking first is not needed.
        match self.insert(format!("{}:{MANIFEST}", seal.batch), &Manifest(seal), ALL).await? {
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
