//! `/providers/endpoints/{id}`: one endpoint, how it does first, then its form; the form for a new one; its test.
//! Drafts: nothing runs before it is published. A credential never comes back to a page.

use axum::extract::{Form, Path, Query, State};
use axum::response::Response;
use serde::Deserialize;
use weir_contract::id::EndpointId;
use weir_web::form::Choice;
use weir_web::page::EndpointPage;
use weir_web::page::providers::{CredentialState, TestedView};
use weir_web::shell::Section;
use weir_web::url;

use super::form::Sent;
use super::list::{self, credential};
use crate::app::App;
use crate::auth::{Actor, Allowed, ManageProviders, ReadSetup, Right};
use crate::endpoints::probe::{Step, Tested, probe};
use crate::endpoints::{self, Endpoint};
use crate::error::{AppError, FieldErrors};
use crate::page::answer::page;
use crate::page::draft::{settle, settle_change};
use crate::page::frame::Frame;
use crate::page::trail::trail;
use crate::precondition::Expected;
use crate::workspaces;

/// Which provider the form for a new endpoint is filled for.
#[derive(Clone, Debug, Default, Deserialize)]
pub(in crate::page) struct Chosen {
    provider: Option<String>,
}

/// `GET /providers/endpoints/new`
pub(in crate::page) async fn new(
    by: Allowed<ManageProviders>,
    State(app): State<App>,
    frame: Frame,
    Query(chosen): Query<Chosen>,
) -> Result<Response, AppError> {
    let sent = Sent::blank(chosen.provider.unwrap_or_else(|| "openai".to_owned()));
    page(&view(&app, &by, frame, None, sent, &FieldErrors::default()).await?)
}

/// `GET /providers/endpoints/{id}`
pub(in crate::page) async fn show(
    by: Allowed<ReadSetup>,
    State(app): State<App>,
    frame: Frame,
    Path(id): Path<EndpointId>,
) -> Result<Response, AppError> {
    let endpoint = find(&app, &by, &id).await?;
    let sent = Sent::of(&endpoint);
    page(&view(&app, &by, frame, Some(&endpoint), sent, &FieldErrors::default()).await?)
}

/// `POST /providers/endpoints`
pub(in crate::page) async fn create(
    by: Allowed<ManageProviders>,
    State(app): State<App>,
    frame: Frame,
    Form(sent): Form<Sent>,
) -> Result<Response, AppError> {
    let done = match sent.form(None) {
        Ok(form) => endpoints::create(&app, &by, form).await,
        Err(invalid) => Err(invalid),
    };
    let saved = |made: &Endpoint| {
        let text = format!("Endpoint {} is in the draft. Publish to put it in force.", made.name);
        (url::endpoint(made.id.as_str()), text)
    };
    settle(done, saved, async |errors| view(&app, &by, frame, None, sent, &errors).await).await
}

/// `POST /providers/endpoints/{id}`
pub(in crate::page) async fn update(
    by: Allowed<ManageProviders>,
    State(app): State<App>,
    frame: Frame,
    Path(id): Path<EndpointId>,
    Form(sent): Form<Sent>,
) -> Result<Response, AppError> {
    let before = find(&app, &by, &id).await?;
    let expected = Expected::tag(&sent.tag);
    let done = match sent.form(Some(&before)) {
        Ok(form) => endpoints::update(&app, &by, &id, form, &expected).await,
        Err(invalid) => Err(invalid),
    };
    let saved = |after: &Endpoint| (url::endpoint(after.id.as_str()), said(&before, after));
    // With what is there now: a second look has its tag.
    let again = async |frame, errors| {
        let now = find(&app, &by, &id).await?;
        view(&app, &by, frame, Some(&now), sent, &errors).await
    };
    settle_change(frame, done, saved, again).await
}

fn said(before: &Endpoint, after: &Endpoint) -> String {
    let is_missing = |endpoint: &Endpoint| credential(&endpoint.body) == CredentialState::Missing;
    let name = &after.name;
    if !is_missing(before) && is_missing(after) {
        return format!(
            "Endpoint {name} is saved. Its address has another host, so its credential was cleared: enter it again."
        );
    }
    format!("Endpoint {name} is saved in the draft. Publish to put it in force.")
}

/// The endpoint of that id, for whoever may see it.
pub(super) async fn find(app: &App, actor: &Actor, id: &EndpointId) -> Result<Endpoint, AppError> {
    endpoints::find(app, actor, id).await?.ok_or_else(|| AppError::not_found("endpoint", id.as_str()))
}

/// `POST /providers/endpoints/{id}/test`: the endpoint's page, with what the test found.
pub(in crate::page) async fn test(
    by: Allowed<ManageProviders>,
    State(app): State<App>,
    frame: Frame,
    Path(id): Path<EndpointId>,
) -> Result<Response, AppError> {
    let tested = probe(&app, &by, &id).await?;
    let endpoint = find(&app, &by, &id).await?;
    let sent = Sent::of(&endpoint);
    let shown = view(&app, &by, frame, Some(&endpoint), sent, &FieldErrors::default()).await?;
    page(&EndpointPage { tested: Some(tested_view(tested)), ..shown })
}

pub(super) fn tested_view(tested: Tested) -> TestedView {
    let step = match tested.step {
        Step::Settings => "Not called: the settings cannot be used.",
        Step::Name => "The name of the host leads nowhere.",
        Step::Connect => "No connection.",
        Step::Tls => "No agreement on TLS.",
        Step::Credential => "The provider does not take the credential.",
        Step::Answer => "The provider did not answer as it should.",
        Step::Done => "It works.",
    };
    let Tested { ok, call, status, message, note, .. } = tested;
    TestedView { ok, step: step.to_owned(), call, status, message, note }
}

async fn view(
    app: &App,
    actor: &Actor,
    frame: Frame,
    before: Option<&Endpoint>,
    sent: Sent,
    errors: &FieldErrors,
) -> Result<EndpointPage, AppError> {
    let title =
        before.map_or_else(|| "Add an endpoint".to_owned(), |before| format!("Endpoint {}", before.name));
    let owners = workspaces::in_reach(app, actor, Right::ManageProviders).await?;
    let owner = before.and_then(|before| before.workspace.as_ref());
    let (mut endpoint, mut done) = (None, None);
    if let Some(before) = before {
        endpoint =
            list::rows(app, actor).await?.into_iter().find(|row| row.endpoint_id == before.id.as_str());
        done = trail(app, actor, before.id.as_str()).await?;
    }
    Ok(EndpointPage {
        shell: frame.shell(app, actor, title, Section::Providers).await?,
        endpoint,
        may_edit: actor.may_in(Right::ManageProviders, owner),
        trail: done,
        now_us: app.clock.now_us(),
        workspaces: owners.into_iter().map(|one| Choice::new(one.id.to_string(), one.name)).collect(),
        ..sent.shown(before, errors)
    })
}
