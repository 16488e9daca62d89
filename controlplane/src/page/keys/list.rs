//! `GET /keys`: the keys that match, those in force first, and the form for a new one.

use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;
use weir_web::form::Choice;
use weir_web::page::KeysPage;
use weir_web::page::keys::KeyForm;
use weir_web::shell::Section;

use super::form;
use super::row::row;
use crate::app::App;
use crate::auth::{Actor, Allowed, ReadSetup, Right};
use crate::error::AppError;
use crate::keys::{self, Key};
use crate::page::answer::page;
use crate::page::frame::Frame;
use crate::page::people::People;
use crate::workspaces::{self, Workspace};

const ROWS: usize = 100;
const STATES: [(&str, &str); 3] = [("", "all"), ("in_force", "in force"), ("over", "expired or revoked")];

/// What is asked of the list.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::page) struct Asked {
    search: String,
    state: String,
    after: String,
}

/// `GET /keys`
pub(in crate::page) async fn list(
    by: Allowed<ReadSetup>,
    State(app): State<App>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, AppError> {
    let form = form::blank(&app, &by).await?;
    page(&view(&app, &by, frame, asked, form).await?)
}

/// The page with that form.
pub(super) async fn view(
    app: &App,
    actor: &Actor,
    frame: Frame,
    asked: Asked,
    form: Option<KeyForm>,
) -> Result<KeysPage, AppError> {
    let now_us = app.clock.now_us();
    let known = workspaces::in_reach(app, actor, Right::ReadSetup).await?;
    let mut found = keys::list(app, actor).await?;
    let all = count(found.len());
    found.retain(|key| asked.fits(key, &known, now_us));
    let matching = count(found.len());
    // In force first; within that the newest first, as they come.
    found.sort_by_key(|key| !key.is_in_force(now_us));
    let skip: usize = asked.after.parse().unwrap_or(0);
    let next = (found.len() > skip.saturating_add(ROWS)).then(|| (skip + ROWS).to_string());
    let mut people = People::default();
    let mut rows = Vec::new();
    for key in found.iter().skip(skip).take(ROWS) {
        rows.push(row(app, key, &known, &mut people).await?);
    }
    Ok(KeysPage {
        shell: frame.shell(app, actor, "Keys", Section::Keys).await?,
        keys: rows,
        search: asked.search,
        state: asked.state,
        states: STATES.map(|(value, label)| Choice::new(value, label)).to_vec(),
        matching,
        all,
        next,
        form,
        now_us,
    })
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

impl Asked {
    fn fits(&self, key: &Key, known: &[Workspace], now_us: i64) -> bool {
        let is_in_state = match self.state.as_str() {
            "in_force" => key.is_in_force(now_us),
            "over" => !key.is_in_force(now_us),
            _ => true,
        };
        let search = self.search.trim().to_lowercase();
        let has = |text: &str| text.to_lowercase().contains(&search);
        let workspace = known.iter().find(|one| one.id == key.workspace);
        is_in_state
            && (search.is_empty()
                || has(&key.name)
                || has(&key.ends_with)
                || key.settings.customer.as_ref().is_some_and(|customer| has(customer.as_str()))
                || workspace.is_some_and(|workspace| has(&workspace.name)))
    }
}
