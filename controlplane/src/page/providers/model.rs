//! Models: new, change, delete. Drafts: nothing runs before it is published.

use std::collections::HashMap;

use axum::extract::{Form, Path, State};
use axum::response::Response;
use http::StatusCode;
use weir_contract::id::EndpointId;
use weir_web::form::{Choice, Field};
use weir_web::page::providers::TargetForm as TargetFields;
use weir_web::page::{ConfirmPage, ModelPage};
use weir_web::shell::{Link, Section};
use weir_web::url;

use crate::app::App;
use crate::auth::{Actor, Allowed, ManageProviders, ReadSetup};
use crate::endpoints;
use crate::error::{AppError, FieldErrors};
use crate::models::{self, Model, ModelForm, TargetForm};
use crate::page::answer::{go_saying, page, page_with};
use crate::page::flash::Flash;
use crate::page::frame::Frame;

/// Blank targets offered behind those there are.
const BLANK: usize = 2;

/// What the form sends: `name`, and `target_{n}_endpoint`, `target_{n}_model` from 0.
type Sent = HashMap<String, String>;

/// `GET /models/new`
pub(in crate::page) async fn new(
    by: Allowed<ManageProviders>,
    State(app): State<App>,
    frame: Frame,
) -> Result<Response, AppError> {
    page(&view(&app, &by, frame, None, String::new(), Vec::new(), &FieldErrors::default()).await?)
}

/// `GET /models/{id}`
pub(in crate::page) async fn show(
    by: Allowed<ReadSetup>,
    State(app): State<App>,
    frame: Frame,
    Path(id): Path<String>,
) -> Result<Response, AppError> {
    let model = find(&app, &by, &id).await?;
    let targets = model.body.targets.iter().map(|target| TargetForm {
        endpoint: target.endpoint.clone(),
        upstream_model: target.upstream_model.clone(),
    });
    let (name, targets) = (model.name.clone(), targets.collect());
    page(&view(&app, &by, frame, Some(&model), name, targets, &FieldErrors::default()).await?)
}

/// `POST /models`
pub(in crate::page) async fn create(
    by: Allowed<ManageProviders>,
    State(app): State<App>,
    frame: Frame,
    Form(sent): Form<Sent>,
) -> Result<Response, AppError> {
    let form = read(&sent, None);
    match models::create(&app, &by, form).await {
        Ok(made) => Ok(saved(&made)),
        Err(AppError::Invalid(errors)) => refused(&app, &by, frame, None, &sent, &errors).await,
        Err(other) => Err(other),
    }
}

