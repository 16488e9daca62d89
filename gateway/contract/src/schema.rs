//! Versions of the tables: the control plane migrates to them, a gateway only checks.

/// Number of the newest file in `migrations/clickhouse`; a house test holds the two together.
pub const ARCHIVE_VERSION: u32 = 8;
