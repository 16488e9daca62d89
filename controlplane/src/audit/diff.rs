//! What a change changed: the two states compared member by member. Both are as the API shows them, so there is no secret
//! in them.

use std::collections::BTreeMap;

use serde_json::Value;

/// One member that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// Its name; those inside others with dots.
    pub(crate) name: String,
    /// How it was; empty when it was not there.
    pub(crate) before: String,
    /// How it is; empty when it is gone.
    pub(crate) after: String,
}

/// The members in which two states differ, by name.
pub(crate) fn between(before: &str, after: &str) -> Vec<Difference> {
    let (before, after) = (members(before), members(after));
    let names = before.keys().chain(after.keys().filter(|name| !before.contains_key(*name)));
    let mut differences: Vec<Difference> = names
        .map(|name| {
            let text = |state: &BTreeMap<String, String>| state.get(name).cloned().unwrap_or_default();
            Difference { name: name.clone(), before: text(&before), after: text(&after) }
        })
        .filter(|difference| difference.before != difference.after)
        .collect();
    differences.sort_by(|a, b| a.name.cmp(&b.name));
    differences
}

/// The members that were sent and are another way now, by name. What is only known here, such as an id or a version, is no
/// difference; a member that is sent within another is found wherever it is shown.
pub(crate) fn between_editors(now: &Value, sent: &Value) -> Vec<Difference> {
    let (now, mine) = (spread_out(now), spread_out(sent));
    let shown = |name: &str| {
        let inner = name.split_once('.').map_or(name, |(_, inner)| inner);
        now.get(name).or_else(|| now.get(inner)).cloned().unwrap_or_default()
    };
    let members = mine.keys().chain(now.keys().filter(|name| is_sent(sent, name)));
    let all = members.map(|name| Difference {
        name: name.clone(),
        before: shown(name),
        after: mine.get(name).cloned().unwrap_or_default(),
    });
    let mut differences: Vec<Difference> =
        all.filter(|one| one.before != one.after && one.name != "note").collect();
    differences.sort_by(|a, b| a.name.cmp(&b.name));
    differences.dedup();
    differences
}

/// Whether the sender said something about that member, if only that there is nothing.
fn is_sent(sent: &Value, name: &str) -> bool {
    sent.get(name.split('.').next().unwrap_or(name)).is_some()
}

fn spread_out(value: &Value) -> BTreeMap<String, String> {
    let mut members = BTreeMap::new();
    spread(&mut members, "", value);
    members
}

fn members(state: &str) -> BTreeMap<String, String> {
    let mut members = BTreeMap::new();
    match serde_json::from_str(state) {
        Ok(value) => spread(&mut members, "", &value),
        Err(_) if state.is_empty() => {}
        Err(_) => drop(members.insert("state".to_owned(), state.to_owned())),
    }
    members
}

fn spread(members: &mut BTreeMap<String, String>, name: &str, value: &Value) {
    match value {
        Value::Object(object) => {
            for (member, value) in object {
                let name = if name.is_empty() { member.clone() } else { format!("{name}.{member}") };
                spread(members, &name, value);
            }
        }
        Value::Null => {}
        Value::String(text) => drop(members.insert(named(name), text.clone())),
        other => drop(members.insert(named(name), other.to_string())),
    }
}

/// A state that is no object has one nameless value.
fn named(name: &str) -> String {
    if name.is_empty() { "value".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(name: &str, before: &str, after: &str) -> Difference {
        Difference { name: name.to_owned(), before: before.to_owned(), after: after.to_owned() }
    }

    #[test]
    fn only_what_differs_is_told_member_by_member() {
        let before = r#"{"name":"a","limits":{"retries_max":2,"proxy":null},"tags":["x"]}"#;
        let after = r#"{"name":"a","limits":{"retries_max":3,"proxy":"http://p"},"tags":["x"]}"#;
        let expected =
            [difference("limits.proxy", "", "http://p"), difference("limits.retries_max", "2", "3")];
        assert_eq!(between(before, after), expected);
    }

    #[test]
    fn two_editors_see_what_they_disagree_on() {
        let now = serde_json::json!({"id":"ep_1","version":3,"name":"a","region":"eu","retries_max":2,"proxy":"http://p"});
        let sent = serde_json::json!({"name":"a","region":null,"limits":{"retries_max":5,"proxy":"http://p"},"note":"why"});
        let expected = [difference("limits.retries_max", "2", "5"), difference("region", "eu", "")];
        assert_eq!(between_editors(&now, &sent), expected);
    }

    #[test]
    fn a_thing_that_is_new_or_gone_shows_all_of_it() {
        assert_eq!(between("", r#"{"name":"a"}"#), [difference("name", "", "a")]);
        assert_eq!(between(r#""192.0.2.1""#, ""), [difference("value", "192.0.2.1", "")]);
    }
}
