//! What both sides of Weir must answer identically. Pure: no I/O, no async, no clock, no float; knows nobody.
//!
//! | module | holds |
//! | --- | --- |
//! | [`id`] | names of things |
//! | [`money`] | nano-dollars, and the one function that rounds |
//! | [`usage`] | what a call consumed, as disjoint buckets |
//! | [`price`] | rates, the price book, and the one rating function |
//! | [`policy`] | snapshot (what is sent) and policy (what runs); sealing and signing |
//! | [`plan`] | the outcome of routing for one request, and why |
//! | [`filter`] | the one filter grammar: text → AST |
//! | [`record`] | what is remembered of a request |
//! | [`sync`] | messages between gateways and control plane |
//! | [`clock`] | time and randomness, injected |
//! | [`schema`] | versions of the tables both sides rely on |
#![deny(clippy::float_arithmetic)]

pub mod clock;
pub mod filter;
pub mod id;
pub mod money;
pub mod plan;
pub mod policy;
pub mod price;
pub mod record;
pub mod schema;
pub mod sync;
pub mod usage;
