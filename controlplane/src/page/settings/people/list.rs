//! `GET /settings/people`: everybody the reader manages, the open invitations, the form for a new one.

use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;
use weir_web::form::Field;
use weir_web::page::PeoplePage;
use weir_web::page::keys::Pick;
use weir_web::page::people::{InvitationForm, InvitationRow};
use weir_web::shell::{Link, Section};
use weir_web::url;

use super::{count, row, words};
use crate::app::App;
use crate::auth::{Actor, Allowed, ManagePeople, Right};
use crate::error::AppError;
use crate::page::answer::page;
use crate::page::frame::Frame;
use crate::page::people::People;
use crate::people::invitation::Invitation;
use crate::people::{self, invitation};
use crate::workspaces::{self, Workspace};

const ROWS: usize = 40;
/// Workspaces offered in the form and as links; the page says how many more there are.
const PLACES: usize = 40;
/// Invitations shown; the page says how many more there are.
const INVITATIONS: usize = 20;

/// What is asked of the list.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::page) struct Asked {
    search: String,
    after: String,
}

/// `GET /settings/people`
pub(in crate::page) async fn list(
    by: Allowed<ManagePeople>,
    State(app): State<App>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, AppError> {
    let form = InvitationForm { role: Field::new("viewer"), ..InvitationForm::default() };
    page(&view(&app, &by, frame, asked, form, &[]).await?)
}

/// The page with that form, in which the places `picked` are ticked.
pub(super) async fn view(
    app: &App,
    actor: &Actor,
    frame: Frame,
    asked: Asked,
    form: InvitationForm,
    picked: &[&str],
) -> Result<PeoplePage, AppError> {
    let known = workspaces::list(app).await?;
    let search = asked.search.trim().to_lowercase();
    let mut rows: Vec<_> =
        people::list(app, actor).await?.iter().map(|person| row(person, actor, &known)).collect();
    let all = count(rows.len());
    let has = |text: &str| text.to_lowercase().contains(&search);
    rows.retain(|row| has(&row.name) || has(&row.email) || row.roles.iter().any(|role| has(role)));
    let matching = count(rows.len());
    let skip: usize = asked.after.parse().unwrap_or(0);
    let next = (rows.len() > skip.saturating_add(ROWS)).then(|| (skip + ROWS).to_string());
    let managed = workspaces::in_reach(app, actor, Right::ManagePeople).await?;
    let link = |one: &Workspace| Link::new(one.name.clone(), url::members(one.id.as_str()));
    let open = invitation::list(app, actor).await?;
    let beyond = |length: usize, shown: usize| count(length.saturating_sub(shown));
    Ok(PeoplePage {
        shell: frame.shell(app, actor, "People", Section::Settings).await?,
        people: rows.into_iter().skip(skip).take(ROWS).collect(),
        search: asked.search,
        matching,
        all,
        next,
        more_invitations: beyond(open.len(), INVITATIONS),
        invitations: invitations(app, open, &known).await?,
        more_workspaces: beyond(managed.len(), PLACES),
        workspaces: managed.iter().take(PLACES).map(link).collect(),
        form: InvitationForm { places: places(actor, &managed, picked), ..form },
        now_us: app.clock.now_us(),
    })
}

/// Where the reader may invite to; the only place there is is ticked.
fn places(actor: &Actor, managed: &[Workspace], picked: &[&str]) -> Vec<Pick> {
    let everywhere =
        actor.may_in(Right::ManagePeople, None).then(|| ("*".to_owned(), "Everywhere".to_owned()));
    let those = managed.iter().take(PLACES).map(|one| (one.id.to_string(), one.name.clone()));
    let all: Vec<(String, String)> = everywhere.into_iter().chain(those).collect();
    let is_only = all.len() == 1;
    let pick = |(value, label): (String, String)| Pick {
        is_picked: is_only || picked.contains(&value.as_str()),
        value,
        label,
    };
    all.into_iter().map(pick).collect()
}

async fn invitations(
    app: &App,
    open: Vec<Invitation>,
    known: &[Workspace],
) -> Result<Vec<InvitationRow>, AppError> {
    let mut people = People::default();
    let mut rows = Vec::new();
    for invitation in open.into_iter().take(INVITATIONS) {
        rows.push(InvitationRow {
            by: people.name(app, &invitation.created_by).await?,
            roles: invitation.roles.iter().map(|role| words(role, known)).collect(),
            invitation_id: invitation.id,
            email: invitation.email,
            created_us: invitation.created_us,
            expires_us: invitation.expires_us,
        });
    }
    Ok(rows)
}
