//! The control plane: people, drafts, history.
