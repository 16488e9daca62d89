//! What it refuses, and that every refusal carries ClickHouse's own number.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;

use crate::house::shared;

#[tokio::test]
async fn what_reaches_beyond_the_tables_is_refused() {
    let address = shared();
    for (sql, code) in [
        ("SELECT * FROM file('/etc/hostname', 'LineAsString')", 497),
        ("SELECT * FROM url('http://127.0.0.1:1/', 'CSV')", 497),
        ("SELECT * FROM remote('127.0.0.1', system.one)", 497),
        ("SELECT * FROM default.`/etc/hostname`", 497),
        ("CREATE TABLE default.f (a UInt8) ENGINE = File(CSV)", 497),
        ("INSERT INTO FUNCTION file('/tmp/weir-never', 'CSV') SELECT 1", 497),
        ("SELECT 1 INTO OUTFILE '/tmp/weir-never'", 497),
        ("/* x */ SELECT 1 INTO/**/OUTFILE '/tmp/weir-never' FORMAT CSV", 497),
        ("INSERT INTO t FROM INFILE '/etc/hostname' FORMAT CSV", 497),
        ("CREATE USER someone", 497),
    ] {
        let reply = address.send("", sql).await;
        assert_eq!(reply.code, Some(code), "{sql}: {}", reply.text());
    }
    assert!(!std::path::Path::new("/tmp/weir-never").exists());
}

#[tokio::test]
async fn what_is_not_one_statement_is_refused() {
    let address = shared();
    for sql in ["SELECT 1; SELECT 2", "SELECT 1; DROP TABLE t", "", "  -- nothing", "SELECT (", "\u{0}\u{1}"]
    {
        let reply = address.send("", sql).await;
        assert_eq!((reply.status, reply.code), (400, Some(62)), "{sql:?}: {}", reply.text());
    }
}

#[tokio::test]
async fn settings_and_encodings_nobody_knows_are_refused_not_ignored() {
    let address = shared();
    for (parameters, code) in [
        ("max_thread=1", 115),
        ("path=/tmp", 115),
        ("config-file=/tmp/x", 115),
        ("max_threads=many", 36),
        ("query_id=a%27b", 36),
        ("database=nowhere", 81),
    ] {
        let reply = address.send(parameters, "SELECT 1").await;
        assert_eq!(reply.code, Some(code), "{parameters}: {}", reply.text());
    }
    for encoding in ["gzip", "lz4", "br", "made-up"] {
        let request = Request::post(format!("{}/", address.url))
            .header("X-ClickHouse-Key", &address.password)
            .header("Content-Encoding", encoding)
            .body(Full::new(Bytes::from_static(b"SELECT 1")))
            .unwrap();
        assert_eq!(address.send_request(request).await.status, 415, "{encoding}");
    }
    assert_eq!(address.send("decompress=1", "SELECT 1, 'and some more bytes'").await.code, Some(271));
}

#[tokio::test]
async fn nobody_without_the_password_gets_more_than_the_health_check() {
    let address = shared();
    let get = |path: &str, key: &str| {
        let request = Request::get(format!("{}{path}", address.url)).header("X-ClickHouse-Key", key);
        request.body(Full::default()).unwrap()
    };
    assert_eq!(address.send_request(get("/ping", "")).await.ok(), "Ok.");
    let reply = address.send_request(get("/?query=SELECT+1", "wrong")).await;
    assert_eq!((reply.status, reply.code), (403, Some(516)));
    assert_eq!(address.send_request(get("/nothing", &address.password)).await.status, 404);
}

#[tokio::test]
async fn a_get_and_a_readonly_request_change_nothing() {
    let address = shared();
    let database = address.database().await;
    let request = Request::get(format!("{}/?query=DROP+DATABASE+{database}", address.url))
        .header("X-ClickHouse-Key", &address.password)
        .body(Full::default())
        .unwrap();
    assert_eq!(address.send_request(request).await.code, Some(164));
    let reply = address.send("readonly=1", "SELECT 1 SETTINGS max_execution_time = 7").await;
    assert_eq!(reply.code, Some(164), "{}", reply.text());
    assert_eq!(address.send("readonly=1", format!("DROP DATABASE {database}")).await.code, Some(164));
    let slow = "max_execution_time=1";
    assert_eq!(address.send(slow, "SELECT sum(number) FROM system.numbers").await.code, Some(159));
}
