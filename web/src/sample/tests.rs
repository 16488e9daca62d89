//! What must hold of every page: nothing inline, nothing hostile alive, ids unique, every control named, templates small.

use super::{Sample, all};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The tags of a page: name, and all attributes with their values.
fn tags(html: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some((_, after)) = rest.split_once('<') {
        rest = after;
        if !rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        let end = rest.find(|c: char| c.is_whitespace() || c == '>' || c == '/').unwrap_or(rest.len());
        let (name, attributes) = (rest[..end].to_lowercase(), &rest[end..]);
        let (list, tail) = attributes_of(attributes);
        found.push((name, list));
        rest = tail;
    }
    found
}

fn attributes_of(mut rest: &str) -> (Vec<(String, String)>, &str) {
    let mut list = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if let Some(tail) = rest.strip_prefix('>') {
            return (list, tail);
        }
        let end = rest.find(|c: char| c.is_whitespace() || c == '=' || c == '>').unwrap_or(rest.len());
        let name = rest[..end].to_lowercase();
        rest = &rest[end..];
        let mut value = String::new();
        if let Some(quoted) = rest.strip_prefix('=') {
            let quote = quoted.chars().next().filter(|c| *c == '"' || *c == '\'').unwrap();
            let (inside, tail) = quoted[1..].split_once(quote).unwrap();
            value.push_str(inside);
            rest = tail;
        }
        list.push((name, value));
        if rest.is_empty() {
            return (list, rest);
        }
    }
}

fn value<'a>(attributes: &'a [(String, String)], name: &str) -> Option<&'a str> {
    attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

fn each(check: impl Fn(&Sample)) {
    let samples = all().unwrap();
    assert!(samples.len() > 40, "only {} samples", samples.len());
    samples.iter().for_each(check);
}

#[test]
fn no_page_holds_anything_inline() {
    each(|sample| {
        for (tag, attributes) in tags(&sample.html) {
            assert!(tag != "style", "{}: <style>", sample.name);
            assert!(tag != "script" || value(&attributes, "src").is_some(), "{}: inline script", sample.name);
            for (name, value) in &attributes {
                assert!(name != "style", "{}: style={value:?} on <{tag}>", sample.name);
                assert!(
                    !name.starts_with("on") && !name.starts_with("hx-on"),
                    "{}: {name} on <{tag}>",
                    sample.name
                );
                assert!(!value.trim_start().starts_with("javascript:"), "{}: {name}={value:?}", sample.name);
            }
        }
    });
}

#[test]
fn hostile_words_are_shown_and_not_obeyed() {
    let samples = all().unwrap();
    let hostile: Vec<_> = samples.iter().filter(|sample| sample.name.ends_with("hostile")).collect();
    assert!(hostile.len() > 12);
    for sample in hostile {
        let known = ["img", "style", "svg/onload"];
        for (tag, _) in tags(&sample.html) {
            assert!(!known.contains(&tag.as_str()), "{}: <{tag}> came alive", sample.name);
        }
        assert!(!sample.html.contains("alert(2)</script>"), "{}: a script came alive", sample.name);
        assert!(!sample.html.contains("&amp;lt;"), "{}: escaped twice", sample.name);
        assert!(
            sample.html.contains("&#60;img") || sample.html.contains("&lt;img"),
            "{}: nothing shown",
            sample.name
        );
    }
}

#[test]
fn every_id_is_there_once_and_every_reference_leads_to_one() {
    each(|sample| {
        let tags = tags(&sample.html);
        let whole = sample.html.contains("<!doctype html>");
        let mut ids = BTreeSet::new();
        for (_, attributes) in &tags {
            if let Some(id) = value(attributes, "id") {
                assert!(ids.insert(id), "{}: id {id:?} twice", sample.name);
            }
        }
        let references = ["for", "aria-describedby", "aria-labelledby", "commandfor", "data-copy"];
        for (tag, attributes) in &tags {
            for (name, value) in attributes.iter().filter(|(name, _)| references.contains(&name.as_str())) {
                for id in value.split_whitespace() {
                    assert!(ids.contains(id), "{}: {name}={id:?} on <{tag}> leads nowhere", sample.name);
                }
            }
            if let Some(icon) = value(attributes, "href").filter(|_| tag == "use" && whole) {
                assert!(ids.contains(&icon[1..]), "{}: no icon {icon}", sample.name);
            }
        }
    });
}

#[test]
fn every_control_has_a_label() {
    each(|sample| {
        let tags = tags(&sample.html);
        let labelled: BTreeSet<_> = tags
            .iter()
            .filter(|(tag, _)| tag == "label")
            .filter_map(|(_, list)| value(list, "for"))
            .collect();
        for (tag, attributes) in &tags {
            let kind = value(attributes, "type").unwrap_or_default();
            if !["input", "select", "textarea"].contains(&tag.as_str()) || kind == "hidden" {
                continue;
            }
            let id = value(attributes, "id").unwrap_or_default();
            let within = kind == "checkbox"
                && sample.html.contains(&format!("<label class=\"check\"><input id=\"{id}\""));
            assert!(labelled.contains(id) || within, "{}: <{tag} id={id:?}> has no label", sample.name);
        }
    });
}

#[test]
fn a_repeated_visit_costs_little() {
    each(|sample| {
        let nodes = tags(&sample.html).len();
        assert!(nodes <= 1_500, "{}: {nodes} elements", sample.name);
        assert!(sample.html.len() <= 96 * 1024, "{}: {} bytes", sample.name, sample.html.len());
    });
}

#[test]
fn templates_are_small_and_never_say_safe() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("templates")];
    let mut templates: Vec<PathBuf> = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { templates.push(path) }
        }
    }
    assert!(templates.len() > 20);
    for path in templates {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.lines().count() <= 120, "{} has {} lines", path.display(), text.lines().count());
        for word in ["|safe", "| safe", "style=\"", "hx-on", "js:"] {
            assert!(!text.contains(word), "{} says {word}", path.display());
        }
    }
}
