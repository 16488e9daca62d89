//! What a reader relies on: every file says why it exists, maps name every room, links lead somewhere, promises are documented.

use std::path::Path;

use weir_contract::schema::ARCHIVE_VERSION;
use weir_tests::binary::root;

use super::source::{files, rust};

#[test]
fn every_file_opens_by_saying_why_it_exists() {
    for source in rust() {
        let first = source.text.lines().next().unwrap_or("");
        let generated = first.contains("generated");
        assert!(first.starts_with("//!") && first.len() > 8 || generated, "{}: {first:?}", source.path);
    }
}

#[test]
fn the_map_of_a_crate_names_its_rooms() {
    for map in rust()
        .iter()
        .filter(|source| source.path.ends_with("src/lib.rs") || source.path == "deploy/weir/src/main.rs")
    {
        // Rooms that only tests enter need not be on the map.
        let lines: Vec<&str> = map.text.lines().collect();
        let product = lines.windows(2).filter(|pair| pair[0] != "#[cfg(test)]").map(|pair| pair[1]);
        let modules = product.filter_map(|line| {
            let line = line.trim_start_matches("pub(crate) ").trim_start_matches("pub ");
            line.strip_prefix("mod ")?.strip_suffix(';')
        });
        let words: String = map.text.lines().filter(|line| line.starts_with("//!")).collect();
        for module in modules {
            assert!(words.contains(&format!("`{module}`")), "{}: the map does not name `{module}`", map.path);
        }
    }
}

#[test]
fn links_in_the_documents_lead_somewhere() {
    for page in files(|path| path.ends_with(".md")) {
        let folder = root().join(&page.path).parent().unwrap().to_path_buf();
        for link in page.text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or("");
            let outside = file.is_empty() || file.contains("://") || file.starts_with("mailto:");
            assert!(outside || Path::new(&folder.join(file)).exists(), "{}: {link} leads nowhere", page.path);
        }
    }
}

#[test]
fn every_metric_is_documented() {
    let documented = std::fs::read_to_string(root().join("docs/operating/metrics.md")).unwrap();
    let sources = files(|path| path.starts_with("gateway/src/telemetry/") && path.ends_with(".rs"));
    let mut count = 0;
    for name in sources.iter().flat_map(|source| source.text.split('"')).filter(|text| is_metric(text)) {
        assert!(documented.contains(name), "{name} is not in docs/operating/metrics.md");
        count += 1;
    }
    assert!(count > 10, "the scanner must find the metrics: {count}");
}

fn is_metric(text: &str) -> bool {
    let known = ["weir_", "gen_ai_", "http_server_"].iter().any(|start| text.starts_with(start));
    known && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

#[test]
fn the_archive_version_is_the_newest_migration() {
    let numbers = files(|path| path.starts_with("migrations/clickhouse/") && path.ends_with(".sql"));
    let newest = numbers
        .iter()
        .filter_map(|file| file.path.rsplit('/').next()?.split('_').next()?.parse::<u32>().ok())
        .max();
    assert_eq!(newest, Some(ARCHIVE_VERSION));
}
