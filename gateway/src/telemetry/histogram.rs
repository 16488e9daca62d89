//! A histogram without a lock: the request path only adds to atomics.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::{MetricType, TypedMetric};

/// Counts durations into buckets whose bounds double.
#[derive(Clone, Debug)]
pub(crate) struct Histogram(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    first_bound_us: u64,
    buckets: [AtomicU64; BUCKETS],
    sum_us: AtomicU64,
}

/// Bounds and the bucket beyond them.
const BUCKETS: usize = 15;

impl Histogram {
    /// For the gateway's own time: 10 µs … 82 ms.
    pub(crate) fn of_overhead() -> Self {
        Self::new(10)
    }

    /// For calls to providers, as the generative conventions bound them: 0.01 s … 81.92 s.
    pub(crate) fn of_calls() -> Self {
        Self::new(10_000)
    }

    fn new(first_bound_us: u64) -> Self {
        let buckets = std::array::from_fn(|_| AtomicU64::new(0));
        Self(Arc::new(Inner { first_bound_us, buckets, sum_us: AtomicU64::new(0) }))
    }

    /// Counts one duration, µs.
    pub(crate) fn observe_us(&self, duration_us: u64) {
        let mut bound = self.0.first_bound_us;
        let mut place = 0;
        while place < BUCKETS - 1 && duration_us > bound {
            bound *= 2;
            place += 1;
        }
        self.0.buckets[place].fetch_add(1, Ordering::Relaxed);
        self.0.sum_us.fetch_add(duration_us, Ordering::Relaxed);
    }
}

impl TypedMetric for Histogram {
    const TYPE: MetricType = MetricType::Histogram;
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus knows only floats")]
fn seconds(us: u64) -> f64 {
    us as f64 / 1e6
}

impl EncodeMetric for Histogram {
    fn encode(&self, mut encoder: MetricEncoder) -> Result<(), std::fmt::Error> {
        let counts: Vec<u64> = self.0.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed)).collect();
        let bounds = (0..BUCKETS).map(|place| {
            if place == BUCKETS - 1 { f64::INFINITY } else { seconds(self.0.first_bound_us << place) }
        });
        let buckets: Vec<(f64, u64)> = bounds.zip(counts.iter().copied()).collect();
        let sum = seconds(self.0.sum_us.load(Ordering::Relaxed));
        encoder.encode_histogram::<NoLabelSet>(sum, counts.iter().sum(), &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::registry::Registry;

    #[test]
    fn a_duration_is_counted_up_to_its_bound_inclusive() {
        let histogram = Histogram::of_calls();
        [10_000, 10_001, 900_000_000].into_iter().for_each(|us| histogram.observe_us(us));
        let mut registry = Registry::default();
        registry.register("x", "x", histogram);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        assert!(text.contains("x_bucket{le=\"0.01\"} 1\n"), "{text}");
        assert!(text.contains("x_bucket{le=\"0.02\"} 2\n"), "{text}");
        assert!(text.contains("x_bucket{le=\"+Inf\"} 3\n"), "{text}");
        assert!(text.contains("x_sum 900.020001\n"), "{text}");
    }
}
