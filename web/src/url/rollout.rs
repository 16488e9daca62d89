//! Links of publishing, of gateways, and of the history of objects.

use super::{GATEWAYS, Query, escaped, revision};

/// The versions of an object.
#[must_use]
pub fn history(kind: &str, id: &str) -> String {
    format!("/history/{}/{}", escaped(kind), escaped(id))
}

/// Its versions below that one.
#[must_use]
pub fn history_before(kind: &str, id: &str, before: &i64) -> String {
    format!("{}{}", history(kind, id), Query::new().set("before", &before.to_string()))
}

/// Where restoring a version is asked (GET) and done (POST).
#[must_use]
pub fn version_restoration(kind: &str, id: &str, version: &i64) -> String {
    format!("{}/versions/{version}/restoration", history(kind, id))
}

/// Where discarding an unpublished change is asked (GET) and done (POST).
#[must_use]
pub fn history_discard(kind: &str, id: &str) -> String {
    format!("{}/discard", history(kind, id))
}

/// The event stream of a revision's roll-out.
#[must_use]
pub fn revision_events(number: &u64) -> String {
    format!("{}/events", revision(number))
}

/// Where draining a gateway is asked (GET) and done (POST).
#[must_use]
pub fn gateway_drain(id: &str) -> String {
    format!("{GATEWAYS}/{}/drain", escaped(id))
}

/// Where letting a drained gateway take requests again is posted.
#[must_use]
pub fn gateway_drain_end(id: &str) -> String {
    format!("{GATEWAYS}/{}/drain/end", escaped(id))
}

/// Where forgetting a gateway is asked (GET) and done (POST).
#[must_use]
pub fn gateway_deletion(id: &str) -> String {
    format!("{GATEWAYS}/{}/deletion", escaped(id))
}
