//! Taking rows out of the archive: all of a workspace, from every table, so that no sum still knows it.

use clickhouse::Row;
use serde::Deserialize;

use super::{Archive, ArchiveError};

#[derive(Row, Deserialize)]
struct Table {
    table: String,
}

impl Archive {
    /// Deletes everything of a workspace, and the manifests of the gateways that wrote nothing else.
    pub(crate) async fn erase_workspace(&self, workspace: &str, gateways: &str) -> Result<(), ArchiveError> {
        // Every table that names workspaces, so that a new one is not forgotten; views hold no rows.
        let sql = "SELECT DISTINCT table FROM system.columns WHERE database = currentDatabase() AND name = 'workspace_id' \
                   AND table IN (SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree')";
        let tables: Vec<Table> = self.client.query_raw(sql).fetch_all().await?;
        for Table { table } in tables {
            self.delete(&table, "workspace_id = {what:String}", workspace).await?;
        }
        self.delete("ingest_batches", "startsWith(gateway_id, {what:String})", gateways).await
    }

    /// Returns when the rows are gone.
    async fn delete(&self, table: &str, condition: &str, what: &str) -> Result<(), ArchiveError> {
        let sql = format!("ALTER TABLE {table} DELETE WHERE {condition}");
        let query = self.client.query_raw(&sql).param("what", what).with_setting("mutations_sync", "2");
        Ok(query.execute().await?)
    }
}
