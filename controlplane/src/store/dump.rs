//! Every row of every table, out of one database and into another: what a backup of the store is made of.
//!
//! Rows leave as JSON, one moment for all of them, and enter again in one transaction; SQLite and PostgreSQL read each
//! other's. Tables are found in the database itself, so that a new one cannot be forgotten.

use futures_util::TryStreamExt as _;
use serde_json::{Map, Value};
use sqlx::any::AnyRow;
use sqlx::{Any, AssertSqlSafe, Column as _, Connection as _, Row as _, Transaction};

use super::{Conn, Engine, Store, StoreError, migrate};

/// Where the record of migrations is: made by the restoring program itself.
const MIGRATIONS: &str = "schema_migration";

/// One moment of the database, to read from as long as it lives.
pub(crate) struct Moment<'a> {
    transaction: Transaction<'a, Any>,
    engine: Engine,
}

impl Store {
    /// Holds on to this moment of the database: what is written from now on is not seen.
    pub(crate) async fn moment<'a>(&self, reading: &'a mut super::Reading) -> Result<Moment<'a>, StoreError> {
        let begin = match self.engine {
            Engine::Sqlite => "BEGIN",
            Engine::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        let mut transaction = reading.begin_with(begin).await?;
        // The moment is that of the first question.
        let _: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM setting").fetch_one(&mut *transaction).await?;
        Ok(Moment { transaction, engine: self.engine })
    }
}

impl Moment<'_> {
    /// The connection, for questions about the same moment.
    pub(crate) fn conn(&mut self) -> &mut Conn {
        &mut self.transaction
    }

    /// The newest migration that was applied.
    pub(crate) async fn version(&mut self) -> Result<i64, StoreError> {
        migrate::version(&mut self.transaction).await
    }

    /// All tables, each behind those it refers to.
    pub(crate) async fn tables(&mut self) -> Result<Vec<String>, StoreError> {
        tables(&mut self.transaction, self.engine).await
    }

    /// Hands out every row of the table; returns how many there were.
    pub(crate) async fn rows(
        &mut self,
        table: &str,
        mut each: impl FnMut(Map<String, Value>) -> std::io::Result<()>,
    ) -> Result<u64, StoreError> {
        let sql = AssertSqlSafe(format!("SELECT * FROM \"{table}\""));
        let mut rows = sqlx::query(sql).fetch(&mut *self.transaction);
        let mut count = 0;
        while let Some(row) = rows.try_next().await? {
            each(read(&row, table)?).map_err(sqlx::Error::Io)?;
            count += 1;
        }
        Ok(count)
    }
}

fn read(row: &AnyRow, table: &str) -> Result<Map<String, Value>, StoreError> {
    let mut fields = Map::new();
    for column in row.columns() {
        let (place, name) = (column.ordinal(), column.name());
        let number = row.try_get::<Option<i64>, _>(place).map(|number| number.map(Value::from));
        let value =
            number.or_else(|_| row.try_get::<Option<String>, _>(place).map(|text| text.map(Value::from)));
        let value =
            value.map_err(|error| StoreError::damaged("table", table, &format!("{name}: {error}")))?;
        fields.insert(name.to_owned(), value.unwrap_or(Value::Null));
    }
    Ok(fields)
}

/// All tables but the record of migrations, each behind those it refers to.
async fn tables(conn: &mut Conn, engine: Engine) -> Result<Vec<String>, StoreError> {
    let (all, references) = match engine {
        Engine::Sqlite => (
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
            "SELECT m.name, f.\"table\" FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f \
             WHERE m.type = 'table'",
        ),
        Engine::Postgres => (
            "SELECT CAST(table_name AS TEXT) FROM information_schema.tables \
             WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' ORDER BY 1",
            "SELECT CAST(child.relname AS TEXT), CAST(parent.relname AS TEXT) FROM pg_constraint c \
             JOIN pg_class child ON child.oid = c.conrelid JOIN pg_class parent ON parent.oid = c.confrelid \
             WHERE c.contype = 'f'",
        ),
    };
    let all: Vec<(String,)> = sqlx::query_as(all).fetch_all(&mut *conn).await?;
    let references: Vec<(String, String)> = sqlx::query_as(references).fetch_all(conn).await?;
    let all = all.into_iter().map(|(name,)| name).filter(|name| name != MIGRATIONS).collect();
    Ok(in_order(all, &references))
}

/// Whoever is referred to comes first. A circle would keep its order of names.
fn in_order(mut waiting: Vec<String>, references: &[(String, String)]) -> Vec<String> {
    let mut placed: Vec<String> = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let is_free = |table: &String| {
            let mut parents = references.iter().filter(|(child, parent)| child == table && parent != table);
            parents.all(|(_, parent)| placed.contains(parent) || !waiting.contains(parent))
        };
        let (mut free, held): (Vec<String>, Vec<String>) = waiting.iter().cloned().partition(is_free);
        if free.is_empty() {
            placed.extend(held);
            break;
        }
        placed.append(&mut free);
        waiting = held;
    }
    placed
}

