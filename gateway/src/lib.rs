//! The data plane: what a request touches.

pub mod spool;
