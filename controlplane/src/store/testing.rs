//! A store for a test: SQLite in a folder of its own, or a PostgreSQL database of its own.
//!
//! PostgreSQL is the server named by `WEIR_TEST_POSTGRES_URL`, else one made of the programs in the folder
//! `WEIR_TEST_POSTGRES`, started once for all tests of this binary and gone with it.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::str::FromStr as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::any::AnyConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

use super::Store;
use crate::testing::NOW_US;

/// A store, and what must live as long as it.
pub(crate) struct Place {
    pub(crate) store: Store,
    _folder: tempfile::TempDir,
}

pub(crate) async fn sqlite() -> Place {
    let folder = tempfile::tempdir().unwrap();
    Place { store: Store::open(None, folder.path(), NOW_US).await.unwrap(), _folder: folder }
}

/// `None` without a server: the test then says so and proves nothing.
pub(crate) async fn postgres() -> Option<Place> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let Some(server) = server() else {
        eprintln!("left out: neither WEIR_TEST_POSTGRES_URL nor WEIR_TEST_POSTGRES is set");
        return None;
    };
    sqlx::any::install_default_drivers();
    let name = format!("weir_store_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst));
    let options = AnyConnectOptions::from_str(server).unwrap();
    let mut conn = sqlx::AnyConnection::connect_with(&options).await.unwrap();
    conn.execute(sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name}")))).await.unwrap();
    let (base, _) = server.rsplit_once('/').unwrap();
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(Some(&format!("{base}/{name}")), folder.path(), NOW_US).await.unwrap();
    Some(Place { store, _folder: folder })
}

fn server() -> Option<&'static str> {
    static SERVER: OnceLock<Option<(String, Option<Child>)>> = OnceLock::new();
    let found = SERVER.get_or_init(|| {
        let named = std::env::var("WEIR_TEST_POSTGRES_URL").ok().map(|url| (url, None));
        named.or_else(|| std::env::var("WEIR_TEST_POSTGRES").ok().map(|programs| start(&programs)))
    });
    found.as_ref().map(|(url, _)| url.as_str())
}

/// Lives until its input ends, which is when the test binary does: nothing stays behind, however the tests end.
const SERVER: &str = r#"
folder=$(mktemp -d) && chmod 755 "$folder"
"$0/initdb" -D "$folder/data" --auth=trust --username=weir --no-sync --encoding=UTF8 --locale=C >/dev/null || exit 1
"$0/postgres" -D "$folder/data" -p "$1" -k "$folder" -c listen_addresses=127.0.0.1 -c fsync=off \
    -c max_connections=400 2>/dev/null &
server=$!
until "$0/pg_isready" -q -h 127.0.0.1 -p "$1"; do kill -0 $server || exit 1; done
echo ready
cat >/dev/null
kill -QUIT $server
wait $server
rm -rf "$folder"
"#;

fn start(programs: &str) -> (String, Option<Child>) {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    // PostgreSQL refuses to run as root: then somebody unprivileged runs it.
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
    let mut command = if is_root { Command::new("setpriv") } else { Command::new("sh") };
    if is_root {
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "sh"]);
    }
    command.args(["-c", SERVER, programs, &port.to_string()]).current_dir("/");
    let mut shell = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(shell.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n", "PostgreSQL in {programs} did not start");
    (format!("postgres://weir@127.0.0.1:{port}/postgres"), Some(shell))
}

/// The same promises on both databases.
macro_rules! on_both {
    ($($promise:ident)+) => {
        mod on_sqlite {
            $(#[tokio::test]
            async fn $promise() {
                let place = crate::store::testing::sqlite().await;
                super::$promise(&place.store).await;
            })+
        }
        mod on_postgres {
            $(#[tokio::test]
            async fn $promise() {
                if let Some(place) = crate::store::testing::postgres().await {
                    super::$promise(&place.store).await;
                    place.store.close().await;
                }
            })+
        }
    };
}
pub(crate) use on_both;
