//! Reads the migrations and fills their holes, as `migrations/README.md` defines them.

use std::path::Path;

use crate::house::Address;

/// Every file's statements, in order, for one node or for a cluster of that name.
pub(crate) fn statements(database: &str, cluster: Option<&str>) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/clickhouse");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "sql")) {
        let text = filled(&std::fs::read_to_string(file).unwrap(), database, cluster);
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let has_sql = |piece: &&str| {
            piece.lines().any(|line| !line.trim().is_empty() && !line.trim().starts_with("--"))
        };
        found.extend(text.split(";\n").filter(has_sql).map(|piece| (name.clone(), piece.to_owned())));
    }
    found
}

fn filled(text: &str, database: &str, cluster: Option<&str>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (hole, after) = after.split_once("}}").expect("a hole is closed");
        out.push_str(before);
        out.push_str(&fill(hole, database, cluster));
        rest = after;
    }
    out + rest
}

fn fill(hole: &str, database: &str, cluster: Option<&str>) -> String {
    let (name, argument) = hole.split_once(':').unwrap_or((hole, ""));
    match (name, cluster) {
        ("db", _) => database.to_owned(),
        ("on_cluster" | "local" | "distributed", None) => String::new(),
        ("on_cluster", Some(cluster)) => format!(" ON CLUSTER '{cluster}'"),
        ("local", Some(_)) => "_local".to_owned(),
        ("engine", None) => argument.to_owned(),
        ("engine", Some(_)) => {
            format!("Replicated{argument}('/clickhouse/tables/{{uuid}}/{{shard}}', '{{replica}}')")
        }
        ("window", None) => "non_replicated_deduplication_window = 100000".to_owned(),
        ("window", Some(_)) => {
            "replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 1209600"
                .to_owned()
        }
        ("distributed", Some(cluster)) => {
            let (table, key) = argument.split_once(':').expect("a table and its sharding key");
            format!(
                "CREATE TABLE IF NOT EXISTS {database}.{table} ON CLUSTER '{cluster}' AS {database}.{table}_local \
                 ENGINE = Distributed('{cluster}', {database}, {table}_local, {key})"
            )
        }
        _ => panic!("no such hole: {hole}"),
    }
}

/// Applies all of it.
pub(crate) async fn apply(address: &Address, database: &str) {
    for (file, sql) in statements(database, None) {
        let reply = address.send("", sql.clone()).await;
        assert_eq!(reply.status, 200, "{file}: {}\n{sql}", reply.text());
    }
}
