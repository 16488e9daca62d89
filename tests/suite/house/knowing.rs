//! Who may know whom: crates, and the libraries that belong to one folder.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;
use weir_tests::binary::root;

use super::source::{is_test, rust};

/// The only arrows between our crates (`docs/ARCHITECTURE.md`).
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("weir-contract", &[]),
    ("weir-wire", &["weir-contract"]),
    ("weir-guard", &["weir-contract"]),
    ("weir-egress", &["weir-contract"]),
    ("weir-gateway", &["weir-contract", "weir-egress", "weir-guard", "weir-wire"]),
    ("weir-web", &["weir-contract"]),
    ("weir-controlplane", &["weir-contract", "weir-egress", "weir-guard", "weir-web", "weir-wire"]),
    ("weir", &["weir-contract", "weir-controlplane", "weir-gateway"]),
    ("weir-clickhouse", &[]),
    ("weir-tests", &["weir-contract", "weir-controlplane", "weir-gateway", "weir-web", "weir-wire"]),
];

#[test]
fn crates_know_only_whom_they_may() {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let allowed: BTreeMap<&str, BTreeSet<&str>> =
        MAY_KNOW.iter().map(|(name, others)| (*name, others.iter().copied().collect())).collect();
    for package in metadata["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        let known =
            allowed.get(name).unwrap_or_else(|| panic!("{name} is not in the table of who may know whom"));
        // Tests may use the harness; the harness itself knows nothing but contract.
        let harness = |other: &&Value| other["kind"] == "dev" && other["name"] == "weir-tests";
        let dependencies = package["dependencies"].as_array().unwrap().iter().filter(|other| !harness(other));
        let names = dependencies.map(|other| other["name"].as_str().unwrap());
        let ours: BTreeSet<&str> = names.filter(|other| other.starts_with("weir")).collect();
        let too_many: Vec<_> = ours.difference(known).collect();
        assert!(too_many.is_empty(), "{name} must not know {too_many:?}");
    }
}

#[test]
fn a_library_stays_in_the_folder_it_belongs_to() {
    let rules: &[(&str, &[&str])] = &[
        ("sqlx::", &["controlplane/src/store/"]),
        ("clickhouse::", &["controlplane/src/archive/", "gateway/src/spool/"]),
    ];
    for source in rust()
        .iter()
        .filter(|source| !is_test(&source.path) && !source.path.starts_with("deploy/clickhouse/"))
    {
        for (library, folders) in rules {
            let at_home = folders.iter().any(|folder| source.path.starts_with(folder));
            let names = |line: &&str| {
                let line = line.trim_start();
                !line.starts_with("//")
                    && line.match_indices(library).any(|(at, _)| {
                        !line[..at].ends_with([':', '_', '.']) && !line[..at].ends_with(char::is_alphanumeric)
                    })
            };
            let first = source.text.lines().find(names);
            assert!(
                at_home || first.is_none(),
                "{}: `{library}` belongs to {folders:?}: {first:?}",
                source.path
            );
        }
    }
}

#[test]
fn unsafe_code_stays_with_the_engine() {
    let word = ["un", "safe "].concat();
    for source in rust().iter().filter(|source| !source.path.starts_with("deploy/clickhouse/")) {
        let found = source
            .text
            .lines()
            .find(|line| line.trim_start().starts_with(&word) || line.contains(&format!(" {word}{{")));
        assert!(found.is_none(), "{}: {found:?}", source.path);
    }
}
