//! Conversations over a WebSocket. Until the provider has answered they are requests like all others; then client and
//! provider speak for as long as they like, and what passes is listened to.
//!
//! | module | holds |
//! | --- | --- |
//! | [`handshake`] | what a client must send to open one, and what the provider is sent |
//! | [`session`] | events both ways, and how it ends |
//! | [`ending`] | what each end means for the record and for both sides |
//! | [`kept`] | the events that are kept, without their sound |

mod ending;
mod handshake;
mod kept;
mod session;

pub(crate) use handshake::{
    Awaited, Knock, key_in_protocol, knock, model_in, open_to_provider, opened, query_to_provider,
};
pub(crate) use session::{Opened, open};
