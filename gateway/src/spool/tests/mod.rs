//! The spool's promises, kept or broken: a fake ClickHouse that counts, books that can refuse, a disk that can be full.

mod delivery;
mod pressure;
mod recovery;

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::sync::watch;
use weir_contract::clock::Clock;
use weir_contract::id::RequestId;
use weir_contract::money::Money;
use weir_contract::price::Charge;
use weir_contract::record::{BodyState, CallRecord, OpenRecord, RequestRecord};
use weir_contract::schema::ARCHIVE_VERSION;
use weir_contract::sync::BatchSummary;

use super::courier::Backoff;
use super::disk::{Disk, Journal, LocalDisk};
use super::sealer::Limits;
use super::start::Parts;
use super::writer::Pace;
use super::{
    ArchiveConfig, Bodies, Books, BooksError, Closing, Spool, SpoolConfig, SpoolError, SpoolStatus, start,
};

/// A clock that stands still unless moved.
pub(super) struct StillClock(pub(super) AtomicI64);

pub(super) const START_US: i64 = 1_795_000_000_000_000;

impl Clock for StillClock {
    fn now_us(&self) -> i64 {
        self.0.load(SeqCst)
    }
}

/// What the fake archive has seen. Rows are known by the customer marker `<n>` in their bytes.
#[derive(Default)]
pub(super) struct Seen {
    /// Every insert that came, as (table, token, markers, accepted).
    pub(super) inserts: Vec<(String, String, Vec<u64>, bool)>,
    /// Rows by table after deduplication, with how often each marker came.
    pub(super) rows: HashMap<String, BTreeMap<u64, u32>>,
    tokens: Vec<String>,
    pub(super) asked: u32,
}

/// A ClickHouse as far as the spool can tell.
pub(super) struct FakeArchive {
    pub(super) seen: Mutex<Seen>,
    /// Answers 503 to everything.
    pub(super) down: AtomicBool,
    /// Takes an insert but answers as if it had failed, so many times.
    pub(super) lose_answers: AtomicU32,
    /// Markers whose rows are refused.
    pub(super) poison: Mutex<Vec<u64>>,
    pub(super) version: AtomicU32,
    changed: watch::Sender<u64>,
}

