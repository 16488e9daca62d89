//! Sample traffic: a month of a small company's requests, invented, so that every page can be seen full.
//!
//! | file | holds |
//! | --- | --- |
//! | `cast` | who asks, by which keys, which models, and what about |
//! | `rhythm` | how requests fall into days and hours |
//! | `request` | one request with its calls, rated by the built-in price book |
//! | `chance` | numbers that look random and come out the same for a seed |
//! | `write` | through the journal of a gateway of its own into archive and books |
//!
//! It never touches a provider, and all of it lies in one workspace that says what it is.

mod cast;
mod chance;
mod request;
mod rhythm;
mod write;

pub(crate) use cast::KEYS;
pub(crate) use chance::Chance;
pub(crate) use request::Author;
pub(crate) use rhythm::moments;
pub(crate) use write::write;