impl Store {
    /// Whether anybody has used this database: a control plane takes its first steps once.
    pub(crate) async fn is_used(&self) -> Result<bool, StoreError> {
        let used: i64 = sqlx::query_scalar(
            "SELECT (SELECT COUNT(*) FROM workspace) + (SELECT COUNT(*) FROM person) + (SELECT COUNT(*) FROM audit)",
        )
        .fetch_one(&mut *self.read().await?)
        .await?;
        Ok(used > 0)
    }
}

/// Empties every table, for the rows that come instead. Undone if the transaction does not commit.
pub(crate) async fn delete_everything(conn: &mut Conn, engine: Engine) -> Result<(), StoreError> {
    for table in tables(conn, engine).await?.iter().rev() {
        let sql = AssertSqlSafe(format!("DELETE FROM \"{table}\""));
        sqlx::query(sql).execute(&mut *conn).await?;
    }
    Ok(())
}

/// Enters a row of a backup.
pub(crate) async fn create_row(
    conn: &mut Conn,
    table: &str,
    row: &Map<String, Value>,
) -> Result<(), StoreError> {
    let is_name =
        |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_name(table) || !row.keys().all(|name| is_name(name)) {
        return Err(StoreError::damaged("table", table, "the backup has a name in it that is none"));
    }
    let filled: Vec<(&String, &Value)> = row.iter().filter(|(_, value)| !value.is_null()).collect();
    let names: Vec<String> = filled.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let places: Vec<String> = (1..=filled.len()).map(|place| format!("${place}")).collect();
    let sql = format!("INSERT INTO \"{table}\" ({}) VALUES ({})", names.join(", "), places.join(", "));
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for (_, value) in filled {
        query = match value.as_i64() {
            Some(number) => query.bind(number),
            None => query.bind(value.as_str().unwrap_or_default().to_owned()),
        };
    }
    query.execute(conn).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::{postgres, sqlite};

    #[test]
    fn whoever_is_referred_to_comes_first() {
        let names = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
        let refers = |child: &str, parent: &str| (child.to_owned(), parent.to_owned());
        let order = in_order(names, &[refers("a", "c"), refers("c", "d"), refers("b", "b")]);
        assert_eq!(order, ["b", "d", "c", "a"]);
    }

    async fn everything(store: &Store) -> Vec<(String, Map<String, Value>)> {
        let mut reading = store.read().await.unwrap();
        let mut moment = store.moment(&mut reading).await.unwrap();
        let mut all = Vec::new();
        for table in moment.tables().await.unwrap() {
            moment
                .rows(&table, |row| {
                    all.push((table.clone(), row));
                    Ok(())
                })
                .await
                .unwrap();
        }
        all
    }

    async fn enter(store: &Store, rows: &[(String, Map<String, Value>)]) {
        let mut writing = store.write().await.unwrap();
        delete_everything(&mut writing, store.engine()).await.unwrap();
        for (table, row) in rows {
            create_row(&mut writing, table, row).await.unwrap();
        }
        writing.commit().await.unwrap();
    }

    #[tokio::test]
    async fn every_row_arrives_in_the_other_database_and_comes_back_the_same() {
        let from = sqlite().await;
        let mut writing = from.store.write().await.unwrap();
        for sql in [
            "INSERT INTO person VALUES ('p_1', 'a@example.com', 'Zoë “Z”', 'hash', 5, NULL, 7)",
            "INSERT INTO person_role VALUES ('p_1', '*', 'admin', 1)",
            "INSERT INTO workspace VALUES ('ws_1', '123', 'test', 'full', 30, -9223372036854775807, 400)",
            "INSERT INTO key (id, workspace_id, name, hash, ends_with, settings_json, created_us, created_by, \
             expires_us, revoked_us, last_used_us) VALUES ('key_1', 'ws_1', 'k', 'h', 'e', '{}', 1, 'p_1', NULL, 7, NULL)",
        ] {
            sqlx::query(sql).execute(&mut *writing).await.unwrap();
        }
        writing.commit().await.unwrap();
        let rows = everything(&from.store).await;
        assert!(rows.iter().any(|(table, row)| table == "workspace" && row["name"] == "123"));
        let other = match postgres().await {
            Some(place) => place,
            None => sqlite().await,
        };
        enter(&other.store, &rows).await;
        assert!(other.store.is_used().await.unwrap());
        let there = everything(&other.store).await;
        let back = sqlite().await;
        enter(&back.store, &there).await;
        assert_eq!(everything(&back.store).await, rows);
        other.store.close().await;
    }

    #[tokio::test]
    async fn a_backup_cannot_bring_in_sql() {
        let place = sqlite().await;
        let mut writing = place.store.write().await.unwrap();
        let row = Map::from_iter([("id\") SELECT".to_owned(), Value::from("x"))]);
        assert!(create_row(&mut writing, "person", &row).await.is_err());
        assert!(create_row(&mut writing, "person\"; DROP", &Map::new()).await.is_err());
    }
}
