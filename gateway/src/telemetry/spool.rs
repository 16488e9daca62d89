//! The spool's figures, asked when somebody looks.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::spool::Spool;

/// Reads [`Spool::status`] on each scrape.
pub(crate) struct SpoolCollector(pub(crate) Spool);

impl std::fmt::Debug for SpoolCollector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SpoolCollector")
    }
}

impl Collector for SpoolCollector {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), std::fmt::Error> {
        let status = self.0.status();
        let counters = [
            ("weir_records_written", "Requests written to the journal", status.written),
            ("weir_records_delivered", "Call rows the archive acknowledged", status.delivered),
            ("weir_records_shed", "Bodies left out under pressure", status.shed),
            ("weir_records_lost", "Requests found open after a crash", status.lost),
            ("weir_records_quarantined", "Damaged journal files set aside", status.quarantined),
            ("weir_records_dead", "Rows the archive will never take", status.dead),
            ("weir_records_gaps", "Requests counted in gap rows", status.gaps),
            ("weir_batches_sealed", "Batches sealed", status.sealed),
            ("weir_deliveries_retried", "Failed attempts to deliver a batch", status.retries),
        ];
        for (name, help, value) in counters {
            let metric = ConstCounter::new(value);
            metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)?;
        }
        let signed = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let gauges = [
            ("weir_spool_bytes", "Undelivered bytes on disk", signed(status.bytes)),
            (
                "weir_spool_oldest_seconds",
                "Age of the oldest undelivered record",
                signed(status.oldest_ms / 1000),
            ),
            ("weir_spool_queue_bytes", "Bytes waiting in memory for the disk", signed(status.queue_bytes)),
            ("weir_spool_full", "Whether the journal cannot be written", i64::from(status.full)),
            ("weir_spool_open", "Requests with an open hold", signed(status.open)),
            ("weir_archive_lag_batches", "Sealed batches the archive lacks", signed(status.archive_lag)),
            ("weir_books_lag_batches", "Sealed batches the books lack", signed(status.books_lag)),
        ];
        for (name, help, value) in gauges {
            let metric = ConstGauge::new(value);
            metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)?;
        }
        Ok(())
    }
}
