//! What Cohere counts: billed units, which are what its prices are for, and tokens, which also hold the preamble that Cohere writes
//! around every prompt and bills nobody. `cached_tokens` are of the latter, so no price knows them.

use crate::{
    completion::write_usage,
    json::{JsonText, View},
};

/// Input and output that are billed, or counted where nothing is said of billing; `None` where neither is.
pub(super) fn counts(usage: View<'_>) -> Option<(u64, u64)> {
    let of = |key: &str| {
        let [billed, counted] = ["billed_units", "tokens"].map(|units| usage.get(units)?.get(key)?.count());
        billed.or(counted)
    };
    let (input, output) = (of("input_tokens"), of("output_tokens"));
    input.or(output).map(|_| (input.unwrap_or(0), output.unwrap_or(0)))
}

/// Writes an answer's usage.
pub(super) fn write(usage: View<'_>, json: &mut JsonText) {
    let reasoning = usage.get("tokens").and_then(|tokens| tokens.get("reasoning_tokens")?.count());
    if let Some((input, output)) = counts(usage) {
        write_usage((input, Some(output)), reasoning, |json| json.raw(usage.raw()), json);
    }
}

/// Writes the usage of vectors, where Cohere says it in `meta`.
pub(super) fn write_of_vectors(meta: View<'_>, json: &mut JsonText) {
    let Some(billed) = meta.get("billed_units") else { return };
    let of = |key: &str| billed.get(key).and_then(|count| count.count());
    let (texts, pictures) = (of("input_tokens"), of("image_tokens"));
    if texts.or(pictures).is_some() {
        let input = texts.unwrap_or(0).saturating_add(pictures.unwrap_or(0));
        write_usage((input, None), None, |json| json.raw(billed.raw()), json);
    }
}

/// Whether Cohere's own counts contradict one another: more is billed than was counted.
pub(crate) fn contradicts(own: View<'_>) -> bool {
    let of = |units: &str, key: &str| own.get(units)?.get(key)?.count();
    let counted = |key: &str| of("tokens", key);
    let beyond = |billed: Option<u64>, counted: Option<u64>| billed.zip(counted).is_some_and(|(b, c)| b > c);
    let input =
        counted("input_tokens").map(|input| input.saturating_add(counted("image_tokens").unwrap_or(0)));
    beyond(of("billed_units", "input_tokens"), input)
        || beyond(of("billed_units", "output_tokens"), counted("output_tokens"))
}
