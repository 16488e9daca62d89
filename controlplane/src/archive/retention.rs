//! Taking out what a workspace keeps no longer. What reaches the age it was written with goes by whole partitions, by
//! itself; this is for a workspace that keeps less than what is there was written with. Sums stay.

use serde::Serialize;

use super::{Archive, ArchiveError};

/// What a workspace keeps: everything younger than this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Calls and what the guardrails found in them, from then on, µs UTC.
    pub(crate) calls_from_us: i64,
    /// Bodies from then on, µs UTC.
    pub(crate) bodies_from_us: i64,
}

/// How many rows went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Forgotten {
    /// Rows of calls.
    pub(crate) calls: u64,
    /// Rows of bodies.
    pub(crate) bodies: u64,
}

impl Archive {
    /// Removes what the workspace keeps no longer; returns when it is gone.
    pub(crate) async fn forget(&self, workspace: &str, kept: Kept) -> Result<Forgotten, ArchiveError> {
        let bodies = self.remove_before("llm_bodies", "started_at", workspace, kept.bodies_from_us).await?;
        self.remove_before("guardrail_events", "at", workspace, kept.calls_from_us).await?;
        let calls = self.remove_before("llm_calls", "started_at", workspace, kept.calls_from_us).await?;
        Ok(Forgotten { calls, bodies })
    }

    /// Counts first: a mutation costs something even where it finds nothing, and most of the time there is nothing.
    async fn remove_before(
        &self,
        table: &str,
        time: &str,
        workspace: &str,
        from_us: i64,
    ) -> Result<u64, ArchiveError> {
        let condition = format!(
            "workspace_id = {{workspace:String}} AND {time} < fromUnixTimestamp64Micro({{from_us:Int64}}, 'UTC')"
        );
        let count = self.client.query_raw(&format!("SELECT count() FROM {table} WHERE {condition}"));
        let count = count.param("workspace", workspace).param("from_us", from_us).fetch_one::<u64>().await?;
        if count > 0 {
            let delete = self.client.query_raw(&format!("ALTER TABLE {table} DELETE WHERE {condition}"));
            let delete = delete.param("workspace", workspace).param("from_us", from_us);
            delete.with_setting("mutations_sync", "2").execute().await?;
        }
        Ok(count)
    }
}
