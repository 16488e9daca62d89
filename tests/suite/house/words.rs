//! What must not stand in the repository: paths and tools of the place where it was written, work left undone.

use super::source::{files, is_test, rust};

/// Put together here so that this file does not contain them.
fn forbidden() -> Vec<String> {
    [["/wo", "rk/"], ["/tmp/br", "ief"], ["farm-", "studio"], ["/.lib", "rary"], ["fix", "me"], ["xx", "x:"]]
        .map(|parts| parts.concat())
        .to_vec()
}

#[test]
fn nothing_names_the_place_it_was_written_at() {
    let forbidden = forbidden();
    for source in files(|path| !path.ends_with("Cargo.lock") && !path.ends_with("book.jsonl")) {
        let text = source.text.to_lowercase();
        for word in &forbidden {
            let line = text.lines().find(|line| line.contains(word.as_str()));
            assert!(line.is_none(), "{}: {line:?}", source.path);
        }
    }
}

#[test]
fn nothing_is_left_for_later() {
    let words =
        [["to", "do!("], ["unimple", "mented!("], ["#[ig", "nore"], ["TO", "DO"]].map(|parts| parts.concat());
    for source in rust() {
        for word in &words {
            assert!(!source.text.contains(word.as_str()), "{}: {word}", source.path);
        }
    }
}

#[test]
fn no_background_task_is_without_an_owner() {
    let bare = ["tokio::", "spawn("].concat();
    for source in rust().iter().filter(|source| !is_test(&source.path)) {
        let found =
            source.text.lines().find(|line| line.contains(&bare) && !line.trim_start().starts_with("//"));
        assert!(found.is_none(), "{}: who waits for it? {found:?}", source.path);
    }
}
