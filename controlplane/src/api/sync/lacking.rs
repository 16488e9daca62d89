//! Gateways that lack sections a header names: their stream starts over with the whole snapshot.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// Who asked, by gateway.
#[derive(Debug, Default)]
pub(crate) struct Lacking(Mutex<HashMap<String, watch::Sender<u64>>>);

impl Lacking {
    /// Changes whenever that gateway asks for everything.
    pub(crate) fn watch(&self, gateway: &str) -> watch::Receiver<u64> {
        self.lock().entry(gateway.to_owned()).or_insert_with(|| watch::Sender::new(0)).subscribe()
    }

    /// That gateway asks for everything.
    pub(crate) fn ask(&self, gateway: &str) {
        if let Some(asked) = self.lock().get(gateway) {
            asked.send_modify(|count| *count += 1);
        }
    }

    /// A stream of that gateway ends; called while it still listens.
    pub(crate) fn forget(&self, gateway: &str) {
        let mut asked = self.lock();
        if asked.get(gateway).is_some_and(|asked| asked.receiver_count() <= 1) {
            asked.remove(gateway);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, watch::Sender<u64>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
