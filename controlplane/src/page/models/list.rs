//! `GET /models`: the names clients may ask for.

use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;
use weir_web::page::ModelsPage;
use weir_web::page::models::ModelRow;
use weir_web::shell::Section;

use super::row::Known;
use crate::app::App;
use crate::auth::{Allowed, ReadSetup, Right};
use crate::error::AppError;
use crate::page::answer::page;
use crate::page::frame::Frame;
use crate::{models, prices};

/// What is asked of the list.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::page) struct Asked {
    search: String,
}

/// `GET /models`
pub(in crate::page) async fn list(
    by: Allowed<ReadSetup>,
    State(app): State<App>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, AppError> {
    let known = Known::of(&app, &by).await?;
    let rows: Vec<ModelRow> =
        models::list(&app, &by).await?.iter().map(|model| known.row(&app, model)).collect();
    let all = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    let unrated = prices::unrated(&app, &by).await?.len();
    let search = asked.search.trim().to_lowercase();
    page(&ModelsPage {
        shell: frame.shell(&app, &by, "Models", Section::Models).await?,
        may_edit: by.may(Right::ManageProviders),
        models: rows.into_iter().filter(|row| fits(row, &search)).collect(),
        search: asked.search,
        all,
        unrated: u64::try_from(unrated).unwrap_or(u64::MAX),
        has_endpoint: !known.endpoints.is_empty(),
        away: known.away,
    })
}

fn fits(row: &ModelRow, search: &str) -> bool {
    let has = |text: &str| text.to_lowercase().contains(search);
    search.is_empty()
        || has(&row.name)
        || row.aliases.iter().any(|alias| has(alias))
        || row.targets.iter().any(|target| has(&target.endpoint) || has(&target.upstream_model))
}
