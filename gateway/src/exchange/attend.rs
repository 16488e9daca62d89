//! Attending a request from the moment its head is there: find its key, let it live, and see it to its end when its client
//! leaves or its own code fails.

use std::future::Future;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Instant;

use futures_util::future::BoxFuture;
use http::{Request, Response};
use hyper::body::Incoming;
use weir_wire::{Api, Dialect, Route, Work};

use super::answer::AnswerBody;
use super::{Exchange, admit, headers, key, live, models};
use crate::error::Refusal;
use crate::handles::Handles;

/// Serves one request.
pub(crate) async fn serve(
    handles: &Arc<Handles>,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Response<AnswerBody> {
    let arrived = Instant::now();
    let dialect = dialect_of(&request);
    let (gone, turned_away) = (Arc::new(AtomicBool::new(false)), |reason| handles.metrics.turn_away(reason));
    let in_flight = match InFlight::enter(handles) {
        Ok(in_flight) => in_flight,
        Err(refusal) => {
            turned_away("gateway_busy");
            return refusal.render(dialect, None);
        }
    };
    let Some(route) = Route::of(request.method().as_str(), request.uri().path()) else {
        turned_away("unknown_path");
        return Refusal::unknown_path(request.method(), request.uri().path()).render(dialect, None);
    };
    let (force, key) = match admit::identify(handles, &request) {
        Ok(known) => known,
        Err(refusal) => {
            turned_away(if refusal.error.status == 401 { "unknown_key" } else { "no_policy" });
            return refusal.render(dialect, None);
        }
    };
    let api = match (route.api, &route.model) {
        (Api::Models, Some(name)) => return models::show(&force, &key, dialect, name),
        (Api::Models, None) => return models::list(&force, &key, dialect),
        (Api::Key, _) => return key::show(handles, &force, &key),
        (api, _) => api,
    };
    let makes = matches!(api.work(), Work::Pass | Work::Batch) && request.method() == http::Method::POST;
    let free = api.work().is_free() || (matches!(api.work(), Work::Pass | Work::Batch) && !makes);
    let exchange = admit::begin(
        handles,
        admit::Arrival {
            force,
            key,
            api,
            dialect,
            free,
            peer: peer.ip(),
            arrived,
            gone: Arc::clone(&gone),
            in_flight,
        },
        &request,
    );
    let id = exchange.id_header.clone();
    let attended =
        Attended { life: Some(Box::pin(live(exchange, request))), gone, handles: Arc::clone(handles) };
    match attended.await {
        Some(response) => response,
        None => {
            Refusal::gateway(500, "the gateway failed while serving this request").render(dialect, Some(&id))
        }
    }
}

/// The dialect to answer in: the route's, else what the path or the headers betray.
fn dialect_of(request: &Request<Incoming>) -> Dialect {
    let (path, map) = (request.uri().path(), request.headers());
    let route = Route::of(request.method().as_str(), path);
    let below = route.as_ref().filter(|route| route.api == Api::Passthrough);
    let below = below.and_then(|route| Route::of(request.method().as_str(), route.rest));
    let spoken = below.or(route).filter(|route| !route.api.is_shared());
    match spoken {
        Some(route) => route.api.dialect(),
        None if map.contains_key(headers::ANTHROPIC_VERSION) => Dialect::Anthropic,
        None if path.starts_with("/v1beta") || headers::GOOGLE.iter().any(|name| map.contains_key(*name)) => {
            Dialect::Gemini
        }
        None => Dialect::OpenAi,
    }
}

/// A place among the requests in flight, given back on drop.
pub(crate) struct InFlight(Arc<Handles>);

impl InFlight {
    fn enter(handles: &Arc<Handles>) -> Result<Self, Refusal> {
        let retry_later = |words| {
            let refusal = Refusal::gateway(503, words);
            refusal.with(http::header::RETRY_AFTER, http::HeaderValue::from_static("1"))
        };
        if handles.is_draining() {
            return Err(retry_later(
                "this gateway is drained or about to stop: send the request again, another one will take it",
            ));
        }
        let before = handles.metrics.in_flight.inc();
        let entered = Self(Arc::clone(handles));
        if usize::try_from(before).unwrap_or(0) >= handles.config.limits.in_flight_max {
            return Err(retry_later(
                "this gateway serves as many requests as it can: send the request again",
            ));
        }
        Ok(entered)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.metrics.in_flight.dec();
    }
}

/// A life on a client's connection. When the connection is torn down before it has answered, it goes on by itself for a
/// while, so that what was asked of a provider is read to its end and paid for; when it panics, only it ends.
struct Attended {
    life: Option<BoxFuture<'static, Response<AnswerBody>>>,
    gone: Arc<AtomicBool>,
    handles: Arc<Handles>,
}

impl Future for Attended {
    type Output = Option<Response<AnswerBody>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(life) = self.life.as_mut() else { return Poll::Ready(None) };
        let polled = catch_unwind(AssertUnwindSafe(|| life.as_mut().poll(context)));
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(response)) => {
                self.life = None;
                Poll::Ready(Some(response))
            }
            Err(_) => {
                tracing::error!(
                    "serving a request panicked; the request is recorded as a failure of the gateway"
                );
                self.life = None;
                Poll::Ready(None)
            }
        }
    }
}

impl Drop for Attended {
    fn drop(&mut self) {
        let Some(life) = self.life.take() else { return };
        self.gone.store(true, Ordering::Relaxed);
        detach(&self.handles, async move { drop(life.await) });
    }
}

/// Lets work go on without its client: bounded in number and in time. Beyond the bounds it ends at once.
pub(crate) fn detach(handles: &Arc<Handles>, work: impl Future<Output = ()> + Send + 'static) {
    let Some(permit) = handles.drain_permit() else { return };
    let shared = Arc::clone(handles);
    let most = handles.config.timeouts.drain();
    handles.tasks.spawn_on(
        async move {
            shared.metrics.drains.inc();
            if tokio::time::timeout(most, work).await.is_err() {
                tracing::debug!("an upstream answer was not drained in time");
            }
            shared.metrics.drains.dec();
            drop(permit);
        },
        &handles.runtime,
    );
}

/// Whether an exchange's end may still be written: used where a drop must not lose it.
pub(crate) fn finish(exchange: &Exchange, work: impl Future<Output = ()> + Send + 'static) {
    exchange.handles.tasks.spawn_on(work, &exchange.handles.runtime);
}
