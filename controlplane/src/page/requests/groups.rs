//! The table above the list: its requests added up by one field, each row a link to its own.

use weir_web::page::requests::{GroupRow, Groups};
use weir_web::url::{self, RequestsQuery};

use super::query::Resolved;
use crate::app::App;
use crate::archive::groups::{Group, GroupBy};
use crate::archive::{ArchiveError, Scope};
use crate::auth::{Actor, Right};
use crate::error::AppError;
use crate::keys;

/// Groups shown: with fifty rows below, the page stays within its budget of elements.
const SHOWN: usize = 20;

/// The groups, when they were asked for.
pub(super) async fn groups(
    app: &App,
    actor: &Actor,
    scope: &Scope,
    resolved: &Resolved,
    by: Option<GroupBy>,
    query: &RequestsQuery,
) -> Result<Option<Groups>, AppError> {
    let Some(by) = by else { return Ok(None) };
    let found = match app.archive.list_groups(scope, resolved.window, &resolved.by_id, by).await {
        Ok(found) => found,
        Err(ArchiveError::TooSlow) => return Ok(Some(Groups::default())),
        Err(error) => return Err(error.into()),
    };
    let names = names(app, actor, by).await?;
    let more = found.len() > SHOWN;
    let rows = found.into_iter().take(SHOWN).map(|group| row(&group, by, query, &names)).collect();
    Ok(Some(Groups { rows: Some(rows), more }))
}

/// What keys are called, for whoever may know.
async fn names(app: &App, actor: &Actor, by: GroupBy) -> Result<Vec<(String, String)>, AppError> {
    if by != GroupBy::Key || !actor.may(Right::ReadSetup) {
        return Ok(Vec::new());
    }
    let known = keys::list(app, actor).await?;
    Ok(known.into_iter().map(|key| (key.id.to_string(), key.name)).collect())
}

fn row(group: &Group, by: GroupBy, query: &RequestsQuery, names: &[(String, String)]) -> GroupRow {
    let named = names.iter().find(|(id, _)| *id == group.id).map(|(_, name)| name.clone());
    let name = match named {
        Some(name) => name,
        None if group.id.is_empty() => format!("no {}", by.name()),
        None => group.id.replace('_', if by == GroupBy::Status { " " } else { "_" }),
    };
    GroupRow {
        name,
        href: query.filtered(narrowed(&query.q, by, &group.id)).grouped("").href(),
        cost: group.cost(),
        requests: group.requests,
        failed: group.failed,
        unrated: group.unrated,
        tokens_in: group.tokens_in,
        tokens_out: group.tokens_out,
        duration_us: group.duration_us,
    }
}

/// The filter as it was typed, with one term more.
fn narrowed(typed: &str, by: GroupBy, id: &str) -> String {
    let term = if id.is_empty() { format!("-{}:*", by.name()) } else { url::term(by.name(), id) };
    format!("{} {term}", typed.trim()).trim_start().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_leads_to_its_own_rows() {
        assert_eq!(narrowed("cost:>1", GroupBy::Customer, "a b"), "cost:>1 customer:\"a b\"");
        assert_eq!(narrowed("", GroupBy::Model, ""), "-model:*");
        let query = RequestsQuery { group: "status".into(), range: "7d".into(), ..RequestsQuery::default() };
        let group = Group { id: "upstream_error".into(), ..Group::default() };
        let shown = row(&group, GroupBy::Status, &query, &[]);
        assert_eq!(
            (shown.name.as_str(), shown.href.as_str()),
            ("upstream error", "/requests?q=status%3Aupstream_error&range=7d")
        );
    }
}
