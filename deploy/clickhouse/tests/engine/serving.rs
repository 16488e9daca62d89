//! What it serves: the official client, every format, parameters, errors, and the end of queries nobody waits for.

use clickhouse::{Compression, Row};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use crate::house::{Address, proving, shared, until};

#[derive(Debug, Clone, PartialEq, Row, Serialize, Deserialize)]
struct Fact {
    id: u32,
    text: String,
    #[serde(with = "clickhouse::serde::uuid")]
    uuid: uuid::Uuid,
}

fn facts() -> Vec<Fact> {
    let texts = ["", "a\0b", "one\n\n\ntwo", "it's \"quoted\" `so` \\", "Grüße €", "FORMAT CSV\n", "'"];
    let fact = |id: u32| Fact {
        id,
        text: texts[id as usize % texts.len()].repeat(id as usize % 5 + 1),
        uuid: uuid::Uuid::from_u128(u128::from(id) << 64 | 7),
    };
    (0..5_000).map(fact).collect()
}

#[tokio::test]
async fn the_official_client_reads_back_exactly_what_it_wrote() {
    let address = shared();
    let database = address.database().await;
    for (table, compression, validation) in [
        ("plain", Compression::None, true),
        ("packed", Compression::Lz4, true),
        ("loose", Compression::None, false),
        ("loose_packed", Compression::Lz4, false),
    ] {
        let client = address
            .client()
            .with_database(&database)
            .with_compression(compression)
            .with_validation(validation);
        let ddl = format!(
            "CREATE TABLE {table} (id UInt32, text String, uuid UUID) ENGINE = MergeTree ORDER BY id"
        );
        client.query(&ddl).execute().await.unwrap();
        let mut insert = client.insert::<Fact>(table).await.unwrap();
        for fact in &facts() {
            insert.write(fact).await.unwrap();
        }
        insert.end().await.unwrap();
        let read =
            client.query(&format!("SELECT ?fields FROM {table} ORDER BY id")).fetch_all::<Fact>().await;
        assert!(read.unwrap() == facts(), "{table}");
        let none =
            client.query(&format!("SELECT ?fields FROM {table} WHERE id > 9999")).fetch_all::<Fact>().await;
        assert_eq!(none.unwrap(), [], "{table}");
    }
}

#[tokio::test]
async fn an_insert_broken_off_leaves_nothing() {
    let address = shared();
    let database = address.database().await;
    let client = address.client().with_database(&database);
    client
        .query("CREATE TABLE t (id UInt32, text String, uuid UUID) ENGINE = MergeTree ORDER BY id")
        .execute()
        .await
        .unwrap();
    let mut insert = client.insert::<Fact>("t").await.unwrap();
    for round in 0..20 {
        for fact in &facts() {
            insert.write(fact).await.unwrap();
        }
        assert!(round < 20);
    }
    drop(insert);
    let count = || address.run(format!("SELECT count() FROM {database}.t"));
    let running = || running(&address, "INSERT INTO t");
    until("the broken insert ends", async || running().await == 0).await;
    assert_eq!(count().await, "0");
}

#[tokio::test]
async fn an_error_after_good_rows_is_an_error_and_never_colours_the_next_answer() {
    let address = shared();
    let sql = "SELECT throwIf(number = 2500) AS n FROM numbers(3000) SETTINGS max_block_size = 500";
    let failed = address.client().query(sql).fetch_all::<u8>().await.unwrap_err().to_string();
    assert!(failed.contains("395"), "{failed}");
    for _ in 0..20 {
        address.send("", sql).await;
        assert_eq!(address.run("SELECT 'next'").await, "next");
    }
}

