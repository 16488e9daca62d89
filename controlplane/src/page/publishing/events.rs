//! `GET /publishing/{revision}/events`: tells an open page how far the revision has come, whenever a gateway took it,
//! refused it, went away or came back.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::sse::{Event, Sse};
use futures_util::stream::{self, Stream};
use http::HeaderMap;
use weir_web::Template;
use weir_web::page::gateways::{GatewayRow, Spool};
use weir_web::page::publishing::{Rollout, RolloutEvent};

use crate::app::App;
use crate::auth::{Allowed, ReadRevisions, live};
use crate::error::AppError;
use crate::page::gateways::state;

/// How often it is looked although nothing was heard here: a gateway falls silent without a word, and another control
/// plane on the same store hears what this one does not.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// `GET /publishing/{revision}/events`
pub(in crate::page) async fn show(
    by: Allowed<ReadRevisions>,
    State(app): State<App>,
    headers: HeaderMap,
    Path(number): Path<u64>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, AppError> {
    let told = state::rollout(&app, number).await?;
    let watched = Watched { app: app.clone(), number, told: Rollout::default(), next: Some(told) };
    let events = stream::unfold(watched, |mut watched| async move {
        let event = watched.next().await?;
        Some((Ok(event), watched))
    });
    Ok(live::stream(&app, &by, &headers, events))
}

/// One open page.
struct Watched {
    app: App,
    number: u64,
    /// What the page shows, without what changes all the time.
    told: Rollout,
    /// What it is told first: the page was made a moment before its stream was opened.
    next: Option<Rollout>,
}

impl Watched {
    async fn next(&mut self) -> Option<Event> {
        let mut news = self.app.gateway_news.subscribe();
        loop {
            let found = match self.next.take() {
                Some(first) => first,
                None => state::rollout(&self.app, self.number).await.ok()?,
            };
            let steady = steady(&found);
            if steady != self.told {
                self.told = steady;
                let html = RolloutEvent { rollout: found }.render().ok()?;
                return Some(Event::default().data(html.trim()));
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                _ = news.changed() => {}
            }
        }
    }
}

/// What matters of a roll-out: a page that moved with every heartbeat could not be read.
fn steady(rollout: &Rollout) -> Rollout {
    let row = |row: &GatewayRow| GatewayRow {
        behind_us: row.behind_us.map(|_| 0),
        last_contact_us: 0,
        clock_off_us: 0,
        spool: Spool::default(),
        in_flight: 0,
        ..row.clone()
    };
    Rollout { gateways: rollout.gateways.iter().map(row).collect(), now_us: 0, ..rollout.clone() }
}
