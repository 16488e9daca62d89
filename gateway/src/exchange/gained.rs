//! What a provider gave, ready to be passed on, and what went wrong when it gave nothing.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use hyper::upgrade::OnUpgrade;
use weir_contract::record::{Outcome, Side};
use weir_wire::completion::Told;
use weir_wire::{Answer, FaultKind, UpstreamFault};

use super::reading::Reading;
use super::translation::Translation;
use crate::upstream::Upstream;

/// An answer of a provider.
pub(crate) struct Gained {
    /// Who gave it.
    pub(crate) upstream: Arc<Upstream>,
    /// Its status.
    pub(crate) status: StatusCode,
    /// Its headers, all of them.
    pub(crate) headers: HeaderMap,
    /// What was sent to get it.
    pub(crate) sent: Bytes,
    /// How it was translated, where the provider speaks another dialect.
    pub(crate) translation: Option<Arc<Translation>>,
    /// How it was asked, where its host has words of its own.
    pub(crate) told: Option<Arc<Told>>,
    /// Its body.
    pub(crate) body: GainedBody,
}

/// The body of an answer.
pub(crate) enum GainedBody {
    /// All of it is here.
    Whole(Box<WholeBody>),
    /// It has begun; its first content is here.
    Stream(Box<Reading>),
    /// It agreed to talk over a WebSocket.
    Session(OnUpgrade),
}

/// An answer in one piece.
pub(crate) struct WholeBody {
    /// What passes.
    pub(crate) body: Bytes,
    /// What the provider sent, where it differs.
    pub(crate) received: Option<Bytes>,
    /// What was read of it.
    pub(crate) answer: Answer,
    /// Kinds of parts that the caller's dialect has no word for.
    pub(crate) lost: Vec<String>,
}

/// An attempt that came to nothing.
pub(crate) struct Failure {
    /// What went wrong.
    pub(crate) fault: UpstreamFault,
    /// The provider's own words, to be passed on when nobody else can answer.
    pub(crate) gained: Option<Gained>,
}

/// How a failure is recorded.
pub(crate) const fn outcome_of(kind: FaultKind) -> (Outcome, Side) {
    match kind {
        FaultKind::BadRequest | FaultKind::ContextLength | FaultKind::TooLarge | FaultKind::ContentFilter => {
            (Outcome::ClientError, Side::Client)
        }
        FaultKind::Timeout => (Outcome::Timeout, Side::Provider),
        _ => (Outcome::UpstreamError, Side::Provider),
    }
}

/// Whether a failure says that the endpoint itself is in trouble.
pub(crate) const fn is_trouble(kind: FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::Server | FaultKind::Timeout | FaultKind::Connect | FaultKind::Overloaded | FaultKind::Cut
    )
}
