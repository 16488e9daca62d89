//! JSON read where it stands: one pass guards a body and finds its members, a [`View`] reads one value of it,
//! [`JsonText`] writes.
//!
//! No tree is built. Strings are skipped by `memchr`, so a long prompt costs little more than copying it would.

mod scan;
mod top;
mod view;
mod write;

pub use scan::{DEPTH_MAX, ELEMENTS_MAX};
pub use top::{MEMBERS_MAX, Member, TopLevel, top_level};
pub use view::{Members, View};
pub use write::JsonText;

/// The text as a JSON string literal, quotes included.
#[must_use]
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
