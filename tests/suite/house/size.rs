//! Sizes: files, functions and templates stay small enough to be read in one go.

use super::source::{files, is_test, rust};

const FILE_LINES_MAX: usize = 600;
const FILE_LINES_P90: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;
const FUNCTION_LINES_P90: usize = 30;
const TEMPLATE_LINES_MAX: usize = 120;

fn p90(mut sizes: Vec<usize>) -> usize {
    sizes.sort_unstable();
    sizes[sizes.len() * 9 / 10]
}

#[test]
fn files_stay_small() {
    let sources = rust();
    let sizes: Vec<(usize, &str)> = sources
        .iter()
        .filter(|source| !is_test(&source.path))
        .map(|source| (source.product_lines().len(), source.path.as_str()))
        .collect();
    let large: Vec<_> = sizes.iter().filter(|(lines, _)| *lines > FILE_LINES_MAX).collect();
    assert!(large.is_empty(), "above {FILE_LINES_MAX} lines: {large:?}");
    assert!(p90(sizes.iter().map(|(lines, _)| *lines).collect()) <= FILE_LINES_P90);
}

/// Lengths of functions in rustfmt-ed text: from the line with `fn` to the closing brace at the same depth of indentation.
fn functions<'a>(lines: &[&'a str]) -> Vec<(usize, &'a str)> {
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let trimmed = line.trim_start();
        let indent = line.len() - trimmed.len();
        let head = trimmed.split("fn ").next().unwrap_or("");
        let is_function = trimmed.contains("fn ")
            && head.split_whitespace().all(|word| {
                word.starts_with("pub") || matches!(word, "const" | "async" | "unsafe" | "extern" | "\"C\"")
            });
        if !is_function || trimmed.starts_with("//") {
            continue;
        }
        if trimmed.contains('{') && trimmed.ends_with('}') {
            found.push((1, trimmed));
            continue;
        }
        let close = format!("{}}}", " ".repeat(indent));
        let length = lines[start..].iter().position(|line| {
            *line == close || line.trim_end().ends_with(';') && line.len() - line.trim_start().len() == indent
        });
        found.push((length.map_or(1, |length| length + 1), trimmed));
    }
    found
}

#[test]
fn functions_stay_small() {
    let sources = rust();
    let mut all = Vec::new();
    for source in sources.iter().filter(|source| !is_test(&source.path)) {
        for (lines, name) in functions(&source.product_lines()) {
            assert!(lines <= FUNCTION_LINES_MAX, "{}: {lines} lines: {name}", source.path);
            all.push(lines);
        }
    }
    assert!(all.len() > 500, "the scanner must find the functions: {}", all.len());
    assert!(p90(all) <= FUNCTION_LINES_P90);
}

#[test]
fn templates_stay_small_and_escape_everything() {
    for template in files(|path| path.starts_with("web/templates/")) {
        let lines = template.text.lines().count();
        assert!(lines <= TEMPLATE_LINES_MAX, "{}: {lines} lines", template.path);
        assert!(
            !template.text.replace(' ', "").contains("|safe"),
            "{}: nothing is exempt from escaping",
            template.path
        );
    }
}
