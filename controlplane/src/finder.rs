//! The palette's search: from a few words to the things of that name, and from an id to its request. Nobody finds what
//! they may not see.

use uuid::Uuid;
use weir_contract::filter::Filter;
use weir_contract::id::WorkspaceId;
use weir_web::page::find::{Hit, HitKind};
use weir_web::{navigation, url};

use crate::app::App;
use crate::archive::Scope;
use crate::auth::{Actor, Right};
use crate::error::AppError;
use crate::store::customer;
use crate::{endpoints, keys, models, views, workspaces};

/// Things of one kind that are shown; more words find fewer.
const OF_ONE_KIND_MAX: usize = 8;
/// Characters that are looked for.
const WORDS_CHARS_MAX: usize = 200;

/// What was typed leads to.
#[derive(Debug)]
pub(crate) enum Found {
    /// One page: a request, or the requests under a filter.
    Page(String),
    /// Things to choose from.
    Hits(Vec<Hit>),
}

/// Looks for `typed` in what the actor sees, in all workspaces or in one.
pub(crate) async fn find(
    app: &App,
    actor: &Actor,
    typed: &str,
    workspace: Option<&WorkspaceId>,
) -> Result<Found, AppError> {
    let typed: String = typed.trim().chars().take(WORDS_CHARS_MAX).collect();
    if let Some(page) = by_id(app, actor, &typed).await? {
        return Ok(Found::Page(page));
    }
    let is_filter = typed.contains(':') && Filter::parse(&typed).is_ok();
    if is_filter {
        return Ok(Found::Page(url::RequestsQuery { q: typed, ..url::RequestsQuery::default() }.href()));
    }
    let words = typed.to_lowercase();
    if words.is_empty() {
        return Ok(Found::Hits(Vec::new()));
    }
    let mut hits = pages(&words);
    hits.extend(customers(app, actor, &words, workspace).await?);
    if actor.may(Right::ReadSetup) {
        hits.extend(set_up(app, actor, &words, workspace).await?);
    }
    let kept =
        views::list(app, actor).await?.into_iter().filter(|view| view.name.to_lowercase().contains(&words));
    hits.extend(
        kept.take(OF_ONE_KIND_MAX).map(|view| Hit::new(HitKind::View, view.name, view.query.link().href())),
    );
    Ok(Found::Hits(hits))
}

/// A request's id leads to the request, a trace's to its only request or to the list of them.
async fn by_id(app: &App, actor: &Actor, typed: &str) -> Result<Option<String>, AppError> {
    let Ok(id) = typed.parse::<Uuid>() else { return Ok(None) };
    let scope = Scope::of(app, actor, "palette").await?;
    if app.archive.find_request(&scope, id).await?.is_some() {
        return Ok(Some(url::request(&id.to_string())));
    }
    if typed.len() != 32 {
        return Ok(Some(url::requests_with("id", typed)));
    }
    let trace = typed.to_lowercase();
    let only = app.archive.find_request_of_trace(&scope, &trace).await?;
    Ok(Some(only.map_or_else(|| url::requests_with("trace", &trace), |id| url::request(&id.to_string()))))
}

fn pages(words: &str) -> Vec<Hit> {
    let named = navigation::entries().filter(|entry| entry.name.to_lowercase().contains(words));
    named.map(|entry| Hit::new(HitKind::Page, entry.name, entry.href)).collect()
}

async fn customers(
    app: &App,
    actor: &Actor,
    words: &str,
    workspace: Option<&WorkspaceId>,
) -> Result<Vec<Hit>, AppError> {
    let seen = workspaces::in_reach(app, actor, Right::ReadFigures).await?;
    let mut reading = app.store.read().await?;
    let mut ids: Vec<String> = Vec::new();
    for one in seen.iter().filter(|one| workspace.is_none_or(|only| *only == one.id)) {
        let limit = i64::try_from(OF_ONE_KIND_MAX).unwrap_or(i64::MAX);
        let found = customer::list_customers_like(&mut reading, one.id.as_str(), words, limit).await?;
        // A customer of two workspaces has one page.
        ids.extend(found.into_iter().filter(|id| !ids.contains(id)).collect::<Vec<_>>());
    }
    let first = ids.into_iter().take(OF_ONE_KIND_MAX);
    Ok(first.map(|id| Hit::new(HitKind::Customer, id.clone(), url::customer(&id, ""))).collect())
}

/// Keys, models and endpoints. What all share is of every workspace.
async fn set_up(
    app: &App,
    actor: &Actor,
    words: &str,
    workspace: Option<&WorkspaceId>,
) -> Result<Vec<Hit>, AppError> {
    let here = |owner: Option<&WorkspaceId>| workspace.is_none() || owner.is_none() || owner == workspace;
    let is_called = |name: &str, id: &str| name.to_lowercase().contains(words) || id.to_lowercase() == words;
    let mut hits = Vec::new();
    let keys = keys::list(app, actor).await?.into_iter();
    let keys = keys.filter(|key| here(Some(&key.workspace)) && is_called(&key.name, key.id.as_str()));
    let key = |key: keys::Key| Hit::new(HitKind::Key, key.name, url::key(key.id.as_str()));
    hits.extend(keys.take(OF_ONE_KIND_MAX).map(key));
    let models = models::list(app, actor).await?.into_iter();
    let models = models.filter(|model| here(model.workspace.as_ref()) && is_called(&model.name, &model.id));
    let model = |model: models::Model| Hit::new(HitKind::Model, model.name, url::model(&model.id));
    hits.extend(models.take(OF_ONE_KIND_MAX).map(model));
    let endpoints = endpoints::list(app, actor).await?.into_iter();
    let endpoints =
        endpoints.filter(|one| here(one.workspace.as_ref()) && is_called(&one.name, one.id.as_str()));
    let endpoint =
        |one: endpoints::Endpoint| Hit::new(HitKind::Endpoint, one.name, url::endpoint(one.id.as_str()));
    hits.extend(endpoints.take(OF_ONE_KIND_MAX).map(endpoint));
    Ok(hits)
}
