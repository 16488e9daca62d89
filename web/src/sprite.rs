//! The icons of a page, as symbols at its top: only those it shows, so that a page does not carry what other pages need.

use std::collections::BTreeSet;

use askama::Template;

use crate::asset::SYMBOLS;

/// Where the symbols go. What people write is escaped, so no page has this but from its layout.
pub(crate) const PLACE: &str = "<svg hidden><!--icons--></svg>";

/// How a page uses an icon.
const USE: &str = "<use href=\"#icon-";

/// What may come into a page later, by a fragment.
const OF_FRAGMENTS: [&str; 8] =
    ["check", "x", "minus", "circle-check", "circle-x", "triangle-alert", "chevron-right", "download"];

/// A view as HTML, with the icons it uses.
///
/// # Errors
/// Only when there is no memory left to write it into.
pub fn render(view: &impl Template) -> Result<String, askama::Error> {
    let page = view.render()?;
    let Some((before, after)) = page.split_once(PLACE) else { return Ok(page) };
    let used: BTreeSet<&str> = page.split(USE).skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let symbols = SYMBOLS.iter().filter(|(name, _)| used.contains(name) || OF_FRAGMENTS.contains(name));
    let symbols: String = symbols.map(|(_, symbol)| *symbol).collect();
    Ok(format!("{before}<svg hidden>{symbols}</svg>{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_icon_a_fragment_may_bring_is_one_of_ours() {
        for name in OF_FRAGMENTS {
            assert!(SYMBOLS.iter().any(|(known, _)| *known == name), "{name}");
        }
    }
}
