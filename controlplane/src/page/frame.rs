//! What every page carries around its content: colours, address, message, and for people who are signed in the
//! navigation and what is not published yet.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, Uri};
use serde_json::Value;
use weir_web::navigation::entries;
use weir_web::shell::{Difference, Link, Section, Shell, Theme, Unpublished, User};

use super::flash::Flash;
use crate::app::App;
use crate::audit::diff;
use crate::auth::{self, Actor, Right};
use crate::error::AppError;
use crate::precondition::tag_of;
use crate::{publish, views, workspaces};

/// The cookie that remembers the choice of colours.
pub(super) const THEME_COOKIE: &str = "theme";
/// How many changes the strip names.
const CHANGES_SHOWN: usize = 20;
/// How many views the palette offers; the rest is on their page.
const VIEWS_SHOWN: usize = 10;

/// What the request says about its page.
#[derive(Clone, Debug, Default)]
pub(super) struct Frame {
    theme: Theme,
    path: String,
    flash: Option<Flash>,
    overtaken: Vec<Difference>,
}

impl Frame {
    pub(super) fn of(headers: &HeaderMap, uri: &Uri) -> Self {
        let theme = auth::cookie(headers, THEME_COOKIE).map(Theme::parse).unwrap_or_default();
        let path = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str).to_owned();
        Self { theme, path, flash: Flash::of(headers), overtaken: Vec::new() }
    }

    /// The frame of a page that shows both versions of what two editors changed.
    pub(super) fn overtaken(self, current: &Value, sent: Option<&Value>) -> Self {
        let differences = diff::between_editors(current, sent.unwrap_or(&Value::Null));
        let shown = |one: diff::Difference| Difference { name: one.name, now: one.before, sent: one.after };
        Self { overtaken: differences.into_iter().map(shown).collect(), ..self }
    }

    /// The frame for somebody who is not signed in.
    pub(super) fn bare(self, title: &str) -> Shell {
        let Self { theme, path, flash, overtaken } = self;
        let flashes = flash.into_iter().map(Flash::shown).collect();
        Shell { title: title.to_owned(), theme, path, flashes, overtaken, ..Shell::default() }
    }

    /// The frame for `actor`.
    pub(super) async fn shell(
        self,
        app: &App,
        actor: &Actor,
        title: impl Into<String>,
        section: Section,
    ) -> Result<Shell, AppError> {
        let seen = workspaces::in_reach(app, actor, Right::ReadFigures).await?;
        let workspace = (seen.len() > 1).then(|| format!("All {} workspaces", seen.len()));
        let user = User {
            name: actor.name.clone(),
            email: actor.email.clone(),
            may_publish: actor.may_in(Right::Publish, None),
        };
        let unpublished = if actor.may(Right::ReadRevisions) { unpublished(app).await? } else { None };
        let views = kept(app, actor).await?;
        let closed = closed_to(actor);
        Ok(Shell {
            section,
            user: Some(user),
            workspace,
            unpublished,
            views,
            closed,
            ..self.bare(&title.into())
        })
    }
}

/// The screens of the navigation that the actor may not open.
fn closed_to(actor: &Actor) -> Vec<Section> {
    entries().map(|entry| entry.section).filter(|section| !opens(actor, *section)).collect()
}

fn opens(actor: &Actor, section: Section) -> bool {
    match section {
        Section::Overview | Section::Requests | Section::Customers => actor.may(Right::ReadFigures),
        Section::Keys | Section::Providers | Section::Models | Section::Prices | Section::Gateways => {
            actor.may(Right::ReadSetup)
        }
        Section::Publishing => actor.may(Right::ReadRevisions),
        Section::Audit => actor.may(Right::ReadAudit),
        Section::Settings => actor.may(Right::OwnAccount),
        Section::None => true,
    }
}

/// The first of the views the actor sees, for the palette.
async fn kept(app: &App, actor: &Actor) -> Result<Vec<Link>, AppError> {
    let views = views::list(app, actor).await?.into_iter().take(VIEWS_SHOWN);
    Ok(views.map(|view| Link::new(view.name, view.query.link().href())).collect())
}

async fn unpublished(app: &App) -> Result<Option<Unpublished>, AppError> {
    let draft = publish::draft_state(app).await?;
    if draft.changes.is_empty() {
        return Ok(None);
    }
    let tag = tag_of(&draft);
    let changes = u64::try_from(draft.changed.len()).unwrap_or(u64::MAX);
    let problems = draft.problems.into_iter().map(|problem| format!("Cannot be published: {}", problem.text));
    let summary = problems.chain(draft.changes).take(CHANGES_SHOWN).collect();
    Ok(Some(Unpublished { changes, running_revision: draft.running, summary, tag }))
}

impl FromRequestParts<App> for Frame {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers, &parts.uri))
    }
}
