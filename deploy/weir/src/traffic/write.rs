//! Sample traffic goes the way of all records: into the journal of a gateway, from there in sealed batches into archive
//! and books. The gateway is one of its own, made for this and gone afterwards.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use weir_contract::clock::Clock;
use weir_contract::record::BodyRecord;
use weir_contract::sync::BatchSummary;
use weir_controlplane::sample::Sample;
use weir_gateway::spool::{ArchiveConfig, Books, BooksError, Closing, Spool, SpoolConfig, SpoolError};

/// Requests on their way into the journal at once.
const LANES: usize = 256;
/// How long the last batches may take.
const DELIVER_MAX: Duration = Duration::from_secs(600);

struct Ledger(Arc<Sample>);

impl Books for Ledger {
    fn post(&self, summary: BatchSummary) -> BoxFuture<'_, Result<(), BooksError>> {
        Box::pin(async move { self.0.post(&summary).await.map_err(|error| BooksError(error.to_string())) })
    }
}

/// Writes all of it; returns how many requests are still on their way when time is up, which is 0 unless the archive is away.
pub(crate) async fn write(
    sample: Arc<Sample>,
    gateway: &str,
    folder: &Path,
    archive: ArchiveConfig,
    clock: Arc<dyn Clock>,
    closings: impl Iterator<Item = Closing>,
) -> Result<u64, SpoolError> {
    let config = SpoolConfig { dir: folder.to_owned(), ..SpoolConfig::default() };
    let extract = Arc::new(|body: &BodyRecord| String::from_utf8_lossy(&body.response).into_owned());
    let books = Arc::new(Ledger(sample));
    let spool = Spool::start(config, archive, gateway.into(), gateway.into(), clock, books, extract)?;
    let mut written =
        futures_util::stream::iter(closings.map(|closing| spool.close(closing))).buffer_unordered(LANES);
    while let Some(outcome) = written.next().await {
        outcome?;
    }
    drop(written);
    spool.shutdown(DELIVER_MAX).await;
    let status = spool.status();
    Ok(status.archive_lag.max(status.books_lag))
}
