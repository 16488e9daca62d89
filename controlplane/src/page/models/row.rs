//! A model as a line of the list and as the head of its page: names, prices and what was seen of it.

use std::collections::HashSet;
use std::sync::Arc;

use weir_contract::policy::{Ability, TargetEntry};
use weir_contract::price::BookRow;
use weir_web::page::models::{ModelRow, TargetRow};

use crate::app::App;
use crate::archive::Window;
use crate::auth::{Actor, Right};
use crate::endpoints::{self, Endpoint};
use crate::error::AppError;
use crate::models::Model;
use crate::observed::{self, Observed};
use crate::page::price::price;
use crate::page::providers::health::health;
use crate::publish;
use crate::workspaces::{self, Workspace};

const DAY_US: i64 = 86_400_000_000;

/// What lines are made of besides the model.
pub(super) struct Known {
    pub(super) endpoints: Vec<Endpoint>,
    /// Why nothing was observed.
    pub(super) away: Option<String>,
    workspaces: Vec<Workspace>,
    changed: HashSet<String>,
    seen: Vec<Observed>,
}

impl Known {
    /// Everything the actor may know; figures of the last 24 hours where the archive has them.
    pub(super) async fn of(app: &App, actor: &Actor) -> Result<Self, AppError> {
        let now_us = app.clock.now_us();
        let window = Window { from_us: now_us - DAY_US, to_us: now_us };
        let (seen, away) = match observed::by_target(app, actor, window).await {
            Ok(seen) => (seen, None),
            Err(AppError::ArchiveAway(_)) => (Vec::new(), Some("the archive does not answer".to_owned())),
            Err(other) => return Err(other),
        };
        let draft = publish::draft_state(app).await?;
        Ok(Self {
            endpoints: endpoints::list(app, actor).await?,
            away,
            workspaces: workspaces::in_reach(app, actor, Right::ReadSetup).await?,
            changed: draft.changed.into_iter().map(|one| one.id).collect(),
            seen,
        })
    }

    /// The line of a model.
    pub(super) fn row(&self, app: &App, model: &Model) -> ModelRow {
        let known = self.in_book(app, model);
        let owner = model.workspace.as_ref().map(|id| {
            let found = self.workspaces.iter().find(|workspace| workspace.id == *id);
            found.map_or_else(|| id.to_string(), |workspace| workspace.name.clone())
        });
        ModelRow {
            model_id: model.id.clone(),
            name: model.name.clone(),
            aliases: model.body.aliases.clone(),
            workspace: owner,
            context_window: model.body.context_window,
            max_output: model.body.max_output,
            can: model.body.abilities(known).into_iter().map(Ability::words).collect(),
            cannot: model.body.cannot.iter().map(|ability| ability.words()).collect(),
            targets: self.targets(app, model),
            unpublished: self.changed.contains(&model.id),
        }
    }

    /// What the book knows of the model's first target.
    pub(super) fn in_book<'a>(&self, app: &'a App, model: &Model) -> Option<&'a BookRow> {
        let first = model.body.targets.first()?;
        let provider = self.provider_of(first.endpoint.as_str());
        app.book.find(provider, &first.upstream_model).map(Arc::as_ref)
    }

    fn targets(&self, app: &App, model: &Model) -> Vec<TargetRow> {
        let row = |target: &TargetEntry| {
            let id = target.endpoint.as_str();
            let endpoint = self.endpoints.iter().find(|endpoint| endpoint.id == target.endpoint);
            let seen =
                self.seen.iter().find(|seen| seen.endpoint == id && seen.model == target.upstream_model);
            TargetRow {
                endpoint: endpoint.map_or_else(|| id.to_owned(), |endpoint| endpoint.name.clone()),
                endpoint_id: id.to_owned(),
                upstream_model: target.upstream_model.clone(),
                price: price(&app.book, self.provider_of(id), &target.upstream_model),
                health: seen.map(health),
            }
        };
        model.body.targets.iter().map(row).collect()
    }

    fn provider_of(&self, endpoint: &str) -> &str {
        let found = self.endpoints.iter().find(|one| one.id.as_str() == endpoint);
        found.map(|endpoint| endpoint.body.provider.as_str()).unwrap_or_default()
    }
}
