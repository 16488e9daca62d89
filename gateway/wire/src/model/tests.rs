//! The promises of reading conversations.

use super::*;
