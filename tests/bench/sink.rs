//! The archive: a ClickHouse that takes every insert, keeps nothing, and counts bytes and the rows its manifest names.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use weir_contract::schema::ARCHIVE_VERSION;

use crate::control::listen;

/// What arrived so far.
#[derive(Default)]
pub struct Counts {
    bytes: AtomicU64,
    calls: AtomicU64,
    bodies: AtomicU64,
}

impl Counts {
    /// Bytes of inserts.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Rows of calls that the manifest names.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Rows of bodies that the manifest names.
    pub fn bodies(&self) -> u64 {
        self.bodies.load(Ordering::Relaxed)
    }
}

/// Starts the sink on a port of its choice.
pub async fn start() -> (SocketAddr, Arc<Counts>) {
    let counts = Arc::new(Counts::default());
    let shared = Arc::clone(&counts);
    let address = listen(move |request| take(request, Arc::clone(&shared))).await;
    (address, counts)
}

async fn take(request: Request<Incoming>, counts: Arc<Counts>) -> Result<Response<Full<Bytes>>, Infallible> {
    let insert = request.uri().query().is_some_and(|query| query.contains("INSERT"));
    let manifest = request.uri().query().is_some_and(|query| query.contains("ingest_batches"));
    let mut body = request.into_body();
    let mut kept = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        let Some(data) = frame.data_ref() else { continue };
        counts.bytes.fetch_add(if insert { data.len() as u64 } else { 0 }, Ordering::Relaxed);
        if manifest || !insert {
            kept.extend_from_slice(data);
        }
    }
    if manifest {
        count(&kept, &counts);
    }
    // The only question a gateway asks at start: which version the tables are of.
    let answer = if insert { Bytes::new() } else { Bytes::copy_from_slice(&ARCHIVE_VERSION.to_le_bytes()) };
    Ok(Response::new(Full::new(answer)))
}

/// Reads rows of `ingest_batches` in RowBinary.
fn count(mut rows: &[u8], counts: &Counts) {
    const AFTER_ROWS: usize = 16 + 16 + 8 + 8 + 4; // cost, billed, min_ts, max_ts, crc
    while let Some((table, count)) = (|| {
        let _batch = text(&mut rows)?;
        let _gateway = text(&mut rows)?;
        let _sealed_at = rows.split_off(..8)?;
        let table = text(&mut rows)?;
        let count = u64::from_le_bytes(rows.split_off(..8)?.try_into().ok()?);
        rows.split_off(..AFTER_ROWS)?;
        Some((table, count))
    })() {
        let counter = if table == b"llm_calls" { &counts.calls } else { &counts.bodies };
        counter.fetch_add(count, Ordering::Relaxed);
    }
}

/// Takes a text with its length (one or two bytes of seven bits each) off the front.
fn text<'a>(rows: &mut &'a [u8]) -> Option<&'a [u8]> {
    let mut length = usize::from(*rows.split_off_first()?);
    if length >= 128 {
        length = length - 128 + 128 * usize::from(*rows.split_off_first()?);
    }
    rows.split_off(..length)
}