impl FakeArchive {
    pub(super) async fn serve() -> (Arc<Self>, ArchiveConfig) {
        let fake = Arc::new(Self {
            seen: Mutex::default(),
            down: AtomicBool::new(false),
            lose_answers: AtomicU32::new(0),
            poison: Mutex::default(),
            version: AtomicU32::new(ARCHIVE_VERSION),
            changed: watch::Sender::new(0),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = axum::Router::new().fallback(answer).with_state(Arc::clone(&fake));
        let served = async move { axum::serve(listener, app).await.unwrap() };
        tokio_util::task::TaskTracker::new().spawn(served);
        (fake, ArchiveConfig { url, ..ArchiveConfig::default() })
    }

    pub(super) fn rows(&self, table: &str) -> BTreeMap<u64, u32> {
        self.seen.lock().unwrap().rows.get(table).cloned().unwrap_or_default()
    }

    /// Waits until what was seen satisfies the condition.
    pub(super) async fn until(&self, condition: impl Fn(&Seen) -> bool) {
        let mut changed = self.changed.subscribe();
        let wait = async {
            while !condition(&self.seen.lock().unwrap()) {
                changed.changed().await.unwrap();
            }
        };
        tokio::time::timeout(Duration::from_secs(20), wait).await.expect("the archive never saw it");
    }
}

/// The markers `<n>` in a row's bytes.
pub(super) fn markers(bytes: &[u8]) -> Vec<u64> {
    let text = String::from_utf8_lossy(bytes);
    text.split('<').skip(1).filter_map(|rest| rest.split_once('>')?.0.parse().ok()).collect()
}

async fn answer(
    State(fake): State<Arc<FakeArchive>>,
    Query(query): Query<HashMap<String, String>>,
    body: Bytes,
) -> Response {
    if fake.down.load(SeqCst) {
        return (StatusCode::SERVICE_UNAVAILABLE, "starting").into_response();
    }
    let sql = query.get("query").cloned().unwrap_or_else(|| String::from_utf8_lossy(&body).into_owned());
    if sql.contains("schema_migrations") {
        return fake.version.load(SeqCst).to_le_bytes().to_vec().into_response();
    }
    if sql.contains("count()") {
        let mut seen = fake.seen.lock().unwrap();
        seen.asked += 1;
        let all: u64 = seen.rows.get("llm_calls").map_or(0, |rows| rows.len() as u64);
        return all.to_le_bytes().to_vec().into_response();
    }
    for setting in ["insert_deduplicate", "deduplicate_blocks_in_dependent_materialized_views"] {
        assert_eq!(query.get(setting).map(String::as_str), Some("1"), "{setting} must be said explicitly");
    }
    assert_eq!(query.get("async_insert").map(String::as_str), Some("0"));
    insert(&fake, &sql, &query["insert_deduplication_token"], &body)
}

fn insert(fake: &FakeArchive, sql: &str, token: &str, body: &Bytes) -> Response {
    let table =
        ["llm_calls", "llm_bodies", "ingest_batches"].into_iter().find(|table| sql.contains(table)).unwrap();
    let markers = markers(body);
    let refused =
        table != "ingest_batches" && fake.poison.lock().unwrap().iter().any(|bad| markers.contains(bad));
    let mut seen = fake.seen.lock().unwrap();
    seen.inserts.push((table.to_owned(), token.to_owned(), markers.clone(), !refused));
    if !refused && !seen.tokens.contains(&token.to_owned()) {
        seen.tokens.push(token.to_owned());
        let rows = seen.rows.entry(table.to_owned()).or_default();
        markers.iter().for_each(|marker| *rows.entry(*marker).or_default() += 1);
    }
    drop(seen);
    fake.changed.send_modify(|count| *count += 1);
    let lost = fake.lose_answers.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok();
    match (refused, lost) {
        (true, _) => {
            (StatusCode::BAD_REQUEST, "Code: 117. DB::Exception: bad row (INCORRECT_DATA)").into_response()
        }
        (false, true) => (StatusCode::GATEWAY_TIMEOUT, "the answer is lost").into_response(),
        (false, false) => StatusCode::OK.into_response(),
    }
}

/// Books that write down what they are told.
#[derive(Default)]
pub(super) struct FakeBooks {
    pub(super) posted: Mutex<Vec<BatchSummary>>,
    pub(super) closed: AtomicBool,
}

impl Books for FakeBooks {
    fn post(&self, summary: BatchSummary) -> BoxFuture<'_, Result<(), BooksError>> {
        Box::pin(async move {
            if self.closed.load(SeqCst) {
                return Err(BooksError("the control plane is away".to_owned()));
            }
            let mut posted = self.posted.lock().unwrap();
            if !posted.iter().any(|known| known.batch == summary.batch) {
                posted.push(summary);
            }
            Ok(())
        })
    }
}

impl FakeBooks {
    pub(super) fn cost(&self) -> i64 {
        self.posted.lock().unwrap().iter().flat_map(|batch| &batch.lines).map(|line| line.cost.nano()).sum()
    }
}

/// A disk that can be full or broken.
#[derive(Default)]
pub(super) struct FakeDisk {
    pub(super) full: Arc<AtomicBool>,
    /// Writes succeed, but nothing reaches the medium.
    pub(super) unsynced: Arc<AtomicBool>,
}

struct FakeJournal(Arc<dyn Journal>, Arc<AtomicBool>, Arc<AtomicBool>);

fn room(full: &AtomicBool) -> io::Result<()> {
    if full.load(SeqCst) { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
}

impl FakeDisk {
    fn journal(&self, inner: Arc<dyn Journal>) -> FakeJournal {
        FakeJournal(inner, Arc::clone(&self.full), Arc::clone(&self.unsynced))
    }
}

impl Disk for FakeDisk {
    fn create(&self, path: &Path, bytes: u64) -> io::Result<Arc<dyn Journal>> {
        room(&self.full)?;
        Ok(Arc::new(self.journal(LocalDisk.create(path, bytes)?)))
    }

    fn reopen(&self, path: &Path, keep: u64, bytes: u64) -> io::Result<Arc<dyn Journal>> {
        Ok(Arc::new(self.journal(LocalDisk.reopen(path, keep, bytes)?)))
    }
}

impl Journal for FakeJournal {
    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        room(&self.1)?;
        self.0.write_at(bytes, at)
    }

    fn sync(&self) -> io::Result<()> {
        room(&self.2)?;
        self.0.sync()
    }

    fn trim(&self, bytes: u64) -> io::Result<()> {
        self.0.trim(bytes)
    }
}

/// What a spool under test is made of; every part can be looked at.
pub(super) struct Rig {
    pub(super) config: SpoolConfig,
    pub(super) archive: ArchiveConfig,
    pub(super) books: Arc<FakeBooks>,
    pub(super) clock: Arc<StillClock>,
    pub(super) disk: Arc<FakeDisk>,
    pub(super) pace: Pace,
}

impl Rig {
    pub(super) fn new(dir: &Path, archive: ArchiveConfig) -> Self {
        Self {
            config: SpoolConfig {
                dir: dir.to_owned(),
                segment_bytes: SpoolConfig::SEGMENT_BYTES_MIN,
                bytes_max: 16 << 20,
                ..SpoolConfig::default()
            },
            archive,
            books: Arc::default(),
            clock: Arc::new(StillClock(AtomicI64::new(START_US))),
            disk: Arc::default(),
            pace: Pace {
                limits: Limits { rows: 10, bytes: 8 << 20 },
                seal_age: Duration::from_millis(1),
                retry: Duration::from_millis(1),
            },
        }
    }

