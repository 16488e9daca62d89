//! Phase three: the cache. None exists yet; the phase stands where it will, and says so in the trace.

use weir_contract::record::{CacheStatus, Stage};

use super::Exchange;

/// Finds nothing, because no cache is on.
pub(crate) fn recall(exchange: &mut Exchange) {
    exchange.reach(Stage::Recall);
    exchange.record.cache_status = CacheStatus::None;
    exchange.explain("cache", "cache off");
}
