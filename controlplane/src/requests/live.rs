//! New requests as they come: how many are newer than a place in the list, told again whenever that changes.

use std::time::Duration;

use weir_contract::filter::Filter;

use crate::app::App;
use crate::archive::requests::{Ask, Cursor, Place, RequestLine};
use crate::archive::{ArchiveError, Scope, Window};

/// New rows are counted up to this; beyond it the page says "or more".
pub(crate) const COUNT_MAX: usize = 200;
/// How often the archive is asked while nothing was posted to the books.
const ASK_EVERY: Duration = Duration::from_secs(2);
/// The least time between two questions: a busy gateway posts many batches a second.
const ASK_AT_MOST: Duration = Duration::from_millis(500);

/// What came since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arrivals {
    /// The newest of them.
    pub(crate) newest: Cursor,
    /// How many, at most [`COUNT_MAX`].
    pub(crate) count: usize,
    /// Whether there are more.
    pub(crate) more: bool,
}

/// A list that is being watched.
#[derive(Clone)]
pub(crate) struct Watched {
    /// What the reader may see.
    pub(crate) scope: Scope,
    /// Which requests.
    pub(crate) filter: Filter,
    /// The newest row the reader has.
    pub(crate) since: Cursor,
    /// What was told last; `None` for nothing yet.
    pub(crate) told: Option<Cursor>,
}

impl Watched {
    /// Waits until there is something to tell.
    pub(crate) async fn next(&mut self, app: &App) -> Result<Arrivals, ArchiveError> {
        let mut batches = app.watch_batches();
        loop {
            if let Some(arrivals) = self.look(app).await? {
                self.told = Some(arrivals.newest);
                return Ok(arrivals);
            }
            tokio::time::sleep(ASK_AT_MOST).await;
            // A posted batch is in the archive a moment later; whichever comes first is reason to look.
            tokio::select! {
                () = tokio::time::sleep(ASK_EVERY) => {}
                _ = batches.changed() => {}
            }
        }
    }

    /// What came since, if that is more than was told.
    pub(crate) async fn look(&self, app: &App) -> Result<Option<Arrivals>, ArchiveError> {
        let Self { scope, filter, since, told } = self;
        // A gateway's clock may be ahead of ours.
        let window = Window { from_us: since.started_us, to_us: app.clock.now_us() + 60_000_000 };
        let newer = |place, limit| app.archive.list_requests(scope, Ask { window, filter, place, limit });
        let beyond = Place::After(told.unwrap_or(*since));
        if newer(beyond, 1).await?.rows.is_empty() {
            return Ok(None);
        }
        let found = newer(Place::After(*since), COUNT_MAX).await?;
        let newest = newer(Place::Newest, 1).await?.rows.first().map(RequestLine::cursor);
        Ok(newest.map(|newest| Arrivals { newest, count: found.rows.len(), more: found.more }))
    }
}
