//! How fast the spool and its sinks are: for the bench, not for the product's own use.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::{BoxFuture, join_all};
use weir_contract::clock::Clock;
use weir_contract::id::RequestId;
use weir_contract::record::{OpenRecord, RequestRecord};
use weir_contract::sync::BatchSummary;

use super::{ArchiveConfig, Bodies, Books, BooksError, Closing, Spool, SpoolConfig, SpoolError};

/// Rates of one measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured {
    /// Requests (an open and a close each) written per second.
    pub written_per_second: u64,
    /// Requests sealed, sent and acknowledged per second, counted from the first write.
    pub delivered_per_second: u64,
}

/// Books that take everything.
struct Accepting;

impl Books for Accepting {
    fn post(&self, _summary: BatchSummary) -> BoxFuture<'_, Result<(), BooksError>> {
        Box::pin(async { Ok(()) })
    }
}

/// Writes `requests` copies of `template` (its ids replaced) from as many tasks as `lanes`, each waiting for its writes as
/// a request would, and delivers them to the archive; without an archive URL to the books alone.
pub async fn measure(
    config: SpoolConfig,
    archive: ArchiveConfig,
    clock: Arc<dyn Clock>,
    template: &RequestRecord,
    bodies: Option<&Bodies>,
    requests: u64,
    lanes: u64,
) -> Result<Measured, SpoolError> {
    let incarnation = clock.now_us().to_string().as_str().into();
    let extract: super::Extract = Arc::new(|_| String::new());
    let spool =
        Spool::start(config, archive, "bench".into(), incarnation, clock, Arc::new(Accepting), extract)?;
    let began = Instant::now();
    let lane = |number: u64| {
        let spool = spool.clone();
        async move {
            for request in (number..requests).step_by(usize::try_from(lanes).unwrap_or(1)) {
                one(&spool, template, bodies, request).await?;
            }
            Ok::<_, SpoolError>(())
        }
    };
    let ended: Result<Vec<()>, _> = join_all((0..lanes).map(lane)).await.into_iter().collect();
    ended?;
    let written = began.elapsed();
    spool.shutdown(Duration::from_secs(600)).await;
    let delivered = began.elapsed();
    let rate = |time: Duration| {
        let micros = time.as_micros().max(1);
        u64::try_from(u128::from(requests) * 1_000_000 / micros).unwrap_or(u64::MAX)
    };
    Ok(Measured { written_per_second: rate(written), delivered_per_second: rate(delivered) })
}

async fn one(
    spool: &Spool,
    template: &RequestRecord,
    bodies: Option<&Bodies>,
    number: u64,
) -> Result<(), SpoolError> {
    let mut random = [0; 10];
    random[2..].copy_from_slice(&number.to_be_bytes());
    let request_id = RequestId::new(template.started_at_us, random);
    let record = Box::new(RequestRecord { request_id, ..template.clone() });
    spool.open(open_of(&record)).await?;
    spool.close(Closing { record, bodies: bodies.cloned().into_iter().collect() }).await
}

fn open_of(record: &RequestRecord) -> OpenRecord {
    OpenRecord {
        request_id: record.request_id,
        trace_id: record.trace_id,
        span_id: record.span_id,
        started_at_us: record.started_at_us,
        incarnation: "bench".into(),
        workspace: record.workspace.clone(),
        environment: record.environment.clone(),
        key: record.key.clone(),
        customer: record.customer.clone(),
        customer_source: record.customer_source,
        model_requested: record.model_requested.clone(),
        operation: record.operation.clone(),
        api: record.api.clone(),
        policy_revision: record.policy_revision,
        hold: record.hold,
        budgets: Vec::new(),
        price_version: Default::default(),
    }
}
