//! The books as a sink: a sealed batch, summed by account and hour, posted until they have it.

use std::sync::Arc;

use super::Books;
use super::batch::Batch;
use super::courier::{Deliver, Failure, Progress};
use super::shelf::Sink;
use super::summary::summarise;

/// The sink's name in files and errors.
pub(super) const NAME: &str = "books";

/// Posts batches.
pub(super) struct BooksSink {
    books: Arc<dyn Books>,
}

impl BooksSink {
    pub(super) fn new(books: Arc<dyn Books>) -> Self {
        Self { books }
    }
}

impl Deliver for BooksSink {
    const SINK: Sink = Sink::Books;
    const NAME: &'static str = NAME;
    const WITH_BODIES: bool = false;

    async fn deliver(&mut self, batch: &Batch, _progress: &mut Progress<'_>) -> Result<(), Failure> {
        let summary = match &batch.sum {
            Some(sum) => sum.clone(),
            None => summarise(&batch.seal, batch.records(), &batch.gaps)
                .map_err(|error| Failure::certain(format!("a batch cannot be summed: {error}")))?,
        };
        if summary.lines.is_empty() {
            return Ok(());
        }
        self.books.post(summary).await.map_err(|error| Failure::uncertain(error.to_string()))
    }
}
