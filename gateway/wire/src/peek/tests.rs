//! The promises of peeking and forwarding: what is read, what is changed, and that nothing else is.

use super::*;
