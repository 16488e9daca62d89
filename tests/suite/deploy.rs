//! What is shipped for deployment, checked as far as it can be without a container engine.

use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;
use weir_tests::binary::{built, root};
use yaml_rust2::{Yaml, YamlLoader};

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Whether `weir` takes that command line and environment as a whole configuration.
fn is_accepted(arguments: &[&str], variables: &[(String, String)]) -> Result<(), String> {
    let mut weir = Command::new(built("weir"));
    weir.env_clear().args(arguments).arg("--check-config").stdin(Stdio::null());
    let ended = weir.envs(variables.iter().map(|(name, value)| (name, value))).output().unwrap();
    if ended.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&ended.stderr).into_owned()) }
}

fn text(yaml: &Yaml) -> &str {
    yaml.as_str().unwrap_or_else(|| panic!("not a text: {yaml:?}"))
}

#[test]
fn the_compose_file_is_whole_health_gated_and_configures_what_exists() {
    let all = YamlLoader::load_from_str(&read("deploy/compose.yaml")).unwrap();
    let services = &all[0]["services"];
    let weir = &services["weir"];
    for needed in ["postgres", "clickhouse"] {
        assert_eq!(text(&weir["depends_on"][needed]["condition"]), "service_healthy");
        assert!(!services[needed]["healthcheck"]["test"].is_badvalue(), "{needed} says whether it is well");
    }
    for (name, service) in services.as_hash().unwrap() {
        for mount in service["volumes"].as_vec().unwrap() {
            let (source, _) = text(mount).split_once(':').unwrap();
            assert!(
                all[0]["volumes"].as_hash().unwrap().contains_key(&Yaml::String(source.to_owned())),
                "{name:?}"
            );
        }
    }
    assert_eq!(weir["read_only"].as_bool(), Some(true));
    let file =
        root().join("deploy").join(text(&weir["build"]["context"])).join(text(&weir["build"]["dockerfile"]));
    assert!(file.is_file(), "{}", file.display());
    let environment = weir["environment"].as_hash().unwrap();
    let variables: Vec<(String, String)> =
        environment.iter().map(|(name, value)| (text(name).to_owned(), text(value).to_owned())).collect();
    let command: Vec<&str> = weir["command"].as_vec().unwrap().iter().map(text).collect();
    is_accepted(&command, &variables).unwrap();
    let unknown = [variables, vec![("WEIR_CLICKHOUSE_PASSWROD".to_owned(), "x".to_owned())]].concat();
    assert!(is_accepted(&command, &unknown).unwrap_err().contains("WEIR_CLICKHOUSE_PASSWORD"));
}

/// The instructions of a Dockerfile, continued lines joined.
fn instructions(text: &str) -> Vec<(String, String)> {
    let joined = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect::<Vec<_>>()
        .join("\n")
        .replace("\\\n", " ");
    let lines = joined.lines().filter_map(|line| line.trim().split_once(' '));
    lines.map(|(word, rest)| (word.to_owned(), rest.trim().to_owned())).collect()
}

#[test]
fn the_image_copies_what_is_there_runs_as_nobody_and_starts_what_exists() {
    let all = instructions(&read("deploy/Dockerfile"));
    let of = |word: &str| -> Vec<String> {
        all.iter().filter(|(name, _)| name == word).map(|(_, rest)| rest.clone()).collect()
    };
    for copied in of("COPY").iter().filter(|rest| !rest.contains("--from")) {
        let words: Vec<&str> = copied.split_whitespace().collect();
        for source in &words[..words.len() - 1] {
            assert!(root().join(source).exists(), "COPY {source}");
        }
    }
    for script in of("RUN") {
        let checked = Command::new("sh").args(["-n", "-c", &script]).output().unwrap();
        assert!(checked.status.success(), "{script}");
        for word in script.split([' ', '"', '(', ')']).filter(|word| word.starts_with("deploy/")) {
            assert!(root().join(word).is_file(), "RUN {word}");
        }
    }
    // The build needs every member of the workspace, even those it does not build.
    let copied = of("COPY").join(" ");
    for member in
        read("Cargo.toml").lines().filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix("\","))
    {
        let folder = member.split('/').next().unwrap();
        assert!(copied.split_whitespace().any(|word| word == folder), "{member} is not copied");
    }
    assert_eq!(of("USER"), ["weir"]);
    assert_eq!((of("ENTRYPOINT"), of("CMD")), (vec![r#"["weir"]"#.to_owned()], vec![r#"["up"]"#.to_owned()]));
    let channel = read("rust-toolchain.toml");
    let image = of("FROM")[0].split(['-', ' ']).next().unwrap().replace("rust:", "channel = \"");
    assert!(channel.contains(&image), "the image has the toolchain of {channel}");
    let variables: Vec<(String, String)> = of("ENV")[0]
        .split_whitespace()
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    is_accepted(&["up"], &variables).unwrap();
    assert!(of("HEALTHCHECK")[0].ends_with(r#"CMD ["weir", "health"]"#));
}

const UNITS: [&str; 3] = ["weir", "weir-control", "weir-gateway"];

/// A unit as it would be on this machine: our binary, a configuration that is there.
fn localised(name: &str, config: &Path) -> String {
    let unit = read(&format!("deploy/systemd/{name}.service"));
    let binary = built("weir").display().to_string();
    unit.replace("/usr/local/bin/weir", &binary).replace("/etc/weir/weir.toml", &config.display().to_string())
}

#[test]
fn the_units_start_what_exists_with_flags_it_takes() {
    let folder = TempDir::new().unwrap();
    let config = folder.path().join("weir.toml");
    std::fs::copy(root().join("deploy/weir.example.toml"), &config).unwrap();
    for name in UNITS {
        let unit = localised(name, &config);
        let start = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
        let words: Vec<&str> = start.split_whitespace().skip(1).collect();
        is_accepted(&words, &[]).unwrap();
        for restriction in
            ["NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet=\n", "User=weir"]
        {
            assert!(unit.contains(restriction), "{name}: {restriction}");
        }
    }
}

#[test]
fn systemd_finds_nothing_wrong_with_the_units() {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        eprintln!("left out: there is no systemd-analyze on this machine");
        return;
    }
    let folder = TempDir::new().unwrap();
    let config = folder.path().join("weir.toml");
    std::fs::write(&config, "").unwrap();
    for name in UNITS {
        let path = folder.path().join(format!("{name}.service"));
        std::fs::write(&path, localised(name, &config)).unwrap();
        let verified =
            Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&path).output().unwrap();
        let said = String::from_utf8_lossy(&verified.stderr);
        let ours: Vec<&str> = said.lines().filter(|line| line.contains(name)).collect();
        assert!(ours.is_empty(), "{name}: {ours:?}");
        let exposure = Command::new("systemd-analyze")
            .args(["security", "--offline=true", "--threshold=25", "--no-pager"])
            .arg(&path)
            .output()
            .unwrap();
        assert!(exposure.status.success(), "{name}: {}", String::from_utf8_lossy(&exposure.stdout));
    }
}
