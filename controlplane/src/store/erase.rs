//! Taking a workspace out of the app database with all that belongs to it. Only sample traffic is ever erased like this:
//! what real people did is kept.

use super::{Conn, StoreError};

/// Deletes a workspace with its books, customers and keys; returns how many customers it had.
pub(crate) async fn delete_workspace(
    conn: &mut Conn,
    workspace: &str,
    gateways: &str,
) -> Result<u64, StoreError> {
    for sql in [
        "DELETE FROM ledger_entry WHERE workspace_id = $1",
        "DELETE FROM customer_bound WHERE key_id IN (SELECT id FROM key WHERE workspace_id = $1)",
    ] {
        sqlx::query(sql).bind(workspace).execute(&mut *conn).await?;
    }
    let of_gateways = format!("{gateways}%");
    sqlx::query("DELETE FROM ledger_batch WHERE gateway_id LIKE $1")
        .bind(of_gateways)
        .execute(&mut *conn)
        .await?;
    let customers = sqlx::query("DELETE FROM customer WHERE workspace_id = $1").bind(workspace);
    let customers = customers.execute(&mut *conn).await?.rows_affected();
    for sql in ["DELETE FROM key WHERE workspace_id = $1", "DELETE FROM workspace WHERE id = $1"] {
        sqlx::query(sql).bind(workspace).execute(&mut *conn).await?;
    }
    Ok(customers)
}
