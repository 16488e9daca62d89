//! What both sides of Weir must answer identically. Pure: no I/O, no async, no clock, no float; knows nobody.
//!
//! | module | holds |
//! | --- | --- |
//! | [`id`] | names of things |
//! | [`money`] | nano-dollars, and the one function that rounds |
//! | [`usage`] | what a call consumed, as disjoint buckets |
//! | [`price`] | rates, the price book, and the one rating function |
#![deny(clippy::float_arithmetic)]

pub mod id;
pub mod money;
pub mod price;
pub mod usage;
