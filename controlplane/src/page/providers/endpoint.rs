//! Endpoints: new, change, delete. Drafts: nothing runs before it is published. A credential never comes back to a page.

use axum::extract::{Form, Path, State};
use axum::response::Response;
use serde::Deserialize;
use weir_contract::id::{EndpointId, WorkspaceId};
use weir_web::form::{Choice, Field};
use weir_web::page::providers::CredentialState;
use weir_web::page::{ConfirmPage, EndpointPage};
use weir_web::shell::{Link, Section};
use weir_web::url;

use super::list::credential;
use crate::app::App;
use crate::auth::{Actor, Allowed, ManageProviders, ReadSetup, Right};
use crate::endpoints::{self, Endpoint, EndpointForm};
use crate::error::{AppError, FieldErrors};
use crate::page::answer::page;
use crate::page::draft::{left, settle};
use crate::page::frame::Frame;
use crate::precondition::{Expected, tag_of};
use crate::{providers, workspaces};

/// What the form sends; field names are those of [`EndpointPage`].
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(in crate::page) struct Sent {
    name: String,
    provider: String,
    base_url: String,
    credential: String,
    region: String,
    workspace: String,
    allow_private: String,
    add_models: String,
    tag: String,
}

/// `GET /providers/endpoints/new`
pub(in crate::page) async fn new(
    by: Allowed<ManageProviders>,
    State(app): State<App>,
    frame: Frame,
) -> Result<Response, AppError> {
    let sent = Sent { provider: "openai".to_owned(), add_models: "on".to_owned(), ..Sent::default() };
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
    let done = endpoints::create(&app, &by, sent.form(None)).await;
    let saved = |made: Endpoint| {
        let text = format!("Endpoint {} is in the draft. Publish to put it in force.", made.name);
        (url::PROVIDERS.to_owned(), text)
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
    let done = endpoints::update(&app, &by, &id, sent.form(Some(&before)), &expected).await;
    let saved = |after: Endpoint| (url::PROVIDERS.to_owned(), said(&before, &after));
    settle(done, saved, async |errors| view(&app, &by, frame, Some(&before), sent, &errors).await).await
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

/// `GET /providers/endpoints/{id}/deletion`
pub(in crate::page) async fn ask(
    by: Allowed<ManageProviders>,
    State(app): State<App>,
    frame: Frame,
    Path(id): Path<EndpointId>,
) -> Result<Response, AppError> {
    let endpoint = find(&app, &by, &id).await?;
    page(&ConfirmPage {
        shell: frame
            .shell(&app, &by, format!("Delete endpoint {}", endpoint.name), Section::Providers)
            .await?,
        sentence: format!(
            "The endpoint at {} leaves the draft, its stored credential with it.",
            endpoint.body.base_url
        ),
        consequences: vec![
            "Traffic goes on as before until the draft is published.".to_owned(),
            "It cannot be deleted while a model has it as a target.".to_owned(),
        ],
        button: format!("Delete endpoint {}", endpoint.name),
        action: url::endpoint_deletion(id.as_str()),
        cancel: Link::new("Keep it", url::PROVIDERS),
    })
}

/// `POST /providers/endpoints/{id}/deletion`
pub(in crate::page) async fn delete(
    by: Allowed<ManageProviders>,
    State(app): State<App>,
    Path(id): Path<EndpointId>,
) -> Result<Response, AppError> {
    let endpoint = find(&app, &by, &id).await?;
    let done = endpoints::delete(&app, &by, &id, "").await;
    left(url::PROVIDERS, &format!("Endpoint {}", endpoint.name), done)
}

async fn find(app: &App, actor: &Actor, id: &EndpointId) -> Result<Endpoint, AppError> {
    endpoints::find(app, actor, id).await?.ok_or_else(|| AppError::not_found("endpoint", id.as_str()))
}

impl Sent {
    /// What the form shows of an endpoint.
    fn of(endpoint: &Endpoint) -> Self {
        let body = &endpoint.body;
        Self {
            name: endpoint.name.clone(),
            provider: body.provider.clone(),
            base_url: body.base_url.clone(),
            credential: String::new(),
            region: body.region.clone(),
            workspace: endpoint.workspace.as_ref().map(ToString::to_string).unwrap_or_default(),
            allow_private: if body.limits.allow_private { "on".to_owned() } else { String::new() },
            add_models: String::new(),
            tag: tag_of(endpoint),
        }
    }

    /// As the service wants it. What the form does not show stays as it was, unless the provider is another one.
    fn form(&self, before: Option<&Endpoint>) -> EndpointForm {
        let kept = before.map(|before| &before.body).filter(|body| body.provider == self.provider);
        let mut limits = before.map(|before| before.body.limits.clone()).unwrap_or_default();
        limits.allow_private = self.allow_private == "on";
        EndpointForm {
            name: self.name.clone(),
            workspace: Some(WorkspaceId::from(self.workspace.as_str())),
            provider: self.provider.clone(),
            dialect: kept.map(|body| body.dialect.clone()),
            base_url: Some(self.base_url.clone()),
            region: self.region.clone(),
            auth: kept.map(|body| body.auth),
            credential: Some(self.credential.clone()).filter(|entered| !entered.trim().is_empty()),
            limits,
            add_models: self.add_models == "on",
            note: String::new(),
            version: None,
        }
    }
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
    let mut choices: Vec<Choice> =
        providers::KNOWN.iter().map(|one| Choice::new(one.name, one.label)).collect();
    if !choices.iter().any(|choice| choice.value == sent.provider) {
        choices.push(Choice::new(sent.provider.clone(), sent.provider.clone()));
    }
    let field = |value: String, name: &str| Field { value, error: errors.of(name).cloned() };
    Ok(EndpointPage {
        shell: frame.shell(app, actor, title, Section::Providers).await?,
        endpoint_id: before.map(|before| before.id.to_string()),
        tag: before.map(tag_of).unwrap_or_default(),
        name: field(sent.name, "name"),
        provider: field(sent.provider, "provider"),
        providers: choices,
        base_url: field(sent.base_url, "base_url"),
        credential: field(String::new(), "credential"),
        credential_state: before.map(|before| credential(&before.body)).unwrap_or_default(),
        region: field(sent.region, "region"),
        workspace: field(sent.workspace, "workspace"),
        workspaces: owners.into_iter().map(|one| Choice::new(one.id.to_string(), one.name)).collect(),
        allow_private: field(sent.allow_private, "limits/allow_private"),
        add_models: field(sent.add_models, "add_models"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_credential_keeps_what_is_stored() {
        let sent = Sent { provider: "openai".into(), credential: "  ".into(), ..Sent::default() };
        assert_eq!(sent.form(None).credential, None);
        let entered = Sent { credential: "env:KEY".into(), ..sent };
        assert_eq!(entered.form(None).credential.as_deref(), Some("env:KEY"));
    }
}
