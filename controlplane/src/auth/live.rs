//! Pages that stay open: an event stream ends when whoever opened it may not see it any more, or sees other things than then.
//!
//! Rights change in the store, by this control plane or by another on the same database. An open stream therefore looks there
//! for itself, so often that it ends within a second; a browser comes back at once, and then passes the door anew.

use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{Stream, StreamExt as _};
use http::HeaderMap;

use super::allowed::presented;
use super::permission::Permission;
use super::{Actor, Allowed, Presented, session};
use crate::api_tokens;
use crate::app::App;
use crate::error::AppError;

/// How often it is looked whether the reader still may.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Events for as long as the reader may see them and the program runs.
pub(crate) fn stream<P: Permission, S>(
    app: &App,
    by: &Allowed<P>,
    headers: &HeaderMap,
    events: S,
) -> Sse<impl Stream<Item = Result<Event, Infallible>> + use<P, S>>
where
    S: Stream<Item = Result<Event, Infallible>> + Send + 'static,
{
    let (app, headers, then) = (app.clone(), headers.clone(), Actor::clone(by));
    let stopping = app.stopping.clone();
    let shut = async move {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            if !is_the_same(&app, &headers, &then).await {
                break;
            }
        }
    };
    let open = events.take_until(stopping.cancelled_owned()).take_until(Box::pin(shut));
    Sse::new(open).keep_alive(KeepAlive::default())
}

/// Whether the reader is who they were, with the rights of then. A store that does not answer shuts nothing: it has not said no.
async fn is_the_same(app: &App, headers: &HeaderMap, then: &Actor) -> bool {
    let now = match presented(headers) {
        Presented::Bearer(token) => api_tokens::identify(app, token).await.map(Some),
        Presented::Session(token) => session::actor_of(app, token).await,
        Presented::Nothing => Ok(None),
    };
    match now {
        Ok(now) => now.is_some_and(|now| (now.id, now.grants) == (then.id.clone(), then.grants.clone())),
        Err(AppError::Unauthenticated) => false,
        Err(_) => true,
    }
}