/// `POST /models/{id}`
pub(in crate::page) async fn update(
    by: Allowed<ManageProviders>,
    State(app): State<App>,
    frame: Frame,
    Path(id): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response, AppError> {
    let before = find(&app, &by, &id).await?;
    match models::update(&app, &by, &id, read(&sent, Some(&before))).await {
        Ok(after) => Ok(saved(&after)),
        Err(AppError::Invalid(errors)) => refused(&app, &by, frame, Some(&before), &sent, &errors).await,
        Err(other) => Err(other),
    }
}

/// `GET /models/{id}/deletion`
pub(in crate::page) async fn ask(
    by: Allowed<ManageProviders>,
    State(app): State<App>,
    frame: Frame,
    Path(id): Path<String>,
) -> Result<Response, AppError> {
    let model = find(&app, &by, &id).await?;
    page(&ConfirmPage {
        shell: frame.shell(&app, &by, format!("Delete model {}", model.name), Section::Providers).await?,
        sentence: format!("Clients that ask for {} will be told that there is no such model.", model.name),
        consequences: vec!["Traffic goes on as before until the draft is published.".to_owned()],
        button: format!("Delete model {}", model.name),
        action: url::model_deletion(&id),
        cancel: Link::new("Keep it", url::PROVIDERS),
    })
}

/// `POST /models/{id}/deletion`
pub(in crate::page) async fn delete(
    by: Allowed<ManageProviders>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, AppError> {
    let model = find(&app, &by, &id).await?;
    models::delete(&app, &by, &id, "").await?;
    Ok(go_saying(url::PROVIDERS, &Flash::ok(format!("Model {} has left the draft.", model.name))))
}

fn saved(model: &Model) -> Response {
    let text = format!("Model {} is saved in the draft. Publish to put it in force.", model.name);
    go_saying(url::PROVIDERS, &Flash::ok(text))
}

async fn find(app: &App, actor: &Actor, id: &str) -> Result<Model, AppError> {
    models::find(app, actor, id).await?.ok_or_else(|| AppError::not_found("model", id))
}

fn text(sent: &Sent, name: &str) -> String {
    sent.get(name).map(|value| value.trim().to_owned()).unwrap_or_default()
}

/// The targets that name a model, in order.
fn targets(sent: &Sent) -> Vec<TargetForm> {
    let all = (0..ModelPage::TARGETS_MAX).map(|n| TargetForm {
        endpoint: EndpointId::from(text(sent, &format!("target_{n}_endpoint"))),
        upstream_model: text(sent, &format!("target_{n}_model")),
    });
    all.filter(|target| !target.upstream_model.is_empty()).collect()
}

/// As the service wants it; what the form does not show stays as it was, but a new first target brings its own limits.
fn read(sent: &Sent, before: Option<&Model>) -> ModelForm {
    let targets = targets(sent);
    let same_first = |before: &&Model| {
        before.body.targets.first().map(|first| (first.endpoint.as_str(), first.upstream_model.as_str()))
            == targets.first().map(|first| (first.endpoint.as_str(), first.upstream_model.as_str()))
    };
    let kept = before.filter(same_first);
    ModelForm {
        name: text(sent, "name"),
        workspace: before.and_then(|before| before.workspace.clone()),
        max_output: kept.and_then(|before| before.body.max_output),
        context_window: kept.and_then(|before| before.body.context_window),
        targets,
        note: String::new(),
        version: None,
    }
}

async fn refused(
    app: &App,
    actor: &Actor,
    frame: Frame,
    before: Option<&Model>,
    sent: &Sent,
    errors: &FieldErrors,
) -> Result<Response, AppError> {
    let view = view(app, actor, frame, before, text(sent, "name"), targets(sent), errors).await?;
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &view)
}

async fn view(
    app: &App,
    actor: &Actor,
    frame: Frame,
    before: Option<&Model>,
    name: String,
    targets: Vec<TargetForm>,
    errors: &FieldErrors,
) -> Result<ModelPage, AppError> {
    let title = before.map_or_else(|| "Add a model".to_owned(), |before| format!("Model {}", before.name));
    let known = endpoints::list(app, actor).await?;
    let endpoints: Vec<Choice> =
        known.into_iter().map(|one| Choice::new(one.id.to_string(), one.name)).collect();
    let count = (targets.len() + BLANK).min(ModelPage::TARGETS_MAX).max(targets.len());
    let mut fields: Vec<TargetFields> =
        targets.into_iter().enumerate().map(|(place, target)| target_fields(place, target, errors)).collect();
    fields.resize_with(count, TargetFields::default);
    if let (Some(error), Some(first)) = (errors.of("targets"), fields.first_mut()) {
        first.upstream_model.error = Some(error.clone());
    }
    Ok(ModelPage {
        shell: frame.shell(app, actor, title, Section::Providers).await?,
        model_id: before.map(|before| before.id.clone()),
        name: Field { value: name, error: errors.of("name").cloned() },
        targets: fields,
        endpoints,
    })
}

fn target_fields(place: usize, target: TargetForm, errors: &FieldErrors) -> TargetFields {
    let field = |value: String, name: &str| Field {
        value,
        error: errors.of(&format!("targets/{place}/{name}")).cloned(),
    };
    TargetFields {
        endpoint: field(target.endpoint.to_string(), "endpoint"),
        upstream_model: field(target.upstream_model, "upstream_model"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_without_a_model_is_none() {
        let sent: Sent = [
            ("name", "m"),
            ("target_0_endpoint", "ep_1"),
            ("target_0_model", ""),
            ("target_1_endpoint", "ep_2"),
            ("target_1_model", " gpt "),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let targets = targets(&sent);
        assert_eq!(targets.len(), 1);
        assert_eq!((targets[0].endpoint.as_str(), targets[0].upstream_model.as_str()), ("ep_2", "gpt"));
    }
}
