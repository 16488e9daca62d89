//! Providers' formats: bytes in, meaning out, and back. Pure: no I/O, no clock, no task.
//!
//! Everything we act on is read where it stands; everything else keeps its bytes. A format is a variant of
//! [`Dialect`] with a folder of its own, and each folder speaks to the same neutral words:
//!
//! | module | holds |
//! | --- | --- |
//! | [`dialect`], [`api`] | which formats and which routes there are |
//! | [`json`] | one fast pass over JSON text: guard, places of members, lazy views |
//! | [`splice`], [`rewrap`] | changing a few bytes of a body and no others; other members at its top |
//! | [`sse`], [`array`] | event streams: a decoder, and a splitter for relaying event by event; the same for arrays that grow |
//! | [`form`] | multipart bodies: their fields, found where they stand |
//! | [`host`] | hosts that serve a format in a wrapping of their own: address and body |
//! | [`converse`] | Bedrock's wrapping for models of every vendor: told from and to Anthropic's messages |
//! | [`cohere`], [`ollama`] | providers' own words for chat completions and embeddings; [`completion`] is what they share |
//! | [`quirks`] | how those who copied OpenAI's format deviate from it: a row each |
//! | [`peek`] | what the gateway must know of a request, and the body to send upstream |
//! | [`stream`] | reading an answer event by event; [`answer`] is what remains |
//! | [`fault`] | what went wrong upstream, whatever shape it came in; [`error`] says it in the caller's dialect |
//! | [`model`] | the internal conversation: what guards, pages and translations read |
//! | [`translate`] | a request for another dialect's target, and its answer back, through the model |
//! | [`batch`] | what many requests in one body name, and what many results in one body consumed |
//! | [`count`] | an upper bound of a request's input tokens, for holds |
//! | [`counter`] | asking a provider for a request's input tokens: across dialects, in hosts' words |
//! | [`openai`], [`responses`], [`anthropic`], [`gemini`] | the codecs |

pub mod answer;
pub mod anthropic;
pub mod api;
pub mod array;
pub mod batch;
pub mod cohere;
pub mod completion;
pub mod converse;
pub mod count;
pub mod counter;
pub mod dialect;
pub mod error;
pub mod fault;
pub mod form;
#[cfg(test)]
mod fuzz;
pub mod gemini;
pub mod host;
pub mod json;
pub mod model;
pub mod ollama;
pub mod openai;
pub mod peek;
pub mod quirks;
pub mod responses;
pub mod rewrap;
pub mod splice;
pub mod sse;
pub mod stream;
pub mod translate;

#[cfg(test)]
mod fixtures;

pub use answer::{Answer, first_chars, read_answer, read_answer_events, read_answer_of};
pub use api::{Api, Route, Work};
pub use array::Elements;
pub use dialect::Dialect;
pub use error::{ApiError, ErrorSource, WireError, write_array_error, write_error, write_stream_error};
pub use fault::{FaultKind, UpstreamFault, read_error};
pub use peek::{Peek, forward, peek, peek_on};
pub use quirks::Quirks;
pub use sse::{Event, Frame, Frames, SseDecoder, SseError, SseLimits};
pub use stream::{Observed, StreamEvent, StreamReader};
