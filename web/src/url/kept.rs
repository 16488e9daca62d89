//! Links of what is kept of the list of requests: saved views and exports.

use super::{EXPORTS, VIEWS, escaped};

/// One kept view: where its new name is posted.
#[must_use]
pub fn view(id: &str) -> String {
    format!("{VIEWS}/{}", escaped(id))
}

/// Where deleting a kept view is asked (GET) and done (POST).
#[must_use]
pub fn view_deletion(id: &str) -> String {
    format!("{VIEWS}/{}/deletion", escaped(id))
}

/// One export.
#[must_use]
pub fn export(id: &str) -> String {
    format!("{EXPORTS}/{}", escaped(id))
}

/// The event stream of an export's progress.
#[must_use]
pub fn export_events(id: &str) -> String {
    format!("{EXPORTS}/{}/events", escaped(id))
}

/// The file of an export.
#[must_use]
pub fn export_file(id: &str) -> String {
    format!("{EXPORTS}/{}/file", escaped(id))
}

/// Where cancelling or removing an export is posted.
#[must_use]
pub fn export_deletion(id: &str) -> String {
    format!("{EXPORTS}/{}/deletion", escaped(id))
}