#[tokio::test]
async fn parameters_of_parallel_queries_are_never_crossed() {
    let address = shared();
    let each = if proving() { 250 } else { 25 };
    let mut tasks = JoinSet::new();
    for task in 0..16_u64 {
        let client = address.client();
        tasks.spawn(async move {
            for round in 0..each {
                let (number, text) = (task * 1_000 + round, format!("t{task}\n'r{round}"));
                let query =
                    client.query("SELECT {n:UInt64}, {s:String}").param("n", number).param("s", &text);
                assert_eq!(query.fetch_one::<(u64, String)>().await.unwrap(), (number, text));
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
}

async fn running(address: &Address, marker: &str) -> u64 {
    // The pattern is cut in two so that this query does not find itself.
    let (head, tail) = marker.split_at(1);
    let sql = format!("SELECT count() FROM system.processes WHERE query LIKE concat('%{head}', '{tail}%')");
    address.run(sql).await.parse().unwrap()
}

#[tokio::test]
async fn a_dropped_cursor_and_an_impatient_client_stop_their_queries() {
    let address = shared();
    let client = address.client().with_setting("max_execution_time", "600");
    let mut cursor =
        client.query("SELECT number AS cursor_marker FROM system.numbers").fetch::<u64>().unwrap();
    assert_eq!(cursor.next().await.unwrap(), Some(0));
    assert_eq!(running(&address, "cursor_marker FROM").await, 1);
    drop(cursor);
    until("the dropped cursor's query ends", async || running(&address, "cursor_marker FROM").await == 0)
        .await;

    let endless =
        client.query("SELECT sum(number) AS patience_marker FROM system.numbers").fetch_one::<u64>();
    let runs = until("the endless query runs", async || running(&address, "patience_marker FROM").await == 1);
    let mut endless = Box::pin(endless);
    tokio::select! {
        _ = &mut endless => panic!("an endless query ended"),
        () = runs => {}
    }
    drop(endless);
    until("the abandoned query ends", async || running(&address, "patience_marker FROM").await == 0).await;
}

#[tokio::test]
async fn an_answer_in_many_pieces_is_one_document_in_every_format() {
    let address = shared();
    let select = "SELECT number AS id, toString(number) AS text FROM numbers(3000)";
    for format in [
        "RowBinary",
        "RowBinaryWithNamesAndTypes",
        "TSV",
        "TSVWithNames",
        "TabSeparatedWithNamesAndTypes",
        "CSV",
        "CSVWithNames",
        "CSVWithNamesAndTypes",
        "JSONEachRow",
        "JSONCompactEachRowWithNames",
        "Values",
        "JSONCompact",
        "JSONColumns",
        "Pretty",
    ] {
        let parameters = format!("default_format={format}");
        let strip = |reply: crate::house::Reply| {
            assert_eq!(reply.status, 200, "{format}: {}", reply.text());
            String::from_utf8_lossy(&reply.body).split("\"statistics\"").next().unwrap().to_owned()
        };
        let pieces = strip(address.send(&format!("{parameters}&max_block_size=1000"), select).await);
        let whole = strip(address.send(&format!("{parameters}&wait_end_of_query=1"), select).await);
        assert!(pieces == whole, "{format}: the pieces do not join");
    }
    for format in ["Native", "Parquet", "ArrowStream"] {
        let database = address.database().await;
        address
            .run(format!("CREATE TABLE {database}.t (id UInt64, text String) ENGINE = MergeTree ORDER BY id"))
            .await;
        let sql = format!("{select} FORMAT {format}");
        let document = address.send("max_block_size=1000", sql).await;
        assert_eq!(document.status, 200, "{format}: {}", document.text());
        let insert = format!("database={database}&query=INSERT+INTO+t+FORMAT+{format}");
        address.send(&insert, document.body).await.ok();
        let found = address.run(format!("SELECT count(), sum(id), uniqExact(text) FROM {database}.t")).await;
        assert_eq!(found, "3000\t4498500\t3000", "{format}");
    }
}

#[tokio::test]
async fn data_may_stand_in_the_url_the_body_or_both() {
    let address = shared();
    let database = address.database().await;
    let to = format!("database={database}");
    address.send(&to, "CREATE TABLE t (a UInt32, s String) ENGINE = MergeTree ORDER BY a").await.ok();
    address.send(&to, "INSERT INTO t VALUES (1, 'a\n\n\nb'), (2, concat('x', 'y'));").await.ok();
    address.send(&format!("{to}&query=INSERT+INTO+t+FORMAT+CSV"), "3,\"c\n\nd\"\n").await.ok();
    address.send(&to, "INSERT INTO t (s, a) FORMAT JSONEachRow\n{\"a\": 4, \"s\": \"e\"}\n").await.ok();
    address.send(&format!("{to}&query=INSERT+INTO+t+VALUES"), "(5, 'f')").await.ok();
    address.send(&to, "INSERT INTO t SELECT 6, 'g'").await.ok();
    let packed = format!("{to}&compress=1");
    assert!(address.send(&packed, "SELECT 1").await.body.get(16) == Some(&0x82));
    let found = address.send(&to, "SELECT groupArray(s) FROM (SELECT s FROM t ORDER BY a)").await.ok();
    assert_eq!(found, r"['a\n\n\nb','xy','c\n\nd','e','f','g']");
}
