//! A bell for each gateway's stream: whoever rings it makes the stream look for what concerns that gateway alone.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// The bells of one concern, by gateway.
#[derive(Debug, Default)]
pub(crate) struct Bells(Mutex<HashMap<String, watch::Sender<u64>>>);

impl Bells {
    /// Changes whenever that gateway's bell rings.
    pub(crate) fn watch(&self, gateway: &str) -> watch::Receiver<u64> {
        self.lock().entry(gateway.to_owned()).or_insert_with(|| watch::Sender::new(0)).subscribe()
    }

    /// Rings; nobody hears it while that gateway has no stream here.
    pub(crate) fn ring(&self, gateway: &str) {
        if let Some(bell) = self.lock().get(gateway) {
            bell.send_modify(|count| *count += 1);
        }
    }

    /// A stream of that gateway ends; called while it still listens.
    pub(crate) fn forget(&self, gateway: &str) {
        let mut bells = self.lock();
        if bells.get(gateway).is_some_and(|bell| bell.receiver_count() <= 1) {
            bells.remove(gateway);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, watch::Sender<u64>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
