//! Where the built binaries, the engine's library and the repository are.

use std::path::PathBuf;

/// The root of the checkout.
#[must_use]
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// A binary of this workspace, built with the same profile as the tests.
#[must_use]
pub fn built(name: &str) -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let profile = tests.ancestors().find(|folder| folder.join("deps").is_dir()).expect("a target folder");
    let path = profile.join(name);
    assert!(path.exists(), "{} is not built: run `make test`, which builds it first", path.display());
    path
}

/// The engine's library, as `make` fetched it.
#[must_use]
pub fn engine_library() -> PathBuf {
    let path = std::env::var_os("WEIR_CHDB_LIB")
        .map_or_else(|| root().join(".tools/engine/libchdb.so"), PathBuf::from);
    assert!(
        path.exists(),
        "the embedded engine is missing at {}: run `make test`, which fetches it",
        path.display()
    );
    path
}
