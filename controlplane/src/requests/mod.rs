//! What pages and API ask of requests beyond one question to the archive.
//!
//! | file | answers |
//! | --- | --- |
//! | [`histogram`] | the window cut into round pieces, counted as cheaply as the question allows |
//! | [`live`] | which requests came since somebody looked |

pub(crate) mod histogram;
pub(crate) mod live;
