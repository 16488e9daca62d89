//! `/models/{id}`: one model, what it does first, then its form; the form for a new one.

use std::collections::HashMap;

use axum::extract::{Form, Path, State};
use axum::response::Response;
use weir_contract::id::EndpointId;
use weir_web::form::{Choice, Field, FieldError};
use weir_web::page::ModelPage;
use weir_web::page::models::TargetForm as TargetFields;
use weir_web::shell::Section;
use weir_web::url;

use super::abilities::{CAN, CANNOT, Said, answers};
use super::row::Known;
use crate::app::App;
use crate::auth::{Actor, Allowed, ManageProviders, ReadSetup, Right};
use crate::error::{AppError, FieldErrors};
use crate::models::{self, Model, ModelForm, TargetForm};
use crate::page::answer::page;
use crate::page::draft::{settle, settle_change};
use crate::page::frame::Frame;
use crate::page::trail::trail;
use crate::precondition::{Expected, tag_of};

/// Blank targets offered behind those there are.
const BLANK: usize = 2;

/// What the form sends: names of [`ModelPage`], and `target_{n}_endpoint`, `target_{n}_model` from 0.
type Sent = HashMap<String, String>;

/// What the form shows.
#[derive(Default)]
struct Filled {
    name: String,
    aliases: String,
    max_output: String,
    context_window: String,
    targets: Vec<TargetForm>,
    abilities: Said,
}

/// `GET /models/new`
pub(in crate::page) async fn new(
    by: Allowed<ManageProviders>,
    State(app): State<App>,
    frame: Frame,
) -> Result<Response, AppError> {
    page(&view(&app, &by, frame, None, Filled::default(), &FieldErrors::default()).await?)
}

/// `GET /models/{id}`
pub(in crate::page) async fn show(
    by: Allowed<ReadSetup>,
    State(app): State<App>,
    frame: Frame,
    Path(id): Path<String>,
) -> Result<Response, AppError> {
    let model = find(&app, &by, &id).await?;
    page(&view(&app, &by, frame, Some(&model), Filled::of(&model), &FieldErrors::default()).await?)
}

/// `POST /models`
pub(in crate::page) async fn create(
    by: Allowed<ManageProviders>,
    State(app): State<App>,
    frame: Frame,
    Form(sent): Form<Sent>,
) -> Result<Response, AppError> {
    let done = match read(&sent, None) {
        Ok(form) => models::create(&app, &by, form).await,
        Err(invalid) => Err(invalid),
    };
    let again = async |errors| view(&app, &by, frame, None, Filled::sent(&sent), &errors).await;
    settle(done, saved, again).await
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
    let done = match read(&sent, Some(&before)) {
        Ok(form) => models::update(&app, &by, &id, form, &Expected::tag(&text(&sent, "tag"))).await,
        Err(invalid) => Err(invalid),
    };
    // With what is there now: a second look has its tag.
    let again = async |frame, errors| {
        let now = find(&app, &by, &id).await?;
        view(&app, &by, frame, Some(&now), Filled::sent(&sent), &errors).await
    };
    settle_change(frame, done, saved, again).await
}

fn saved(model: &Model) -> (String, String) {
    let text = format!("Model {} is saved in the draft. Publish to put it in force.", model.name);
    (url::MODELS.to_owned(), text)
}

/// The model of that id, for whoever may see it.
pub(super) async fn find(app: &App, actor: &Actor, id: &str) -> Result<Model, AppError> {
    models::find(app, actor, id).await?.ok_or_else(|| AppError::not_found("model", id))
}

impl Filled {
    fn of(model: &Model) -> Self {
        let number = |figure: Option<u64>| figure.map(|figure| figure.to_string()).unwrap_or_default();
        let targets = model.body.targets.iter().map(|target| TargetForm {
            endpoint: target.endpoint.clone(),
            upstream_model: target.upstream_model.clone(),
        });
        Self {
            name: model.name.clone(),
            aliases: model.body.aliases.join(", "),
            max_output: number(model.body.max_output),
            context_window: number(model.body.context_window),
            targets: targets.collect(),
            abilities: Said::of(model),
        }
    }

