//! The promises of the embedded engine, kept by the real one: what it serves, what it refuses, what survives its death,
//! and that the archive's tables do on it what the books rely on.
//!
//! Short by default; `WEIR_PROVE=1` runs the long forms.

#[cfg(test)]
mod archive;
#[cfg(test)]
mod death;
#[cfg(test)]
mod house;
#[cfg(test)]
mod refusal;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod serving;
