//! `GET /welcome/events`: says once that the first request has come. The stream stays open, or a browser would come back
//! for the same message again and again.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, Sse};
use futures_util::stream::{self, Stream, StreamExt};
use http::HeaderMap;
use weir_web::Template;
use weir_web::page::welcome::ArrivedEvent;

use super::show::newest;
use crate::app::App;
use crate::archive::Scope;
use crate::auth::{Allowed, ReadSetup, live};
use crate::error::AppError;

/// How often the archive is asked while nothing was posted to the books.
const ASK_EVERY: Duration = Duration::from_millis(300);
/// How many times it is asked at most: an hour.
const ASKS_MAX: u32 = 12_000;

/// `GET /welcome/events`
pub(in crate::page) async fn show(
    by: Allowed<ReadSetup>,
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, AppError> {
    let scope = Scope::of(&app, &by, "welcome.events").await?;
    let message = stream::once(arrival(app.clone(), scope)).filter_map(|event| async move { event.map(Ok) });
    Ok(live::stream(&app, &by, &headers, message.chain(stream::pending())))
}

async fn arrival(app: App, scope: Scope) -> Option<Event> {
    let mut batches = app.watch_batches();
    for _ in 0..ASKS_MAX {
        if let Ok(Some(arrived)) = newest(&app, &scope).await {
            let html = ArrivedEvent { arrived }.render().ok()?;
            return Some(Event::default().id("arrived").data(html.trim()));
        }
        // A posted batch is in the archive a moment later; whichever of the two comes first is reason to look.
        tokio::select! {
            () = tokio::time::sleep(ASK_EVERY) => {}
            _ = batches.changed() => {}
        }
    }
    None
}
