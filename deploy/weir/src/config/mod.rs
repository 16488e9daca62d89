//! Configuration: defaults < file (TOML) < environment (`WEIR_…`) < flags, merged as a tree of known keys.
//!
//! The tree of known keys is the defaults themselves, so that a key cannot exist without a default and a
//! documented place in the example file. Anything else is an error with the nearest name.

mod merge;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use weir_contract::plan::nearest;
use weir_controlplane::ControlConfig;
use weir_gateway::GatewayConfig;

/// Everything that can be configured. `deploy/weir.example.toml` shows every key with its default.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Where everything that must survive a restart is kept.
    pub(crate) data: PathBuf,
    /// Production mode: no demo provider, no grants for loopback addresses.
    pub(crate) production: bool,
    /// What is logged, in `tracing` filter syntax (`info`, `weir_gateway=debug,info`).
    pub(crate) log: String,
    /// Log lines as JSON instead of text.
    pub(crate) log_json: bool,
    /// The archive.
    pub(crate) clickhouse: ClickhouseConfig,
    /// The demo provider.
    pub(crate) demo: DemoConfig,
    /// The data plane.
    pub(crate) gateway: GatewayConfig,
    /// The control plane.
    pub(crate) control: ControlConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from(".weir"),
            production: false,
            log: "info".to_owned(),
            log_json: false,
            clickhouse: ClickhouseConfig::default(),
            demo: DemoConfig::default(),
            gateway: GatewayConfig::default(),
            control: ControlConfig::default(),
        }
    }
}

/// The archive: a server by URL, else the embedded engine.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ClickhouseConfig {
    /// A ClickHouse server's HTTP URL. Empty: the embedded engine is started.
    pub(crate) url: String,
    /// User on that server.
    pub(crate) user: String,
    /// Its password.
    pub(crate) password: String,
    /// The database, created when it is missing.
    pub(crate) database: String,
    /// Port of the embedded engine on loopback; the next free one when it is taken, any free one when 0.
    pub(crate) port: u16,
}

impl Default for ClickhouseConfig {
    fn default() -> Self {
        Self {
            url: String::new(),
            user: "default".to_owned(),
            password: String::new(),
            database: "weir".to_owned(),
            port: 8123,
        }
    }
}

/// The demo provider: answers without any account. Never started in production mode.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DemoConfig {
    /// Whether `weir up` starts it.
    pub(crate) enabled: bool,
    /// Its port on loopback; any free one when 0 or taken.
    pub(crate) port: u16,
    /// Same seed, same answers.
    pub(crate) seed: u64,
}

impl Default for DemoConfig {
    fn default() -> Self {
        Self { enabled: true, port: 8083, seed: 1 }
    }
}

/// Variables that are not configuration: read by tests, by tools and by the engine's loader.
const OTHER_VARIABLES: &[&str] = &[
    "WEIR_CONFIG",
    "WEIR_CHDB_LIB",
    "WEIR_RECORDINGS",
    "WEIR_EVAL",
    "WEIR_PRICES",
    "WEIR_PROVE",
    "WEIR_API_TOKEN",
];

impl Config {
    /// Reads the configuration. `sets` are `key.path=value` flags, strongest last. The error is a sentence.
    pub(crate) fn load(
        file: Option<&Path>,
        variables: impl Iterator<Item = (String, String)>,
        sets: &[(String, String)],
    ) -> Result<Self, String> {
        let mut tree = serde_json::to_value(Self::default()).map_err(|error| error.to_string())?;
        let known = merge::leaves(&tree);
        if let Some(path) = file {
            let text = std::fs::read_to_string(path).map_err(|error| {
                format!("the configuration file {} cannot be read: {error}", path.display())
            })?;
            let table: toml::Table =
                toml::from_str(&text).map_err(|error| format!("in {}: {error}", path.display()))?;
            let given = serde_json::to_value(table).map_err(|error| error.to_string())?;
            merge::overlay(&mut tree, &given, "")
                .map_err(|unknown| unknown_key(&unknown, &path.display().to_string(), &known))?;
        }
        for (name, text) in variables.filter(|(name, _)| is_configuration(name)) {
            let path = known.iter().find(|path| variable_of(path) == name);
            let path = path.ok_or_else(|| unknown_variable(&name, &known))?;
            merge::set(&mut tree, path, &text).map_err(|reason| format!("{name}: {reason}"))?;
        }
        for (path, text) in sets {
            if !known.contains(path) {
                return Err(unknown_key(path, "the flags", &known));
            }
            merge::set(&mut tree, path, text).map_err(|reason| format!("{path}: {reason}"))?;
        }
        read(tree)
    }

