//! What differs between two versions of an object, in words: never a credential, only that it changed.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::said::{Names, Said};

/// What happens to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// It comes.
    Added,
    /// It says something else.
    Changed,
    /// It goes.
    Removed,
}

impl How {
    /// As people read it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
        }
    }
}

/// What happens to one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Change {
    /// `endpoint`, `model`, …, or `price` for the prices of all targets.
    pub kind: String,
    /// The object's id; empty for prices.
    pub id: String,
    /// The version it comes to; 0 when it goes, and for prices. Two changes that read the same are told apart by it.
    pub version: i64,
    /// What it is called.
    pub name: String,
    /// What happens to it.
    pub how: How,
    /// What differs, one readable line each; of what comes, what matters most.
    pub lines: Vec<String>,
}

impl Change {
    /// The same as sentences that stand alone.
    pub(crate) fn sentences(&self) -> Vec<String> {
        let Self { kind, name, how, lines, .. } = self;
        let of = if name.is_empty() { kind.clone() } else { format!("{kind} {name}") };
        match how {
            How::Changed => lines.iter().map(|line| format!("{of}: {line}")).collect(),
            How::Added | How::Removed => vec![format!("{of}: {}", how.word())],
        }
    }
}

/// What happens to an object from one state to another; `None` when nothing does.
pub(crate) fn change(from: Option<&Said>, to: Option<&Said>, names: &Names) -> Option<Change> {
    let named = to.or(from)?;
    let (how, lines) = between(from, to, names);
    if how == How::Changed && lines.is_empty() {
        return None;
    }
    let (kind, id, name) = (named.kind.clone(), named.id.clone(), named.name.clone());
    let version = to.map_or(0, |said| said.version);
    Some(Change { kind, id, version, name, how, lines })
}

/// What one state made of the other, and in which lines.
pub(crate) fn between(from: Option<&Said>, to: Option<&Said>, names: &Names) -> (How, Vec<String>) {
    match (from, to) {
        (Some(from), Some(to)) => (How::Changed, fields(from, to, names)),
        (None, Some(to)) => (How::Added, essence(to, names)),
        (_, None) => (How::Removed, Vec::new()),
    }
}

/// What is said of an object that comes.
const ESSENCE: [&str; 2] = ["base_url", "targets"];

fn essence(said: &Said, names: &Names) -> Vec<String> {
    let told = ESSENCE.iter().filter_map(|field| said.body.get(*field).map(|value| (field, value)));
    told.map(|(field, value)| format!("{} {}", words(field), text(field, Some(value), names))).collect()
}

fn fields(from: &Said, to: &Said, names: &Names) -> Vec<String> {
    let mut lines = Vec::new();
    if from.name != to.name {
        lines.push(format!("name {} → {}", from.name, to.name));
    }
    if from.workspace != to.workspace {
        let owner =
            |id: &str| if id.is_empty() { "all workspaces".to_owned() } else { names.get(id).to_owned() };
        lines.push(format!("owned by {} → {}", owner(&from.workspace), owner(&to.workspace)));
    }
    for field in all_fields(&from.body, &to.body) {
        let (before, after) = (from.body.get(field), to.body.get(field));
        if before != after {
            lines.push(line(field, before, after, names));
        }
    }
    lines
}

/// The members of both, each once: those of what comes in its order, then those that go.
fn all_fields<'f>(from: &'f Map<String, Value>, to: &'f Map<String, Value>) -> impl Iterator<Item = &'f str> {
    let gone = from.keys().filter(|field| !to.contains_key(*field));
    to.keys().chain(gone).map(String::as_str)
}

fn line(field: &str, before: Option<&Value>, after: Option<&Value>, names: &Names) -> String {
    let (was, is) = (text(field, before, names), text(field, after, names));
    if was == is || matches!(field, "ca_pem" | "client_certificate") {
        return format!("{} changed", words(field));
    }
    let unit = if field.ends_with("_ms") { " ms" } else { "" };
    format!("{} {was} → {is}{unit}", words(field))
}

fn words(field: &str) -> String {
    field.trim_end_matches("_ms").replace('_', " ")
}

