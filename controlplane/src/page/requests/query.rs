//! What an address asks for, resolved once: the filter, the window, the place in the list.

use serde::Deserialize;
use weir_contract::filter::Filter;
use weir_web::page::requests::FilterError;
use weir_web::url::RequestsQuery;

use crate::app::App;
use crate::archive::groups::GroupBy;
use crate::archive::requests::Place;
use crate::archive::{Names, Window};
use crate::auth::Actor;
use crate::error::AppError;

/// The query string of the list; empty is the same as left out.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::page) struct Asked {
    q: String,
    range: String,
    from: String,
    to: String,
    before: String,
    after: String,
    group: String,
    live: String,
    /// Of a single request's page.
    pub(super) tab: String,
}

/// What it comes to.
#[derive(Clone, Debug)]
pub(super) struct Resolved {
    /// The filter as it was written.
    pub(super) filter: Filter,
    /// The filter as rows know it: ids instead of names.
    pub(super) by_id: Filter,
    /// When.
    pub(super) window: Window,
    /// From where.
    pub(super) place: Place,
}

impl Asked {
    /// As links carry it.
    pub(super) fn link(&self) -> RequestsQuery {
        let Self { q, range, from, to, before, after, group, live, tab: _ } = self.clone();
        // Rows that are newer than another page's belong on that page, not above this one.
        let live = !live.is_empty() && before.is_empty() && after.is_empty();
        let named = range.is_empty() && from.is_empty() && to.is_empty();
        let range = if named { "24h".to_owned() } else { range };
        RequestsQuery { q, range, from, to, before, after, group, live }
    }

    /// Whether a list was asked for at all, or only a request by its id.
    pub(super) fn is_empty(&self) -> bool {
        [&self.q, &self.range, &self.from, &self.to].iter().all(|part| part.is_empty())
    }

    /// Whether the window goes on to now.
    pub(super) fn is_open(&self) -> bool {
        self.to.is_empty() && self.range != "last_month"
    }

    /// What the rows are added up by.
    pub(super) fn group(&self) -> Result<Option<GroupBy>, AppError> {
        if self.group.is_empty() {
            return Ok(None);
        }
        let unknown = || {
            let known = GroupBy::ALL.map(GroupBy::name).join(", ");
            AppError::BadRequest(format!("rows cannot be added up by `{}`: write one of {known}", self.group))
        };
        GroupBy::from_name(&self.group).map(Some).ok_or_else(unknown)
    }

    /// What was typed as filter.
    pub(super) fn typed(&self) -> &str {
        self.q.trim()
    }

    /// The window and the place.
    pub(super) fn window(&self, now_us: i64) -> Result<Window, AppError> {
        Window::resolve(&self.range, &self.from, &self.to, now_us)
            .map_err(|error| AppError::BadRequest(error.to_string()))
    }

    /// Everything, or what is wrong with the filter.
    pub(super) async fn resolve(
        &self,
        app: &App,
        actor: &Actor,
    ) -> Result<Result<Resolved, FilterError>, AppError> {
        let window = self.window(app.clock.now_us())?;
        let filter = match Filter::parse(&self.q) {
            Ok(filter) => filter,
            Err(error) => return Ok(Err(refused(&self.q, &error))),
        };
        let by_id = Names::of(app, actor).await?.resolve(filter.clone());
        Ok(Ok(Resolved { filter, by_id, window, place: self.place() }))
    }

    fn place(&self) -> Place {
        if let Ok(cursor) = self.before.parse() {
            Place::Before(cursor)
        } else if let Ok(cursor) = self.after.parse() {
            Place::After(cursor)
        } else {
            Place::Newest
        }
    }

    /// The terms as they were typed, one for each of the filter; canonical ones should they not match up.
    pub(super) fn terms(&self, filter: &Filter) -> Vec<String> {
        let typed = split(&self.q);
        if typed.len() == filter.terms.len() {
            typed
        } else {
            filter.terms.iter().map(ToString::to_string).collect()
        }
    }
}

fn refused(typed: &str, error: &weir_contract::filter::FilterError) -> FilterError {
    let word: String = typed.chars().skip(error.at).take_while(|c| !c.is_whitespace() && *c != ':').collect();
    let instead = |nearest: &String| {
        let before: String = typed.chars().take(error.at).collect();
        let after: String = typed.chars().skip(error.at + word.chars().count()).collect();
        format!("{before}{nearest}{after}")
    };
    let suggestions = error.nearest.iter().map(instead).collect();
    FilterError { message: error.to_string(), term: word.clone(), suggestions }
}

/// Cut at blanks outside quotes.
fn split(typed: &str) -> Vec<String> {
    let (mut terms, mut term, mut quoted, mut escaped) = (Vec::new(), String::new(), false, false);
    for c in typed.chars() {
        if c.is_whitespace() && !quoted {
            terms.push(std::mem::take(&mut term));
            continue;
        }
        quoted ^= c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        term.push(c);
    }
    terms.push(term);
    terms.retain(|term| !term.is_empty());
    terms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_shown_as_they_were_typed() {
        let asked = Asked { q: r#"cost:>0.05 key:"my \"key\"" slow"#.into(), ..Asked::default() };
        let filter = Filter::parse(&asked.q).unwrap();
        assert_eq!(asked.terms(&filter), ["cost:>0.05", r#"key:"my \"key\"""#, "slow"]);
    }

    #[test]
    fn a_misspelt_field_comes_with_whole_filters_that_would_do() {
        let typed = "customer:a statsu:error";
        let shown = refused(typed, &Filter::parse(typed).unwrap_err());
        assert_eq!(
            (shown.term.as_str(), shown.suggestions[0].as_str()),
            ("statsu", "customer:a status:error")
        );
    }

    #[test]
    fn nothing_asked_is_the_last_day() {
        assert_eq!(Asked::default().link().range, "24h");
        let days = Asked { from: "2026-11-01".into(), ..Asked::default() };
        assert_eq!(days.link().range, "");
    }
}
