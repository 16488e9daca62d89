//! `GET /requests/events`: says how many requests came since the page was made. The rows of the page stay where they are.

use std::convert::Infallible;

use axum::extract::{Query, State};
use axum::response::sse::{Event, Sse};
use futures_util::stream::{self, Stream};
use http::HeaderMap;
use weir_web::Template;
use weir_web::page::requests::LiveEvent;

use super::query::Asked;
use crate::app::App;
use crate::archive::Scope;
use crate::archive::requests::Place;
use crate::auth::{Allowed, ReadFigures, live};
use crate::error::AppError;
use crate::requests::live::{Arrivals, Watched};

/// `GET /requests/events`
pub(in crate::page) async fn show(
    by: Allowed<ReadFigures>,
    State(app): State<App>,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, AppError> {
    let scope = Scope::of(&app, &by, "requests.events").await?;
    let resolved = asked.resolve(&app, &by).await?.map_err(|error| AppError::BadRequest(error.message))?;
    let Place::After(since) = resolved.place else {
        return Err(AppError::BadRequest("say with `after` which row is the newest you have".to_owned()));
    };
    // A browser that comes back says what it heard last: the same is not told twice.
    let told = headers.get("last-event-id").and_then(|value| value.to_str().ok()?.parse().ok());
    let watched = Watched { scope, filter: resolved.by_id, since, told };
    let href = asked.link().live(true).href();
    let events = stream::unfold((app.clone(), watched, href), |(app, mut watched, href)| async move {
        let event = match watched.next(&app).await {
            Ok(arrivals) => message(arrivals, &href)?,
            Err(error) => {
                tracing::warn!(%error, "a live list of requests waits for the archive");
                tokio::time::sleep(PAUSE).await;
                Event::default().comment("the archive does not answer")
            }
        };
        Some((Ok(event), (app, watched, href)))
    });
    Ok(live::stream(&app, &by, &headers, events))
}

/// How long an archive that failed is left alone.
const PAUSE: std::time::Duration = std::time::Duration::from_secs(5);

fn message(arrivals: Arrivals, href: &str) -> Option<Event> {
    let count = u64::try_from(arrivals.count).unwrap_or(u64::MAX);
    let html = LiveEvent { count, more: arrivals.more, href: href.to_owned() }.render().ok()?;
    Some(Event::default().id(arrivals.newest.to_string()).data(html.trim()))
}
