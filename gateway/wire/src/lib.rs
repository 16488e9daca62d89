//! Providers' formats: bytes in, meaning out, and back. Pure.