fn text(field: &str, value: Option<&Value>, names: &Names) -> String {
    match value {
        None | Some(Value::Null) => "none".to_owned(),
        Some(Value::String(text)) if text.is_empty() => "none".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(values)) if values.is_empty() => "none".to_owned(),
        Some(Value::Array(values)) => {
            let one = |value| {
                if field == "targets" { target(value, names) } else { text(field, Some(value), names) }
            };
            values.iter().map(one).collect::<Vec<_>>().join(if field == "targets" { ", then " } else { ", " })
        }
        Some(Value::Object(source)) if field == "credential" => credential(source),
        // Of a secret only whether there is one: ids and times of entering say nothing to a reader.
        Some(Value::Object(_)) => "stored".to_owned(),
        Some(other) => other.to_string(),
    }
}

fn target(value: &Value, names: &Names) -> String {
    let member = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    format!("{} at {}", member("upstream_model"), names.get(member("endpoint")))
}

fn credential(source: &Map<String, Value>) -> String {
    let member = |name: &str| source.get(name).and_then(Value::as_str).unwrap_or_default();
    match member("from") {
        "env" => format!("env:{}", member("name")),
        "file" => format!("file:{}", member("path")),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(kind: &str, id: &str, name: &str, body: Value) -> Said {
        let Value::Object(body) = body else { panic!("{body}") };
        Said {
            kind: kind.to_owned(),
            version: 1,
            id: id.to_owned(),
            name: name.to_owned(),
            workspace: String::new(),
            body,
        }
    }

    fn endpoint(base_url: &str, secret: &str) -> Said {
        let credential = json!({ "from": "stored", "secret": secret, "since_us": 7 });
        let body =
            json!({ "base_url": base_url, "credential": credential, "idle_timeout_ms": 5, "proxy": null });
        said("endpoint", "ep_1", "main", body)
    }

    fn model(name: &str, targets: &[&str]) -> Said {
        let targets: Vec<Value> =
            targets.iter().map(|name| json!({ "endpoint": "ep_1", "upstream_model": name })).collect();
        said("model", "model_1", name, json!({ "targets": targets, "max_output": null }))
    }

    fn names() -> Names {
        let mut names = Names::default();
        names.learn([endpoint("", "")].iter());
        names
    }

    #[test]
    fn a_difference_reads_as_a_line_and_shows_no_credential() {
        let (a, mut b) =
            (endpoint("https://a.example/v1", "sec_1"), endpoint("https://b.example/v1", "sec_2"));
        b.body.insert("idle_timeout_ms".to_owned(), json!(6));
        b.body.insert("proxy".to_owned(), json!("http://proxy"));
        let found = change(Some(&a), Some(&b), &names()).unwrap();
        let mut lines = found.sentences();
        lines.sort();
        let expected = [
            "endpoint main: base url https://a.example/v1 → https://b.example/v1",
            "endpoint main: credential changed",
            "endpoint main: idle timeout 5 → 6 ms",
            "endpoint main: proxy none → http://proxy",
        ];
        assert_eq!(lines, expected);
        b.body.insert("credential".to_owned(), json!({ "from": "env", "name": "KEY" }));
        let moved = change(Some(&a), Some(&b), &names()).unwrap();
        assert!(moved.lines.contains(&"credential stored → env:KEY".to_owned()), "{moved:?}");
    }

    #[test]
    fn targets_are_told_by_name_and_what_goes_is_told_too() {
        let (mut one, two) = (model("fast", &["m-1"]), model("quick", &["m-2", "m-1"]));
        one.body.insert("aliases".to_owned(), json!(["f"]));
        let found = change(Some(&one), Some(&two), &names()).unwrap();
        let expected =
            ["name fast → quick", "targets m-1 at main → m-2 at main, then m-1 at main", "aliases f → none"];
        assert_eq!(found.lines, expected);
        let added = change(None, Some(&one), &names()).unwrap();
        assert_eq!((added.how, added.lines), (How::Added, vec!["targets m-1 at main".to_owned()]));
        assert_eq!(change(Some(&one), None, &names()).unwrap().sentences(), ["model fast: removed"]);
        assert_eq!(change(Some(&one), Some(&one), &names()), None);
    }
}
