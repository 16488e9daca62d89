//! What an operator may choose about the spool and the archive it feeds.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::SpoolError;

/// Section `spool`: the journal on disk that every record goes through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpoolConfig {
    /// Folder of the journal. Empty: `spool` in the gateway's data folder.
    pub dir: PathBuf,
    /// What "written" means before an answer's last byte leaves.
    pub durability: Durability,
    /// Size of one journal file, bytes. Allocated ahead.
    pub segment_bytes: u64,
    /// Most undelivered bytes kept on disk. From 80 % of it bodies are left out, at 100 % `when_full` decides.
    pub bytes_max: u64,
    /// Most bytes waiting in memory for the disk; beyond it bodies are left out.
    pub queue_bytes_max: u64,
    /// What happens to requests while the journal cannot be written.
    pub when_full: WhenFull,
    /// How long delivered files are kept for a replay after the archive lost its last seconds, seconds.
    pub retain_seconds: u64,
    /// Most bytes of delivered files kept for that.
    pub retain_bytes: u64,
}

/// What "written" means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Durability {
    /// Handed to the operating system; on the medium within 100 ms. A killed process loses nothing, a power cut 100 ms.
    #[default]
    Relaxed,
    /// On the medium. A power cut loses no answered request; every answer waits for the disk.
    Strict,
}

/// What happens to requests while the journal cannot be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenFull {
    /// Answer them; count them by key, customer, model and hour, and write the sums when there is room again.
    #[default]
    Serve,
    /// Refuse them with 503.
    Reject,
}

impl Default for SpoolConfig {
    fn default() -> Self {
        Self {
            dir: PathBuf::new(),
            durability: Durability::Relaxed,
            segment_bytes: 64 << 20,
            bytes_max: 16 << 30,
            queue_bytes_max: 64 << 20,
            when_full: WhenFull::Serve,
            retain_seconds: 15 * 60,
            retain_bytes: 1 << 30,
        }
    }
}

impl SpoolConfig {
    /// The smallest journal file that still holds a useful batch.
    pub const SEGMENT_BYTES_MIN: u64 = 64 << 10;

    /// Whether the numbers can work together; the error names the field.
    pub fn check(&self) -> Result<(), SpoolError> {
        let wrong = |message: String| Err(SpoolError::Config(message));
        if self.dir.as_os_str().is_empty() {
            return wrong("spool.dir is empty: name a folder the gateway may write to".to_owned());
        }
        if self.segment_bytes < Self::SEGMENT_BYTES_MIN || self.segment_bytes > 1 << 30 {
            return wrong(format!(
                "spool.segment_bytes is {}: choose between {} and {}",
                self.segment_bytes,
                Self::SEGMENT_BYTES_MIN,
                1 << 30
            ));
        }
        if self.bytes_max < self.segment_bytes.saturating_mul(4) {
            return wrong(format!(
                "spool.bytes_max is {}: it must hold at least four files of spool.segment_bytes ({})",
                self.bytes_max, self.segment_bytes
            ));
        }
        if self.queue_bytes_max < 1 << 20 {
            return wrong(format!(
                "spool.queue_bytes_max is {}: give it at least 1 MiB",
                self.queue_bytes_max
            ));
        }
        Ok(())
    }
}

/// Section `archive`: the ClickHouse that records are delivered to.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ArchiveConfig {
    /// HTTP address, `http://host:8123` or `https://…`. Empty: nothing is delivered to an archive yet, the spool keeps it.
    pub url: String,
    /// User.
    pub user: String,
    /// Its password.
    pub password: String,
    /// Database of the tables.
    pub database: String,
}

impl std::fmt::Debug for ArchiveConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { url, user, password: _, database } = self;
        f.debug_struct("ArchiveConfig")
            .field("url", url)
            .field("user", user)
            .field("database", database)
            .finish_non_exhaustive()
    }
}

impl Default for ArchiveConfig {
    fn default() -> Self {
        Self {
            url: String::new(),
            user: "default".to_owned(),
            password: String::new(),
            database: "weir".to_owned(),
        }
    }
}
