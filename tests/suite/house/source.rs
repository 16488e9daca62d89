//! The tracked files of the checkout, and what is code in them.

use std::path::Path;
use std::process::Command;

use weir_tests::binary::root;

/// A tracked file.
pub struct Source {
    /// Path from the root, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// All tracked and new text files (what `git ls-files` and the ignore rules say), filtered by path.
pub fn files(wanted: impl Fn(&str) -> bool) -> Vec<Source> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git lists the files");
    let listed = String::from_utf8(listed.stdout).unwrap();
    let readable = |path: &str| std::fs::read_to_string(root().join(path)).ok();
    let found: Vec<Source> = listed
        .lines()
        .filter(|path| wanted(path) && Path::new(&root().join(path)).is_file())
        .filter_map(|path| Some(Source { path: path.to_owned(), text: readable(path)? }))
        .collect();
    assert!(!found.is_empty(), "the file list must not be empty");
    found
}

/// All Rust files.
pub fn rust() -> Vec<Source> {
    files(|path| path.ends_with(".rs"))
}

/// Whether the file is a test as a whole.
pub fn is_test(path: &str) -> bool {
    path.starts_with("tests/")
        || path.contains("/tests/")
        || path.ends_with("/tests.rs")
        || path.contains("/sample/")
}

impl Source {
    /// The lines before the tests inside the file.
    pub fn product_lines(&self) -> Vec<&str> {
        self.text.lines().take_while(|line| *line != "#[cfg(test)]").collect()
    }
}