    pub(super) fn start(&self) -> Spool {
        let parts = Parts {
            config: self.config.clone(),
            archive: self.archive.clone(),
            gateway: "gw".into(),
            incarnation: "life".into(),
            clock: Arc::<StillClock>::clone(&self.clock),
            books: Arc::<FakeBooks>::clone(&self.books),
            extract: Arc::new(|body| String::from_utf8_lossy(&body.request).into_owned()),
            disk: Arc::<FakeDisk>::clone(&self.disk),
            pace: self.pace,
            backoff: Backoff { first: Duration::from_millis(1), most: Duration::from_millis(4) },
        };
        Spool { threads: Arc::new(start::start(parts).unwrap()) }
    }
}

/// The n-th request: it costs `n` nano-dollars.
pub(super) fn request(n: u64) -> RequestRecord {
    let cost = Money::from_nano(n.cast_signed());
    let charge = Charge { total: cost, rated: true, ..Charge::default() };
    RequestRecord {
        request_id: RequestId(uuid::Uuid::from_u128(u128::from(n) + 1)),
        started_at_us: START_US,
        workspace: "ws".into(),
        customer: format!("<{n}>").into(),
        body_state: BodyState::Inline,
        calls: vec![CallRecord { charge, billed: cost, ..CallRecord::default() }],
        ..RequestRecord::default()
    }
}

/// Its hold: ten times what it costs.
pub(super) fn open(n: u64) -> OpenRecord {
    let record = request(n);
    OpenRecord {
        request_id: record.request_id,
        trace_id: record.trace_id,
        span_id: record.span_id,
        started_at_us: record.started_at_us,
        incarnation: "life".into(),
        workspace: record.workspace,
        environment: String::new(),
        key: record.key,
        customer: record.customer,
        customer_source: record.customer_source,
        model_requested: "m".to_owned(),
        operation: "chat".to_owned(),
        api: "v1/chat/completions".to_owned(),
        policy_revision: record.policy_revision,
        hold: Money::from_nano(10 * n.cast_signed()),
        budgets: vec!["b".to_owned()],
        price_version: "p".into(),
    }
}

pub(super) fn bodies(n: u64) -> Bodies {
    let request = Bytes::from(format!("body {n}"));
    Bodies { request, response: vec![Bytes::from_static(b"answer")], retention_days: 30, ..Bodies::default() }
}

/// The whole life of the n-th request.
pub(super) async fn serve(spool: &Spool, n: u64) -> Result<(), SpoolError> {
    spool.open(open(n)).await?;
    spool.close(Closing { record: Box::new(request(n)), bodies: vec![bodies(n)] }).await
}

/// Waits until the spool's status satisfies the condition.
pub(super) async fn until(spool: &Spool, condition: impl Fn(&SpoolStatus) -> bool) {
    let mut changes = spool.threads.shared.shelf.changes();
    let wait = async {
        while !condition(&spool.status()) {
            // A change of the shelf, or a moment: counters change without one.
            drop(tokio::time::timeout(Duration::from_millis(2), changes.changed()).await);
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(20), wait).await;
    assert!(waited.is_ok(), "never reached; the spool says {:?}", spool.status());
}

pub(super) async fn shut(spool: Spool) {
    spool.shutdown(Duration::from_secs(20)).await;
}

/// A copy of the folder as a crash would leave it.
pub(super) fn crash_copy(from: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        // A file may be released while the folder is copied.
        if let Ok(bytes) = std::fs::read(&path) {
            std::fs::write(to.path().join(path.file_name().unwrap()), bytes).unwrap();
        }
    }
    to
}
