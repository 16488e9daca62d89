//! The promises of translating.