    fn sent(sent: &Sent) -> Self {
        Self {
            name: text(sent, "name"),
            aliases: text(sent, "aliases"),
            max_output: text(sent, "max_output"),
            context_window: text(sent, "context_window"),
            targets: targets(sent),
            abilities: Said::sent(|name| text(sent, name)),
        }
    }
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

/// As the service wants it. A new first target brings its own limits, unless others were typed.
fn read(sent: &Sent, before: Option<&Model>) -> Result<ModelForm, AppError> {
    let targets = targets(sent);
    let first = |model: &Model| {
        model.body.targets.first().map(|first| (first.endpoint.to_string(), first.upstream_model.clone()))
    };
    let is_other_first = before.is_some_and(|before| {
        first(before)
            != targets.first().map(|first| (first.endpoint.to_string(), first.upstream_model.clone()))
    });
    let mut errors = FieldErrors::default();
    let mut limit = |name: &str, was: Option<u64>| {
        let typed = text(sent, name);
        if typed.is_empty() {
            return None;
        }
        let figure = typed.parse().map_err(|_| errors.add(name, FieldError::NotANumber { min: 1 })).ok();
        figure.filter(|figure| !(is_other_first && was == Some(*figure)))
    };
    let max_output = limit("max_output", before.and_then(|before| before.body.max_output));
    let context_window = limit("context_window", before.and_then(|before| before.body.context_window));
    let said = Said::sent(|name| text(sent, name));
    said.check(&mut errors);
    errors.check()?;
    let aliases = text(sent, "aliases");
    let aliases = aliases.split([',', '\n']).map(str::trim).filter(|alias| !alias.is_empty());
    Ok(ModelForm {
        name: text(sent, "name"),
        aliases: aliases.map(str::to_owned).collect(),
        workspace: before.and_then(|before| before.workspace.clone()),
        max_output,
        context_window,
        can: said.all(CAN),
        cannot: said.all(CANNOT),
        targets,
        note: String::new(),
        version: None,
    })
}

async fn view(
    app: &App,
    actor: &Actor,
    frame: Frame,
    before: Option<&Model>,
    filled: Filled,
    errors: &FieldErrors,
) -> Result<ModelPage, AppError> {
    let title = before.map_or_else(|| "Add a model".to_owned(), |before| format!("Model {}", before.name));
    let known = Known::of(app, actor).await?;
    let owner = before.and_then(|before| before.workspace.as_ref());
    let field = |value: String, name: &str| Field { value, error: errors.of(name).cloned() };
    let alias_error = errors.iter().find(|(name, _)| name.starts_with("aliases")).map(|(_, error)| error);
    Ok(ModelPage {
        shell: frame.shell(app, actor, title, Section::Models).await?,
        model_id: before.map(|before| before.id.clone()),
        model: before.map(|before| known.row(app, before)),
        may_edit: actor.may_in(Right::ManageProviders, owner),
        tag: before.map(tag_of).unwrap_or_default(),
        trail: match before {
            Some(before) => trail(app, actor, &before.id).await?,
            None => None,
        },
        now_us: app.clock.now_us(),
        name: field(filled.name, "name"),
        aliases: Field { value: filled.aliases, error: alias_error.cloned() },
        max_output: field(filled.max_output, "max_output"),
        context_window: field(filled.context_window, "context_window"),
        targets: all_target_fields(filled.targets, errors),
        abilities: filled.abilities.fields(before.and_then(|before| known.in_book(app, before)), errors),
        answers: answers(),
        endpoints: known.endpoints.iter().map(|one| Choice::new(one.id.to_string(), &one.name)).collect(),
    })
}

fn all_target_fields(targets: Vec<TargetForm>, errors: &FieldErrors) -> Vec<TargetFields> {
    let count = (targets.len() + BLANK).min(ModelPage::TARGETS_MAX).max(targets.len());
    let mut fields: Vec<TargetFields> =
        targets.into_iter().enumerate().map(|(place, target)| target_fields(place, target, errors)).collect();
    fields.resize_with(count, TargetFields::default);
    if let (Some(error), Some(first)) = (errors.of("targets"), fields.first_mut()) {
        first.upstream_model.error = Some(error.clone());
    }
    fields
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
