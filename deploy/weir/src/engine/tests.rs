//! The supervisor against the real engine. They need the program built and the library fetched, and say so.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::*;

fn launch(data: &Path) -> Launch {
    let binary = find_binary().expect("build it first: cargo build -p weir-clickhouse");
    let fetched = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools/engine/libchdb.so");
    let library = std::env::var_os("WEIR_CHDB_LIB").map_or(fetched, PathBuf::from);
    assert!(
        library.is_file(),
        "the engine library is missing at {}: run deploy/setup/engine.sh",
        library.display()
    );
    Launch { binary, library: Some(library), data: data.to_owned() }
}

fn is_gone(pid: u32) -> bool {
    !Path::new(&format!("/proc/{pid}")).exists()
}

#[tokio::test]
async fn a_killed_engine_comes_back_on_its_port_and_a_stopped_one_is_gone() {
    let data = tempfile::tempdir().unwrap();
    let engine = Engine::launch(launch(data.path()), 0).await.unwrap();
    let first = engine.pid.load(Ordering::Relaxed);
    let killed = Command::new("kill").args(["-9", &first.to_string()]).status().unwrap();
    assert!(killed.success());
    let begun = Instant::now();
    while engine.pid.load(Ordering::Relaxed) == first {
        assert!(begun.elapsed() < Duration::from_secs(30), "no new child");
        tokio::task::yield_now().await;
    }
    let port = engine.url().rsplit(':').next().unwrap().parse::<u16>().unwrap();
    std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();

    let last = engine.pid.load(Ordering::Relaxed);
    engine.shutdown().await;
    assert!(is_gone(first) && is_gone(last), "a child outlived its end");
}

#[tokio::test]
async fn a_second_start_on_a_folder_in_use_says_so_and_what_to_do() {
    let data = tempfile::tempdir().unwrap();
    let engine = Engine::launch(launch(data.path()), 0).await.unwrap();
    let refused = Engine::launch(launch(data.path()), 0).await.unwrap_err().to_string();
    assert!(refused.contains("already uses") && refused.contains("--data"), "{refused}");
    assert!(engine.user() == "weir" && engine.password().len() == 48);
    let pid = engine.pid.load(Ordering::Relaxed);
    drop(engine);
    assert!(is_gone(pid), "dropping ends the child too");
}

#[tokio::test]
async fn a_missing_library_is_one_clear_sentence() {
    let data = tempfile::tempdir().unwrap();
    let launch = Launch { library: Some("/nowhere/libchdb.so".into()), ..launch(data.path()) };
    let refused = Engine::launch(launch, 0).await.unwrap_err().to_string();
    assert!(refused.contains("WEIR_CLICKHOUSE_URL"), "{refused}");
}