    /// Paths of all keys, dotted.
    #[cfg(test)]
    pub(crate) fn known_keys() -> Vec<String> {
        merge::leaves(&serde_json::to_value(Self::default()).unwrap_or(Value::Null))
    }
}

fn is_configuration(name: &str) -> bool {
    name.starts_with("WEIR_") && !name.starts_with("WEIR_TEST_") && !OTHER_VARIABLES.contains(&name)
}

fn variable_of(path: &str) -> String {
    format!("WEIR_{}", path.replace('.', "_").to_uppercase())
}

fn read(tree: Value) -> Result<Config, String> {
    serde_json::from_value(tree).map_err(|error| format!("the configuration does not fit: {error}"))
}

fn unknown_key(path: &str, place: &str, known: &[String]) -> String {
    let near = nearest(path, known.iter().map(String::as_str));
    let hint = if near.is_empty() { String::new() } else { format!(" Did you mean {}?", near.join(" or ")) };
    format!("there is no configuration key `{path}` ({place}).{hint}")
}

fn unknown_variable(name: &str, known: &[String]) -> String {
    let names: Vec<String> = known.iter().map(|path| variable_of(path)).collect();
    let near = nearest(name, names.iter().map(String::as_str));
    let hint = if near.is_empty() { String::new() } else { format!(" Did you mean {}?", near.join(" or ")) };
    format!("the environment variable {name} is not one of Weir's.{hint}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(file: &str, variables: &[(&str, &str)], sets: &[(&str, &str)]) -> Result<Config, String> {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("weir.toml");
        std::fs::write(&path, file).unwrap();
        let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        Config::load(Some(&path), pairs(variables).into_iter(), &pairs(sets))
    }

    #[test]
    fn flags_beat_the_environment_which_beats_the_file() {
        let file = "log = \"file\"\n[clickhouse]\ndatabase = \"file\"\nuser = \"file\"\n";
        let config = load(
            file,
            &[("WEIR_CLICKHOUSE_DATABASE", "env"), ("WEIR_CLICKHOUSE_USER", "env"), ("HOME", "/")],
            &[("clickhouse.user", "flag"), ("demo.seed", "7")],
        )
        .unwrap();
        assert_eq!((config.log.as_str(), config.clickhouse.database.as_str()), ("file", "env"));
        assert_eq!((config.clickhouse.user.as_str(), config.demo.seed), ("flag", 7));
    }

    #[test]
    fn an_unknown_key_is_an_error_with_the_nearest_name() {
        let error = load("[clickhouse]\ndatabse = \"x\"\n", &[], &[]).unwrap_err();
        assert!(error.contains("`clickhouse.databse`") && error.contains("clickhouse.database"), "{error}");
        let error = load("", &[("WEIR_CLICKHOUSE_URI", "x")], &[]).unwrap_err();
        assert!(error.contains("WEIR_CLICKHOUSE_URL"), "{error}");
        let error = load("", &[], &[("demo.sead", "1")]).unwrap_err();
        assert!(error.contains("demo.seed"), "{error}");
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_named() {
        let error = load("", &[("WEIR_DEMO_SEED", "many")], &[]).unwrap_err();
        assert!(error.contains("WEIR_DEMO_SEED") && error.contains("number"), "{error}");
        assert!(load("demo = 3\n", &[], &[]).is_err());
    }

    #[test]
    fn every_key_stands_in_the_example_file() {
        let example = include_str!("../../../weir.example.toml");
        let table: toml::Table = toml::from_str(&uncommented(example)).unwrap();
        let shown = merge::leaves(&serde_json::to_value(table).unwrap());
        let missing: Vec<String> =
            Config::known_keys().into_iter().filter(|key| !shown.contains(key)).collect();
        assert!(missing.is_empty(), "not in deploy/weir.example.toml: {missing:?}");
        let config = load(&uncommented(example), &[], &[]);
        assert!(config.is_ok(), "the example file is not a valid configuration: {config:?}");
    }

    /// Keys without a default stand commented out (`#key = "…"`); for the comparison they count.
    fn uncommented(example: &str) -> String {
        let is_key = |line: &&str| line.starts_with('#') && !line.starts_with("# ") && line.contains(" = ");
        example
            .lines()
            .map(|line| if is_key(&line) { &line[1..] } else { line })
            .collect::<Vec<_>>()
            .join("\n")
    }
}
