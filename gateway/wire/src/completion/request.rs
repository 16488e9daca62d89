//! What requests to such hosts have in common: settings under another name, tools, and what nobody has a word for.

use std::borrow::Cow;

use crate::{
    json::{JsonText, Members, View},
    translate::Fit,
};

/// A member's text; empty where it has none.
pub(crate) fn text<'a>(view: View<'a>, key: &str) -> Cow<'a, str> {
    view.get(key).and_then(|found| found.text()).unwrap_or_default()
}

/// A member as it was written.
pub(crate) fn raw<'a>(view: View<'a>, key: &str, absent: &'a str) -> &'a str {
    view.get(key).map_or(absent, |found| found.raw())
}

/// Whether a member says something.
pub(crate) fn has_filled(view: View<'_>, key: &str) -> bool {
    view.get(key).is_some_and(|found| !matches!(found.raw(), "\"\"" | "[]" | "{}" | "false"))
}

/// Settings that go on as they were written: the host's name, and the caller's words for it, the best first.
pub(crate) fn write_settings(names: &[(&str, &[&str])], root: &Members<'_>, json: &mut JsonText) {
    for (to, from) in names {
        if let Some(value) = from.iter().find_map(|key| root.get(key)) {
            json.key(to).raw(value.raw());
        }
    }
}

/// Settings of OpenAI's that are only refused where they ask for something.
pub(crate) fn refuse_settings(root: &Members<'_>, fit: &mut Fit) {
    let says = |key: &str, off: &dyn Fn(View<'_>) -> bool| root.get(key).is_some_and(|value| !off(value));
    fit.refuse_asked(&[
        ("n", says("n", &|value| value.count() == Some(1))),
        (
            "modalities",
            says("modalities", &|value| value.items().all(|one| one.text().as_deref() == Some("text"))),
        ),
        ("parallel_tool_calls", says("parallel_tool_calls", &|value| value.boolean() == Some(true))),
    ]);
    let usual = |tier: View<'_>| matches!(tier.text().as_deref(), Some("auto" | "default"));
    for (param, dropped) in
        [("user", root.get("user").is_some()), ("service_tier", says("service_tier", &usual))]
    {
        if dropped {
            fit.drop(param);
        }
    }
}

/// Members beside those that are written and those of [`refuse_settings`].
pub(crate) fn leftovers(root: &Members<'_>, said: &[&str], fit: &mut Fit) {
    const SEEN: [&str; 8] = [
        "model",
        "stream",
        "stream_options",
        "n",
        "modalities",
        "parallel_tool_calls",
        "user",
        "service_tier",
    ];
    let is_left =
        |key: &str, value: &View<'_>| !value.is_null() && !SEEN.contains(&key) && !said.contains(&key);
    let rest: Vec<_> = root
        .iter()
        .filter(|(key, value)| is_left(key, value))
        .map(|(key, value)| (key.clone(), value.raw()))
        .collect();
    fit.leftovers(&rest);
}

/// Which tool must or may be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Choice<'a> {
    /// As the model likes.
    Free,
    /// None.
    None,
    /// One of them.
    Any,
    /// That one.
    Named(Cow<'a, str>),
    /// Something else.
    Other,
}

/// What the caller chose.
pub(crate) fn chosen<'a>(root: &Members<'a>) -> Choice<'a> {
    let Some(choice) = root.get("tool_choice") else { return Choice::Free };
    match choice.text().map(|word| word.to_ascii_lowercase()).as_deref() {
        Some("auto") => Choice::Free,
        Some("none") => Choice::None,
        Some("required") => Choice::Any,
        Some(_) => Choice::Other,
        None => {
            let name = choice.get("function").and_then(|function| function.get("name")?.filled_text());
            name.map_or(Choice::Other, Choice::Named)
        }
    }
}

/// The functions among the tools, with their places; others are told of.
pub(crate) fn tools<'a>(root: &Members<'a>, fit: &mut Fit) -> Vec<(usize, View<'a>)> {
    let listed = root.get("tools").into_iter().flat_map(|tools| tools.items()).enumerate();
    let mut found = Vec::new();
    for (place, tool) in listed {
        match (text(tool, "type").as_ref(), tool.get("function")) {
            ("function" | "", Some(function)) => found.push((place, function)),
            (kind, _) => {
                fit.refuse(format_args!("tools[{place}]"), format!("it has no tool of type `{kind}`"));
            }
        }
    }
    found
}

/// How many of the tools must be kept to.
pub(crate) fn strictness(tools: &[(usize, View<'_>)]) -> Vec<usize> {
    let is = |tool: &View<'_>| tool.get("strict").and_then(|strict| strict.boolean()) == Some(true);
    tools.iter().filter(|(_, tool)| is(tool)).map(|(place, _)| *place).collect()
}

/// What a message's speaker thought, as clients send it back. Proofs of it mean nothing to such a host.
pub(crate) fn thought<'a>(message: &Members<'a>, place: usize, fit: &mut Fit) -> Option<View<'a>> {
    let plain = ["reasoning_content", "reasoning"].into_iter().find_map(|key| message.get(key));
    let plain = plain.filter(|plain| plain.filled_text().is_some());
    let listed = message.get("reasoning_details").is_some_and(|details| details.items().next().is_some());
    if listed && plain.is_none() {
        fit.drop(format_args!("messages[{place}].reasoning_details"));
    }
    plain
}
