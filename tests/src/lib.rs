//! The whole house, lived in: harness and stories against the real binaries.
