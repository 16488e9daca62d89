//! The data plane: what a request touches.
