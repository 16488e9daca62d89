//! Models: the names clients may ask for, each with targets in order of preference. Drafts.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weir_contract::id::{EndpointId, WorkspaceId, prefixed};
use weir_contract::policy::{Ability, TargetEntry};
use weir_contract::price::BookRow;
use weir_web::form::FieldError;

use crate::api::schema;
use crate::app::App;
use crate::auth::{Actor, Right};
use crate::endpoints::{Endpoint, EndpointBody, is_visible};
use crate::error::{AppError, FieldErrors};
use crate::objects::{self, Body, Draft, Edit, check_name};
use crate::precondition::Expected;
use crate::store::Conn;

/// Targets one model may have.
pub const TARGETS_MAX: usize = 16;

/// Further names one model may have.
const ALIASES_MAX: usize = 32;

/// What a model says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ModelBody {
    /// Further names clients may ask for; they lead to the same targets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Where it may be served, in order.
    #[schema(value_type = Vec<TargetForm>)]
    pub targets: Vec<TargetEntry>,
    /// Most output tokens, when known: bounds a hold.
    pub max_output: Option<u64>,
    /// Input and output together, when known.
    pub context_window: Option<u64>,
    /// What it can do beyond what the price book says of its first target.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(schema_with = schema::abilities)]
    pub can: Vec<Ability>,
    /// What it cannot do, whatever the price book says: requests that ask for it are refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(schema_with = schema::abilities)]
    pub cannot: Vec<Ability>,
}

impl Body for ModelBody {
    const KIND: &'static str = "model";
}

impl ModelBody {
    /// What it is known to be able to do: what its people say, and what the book says of its first target where they do
    /// not say otherwise. In the order of [`Ability::ALL`].
    pub(crate) fn abilities(&self, first: Option<&BookRow>) -> Vec<Ability> {
        let in_book = |ability: Ability| {
            first.is_some_and(|row| row.capabilities.iter().any(|word| word == ability.in_book()))
        };
        let can = |ability: &Ability| self.can.contains(ability) || in_book(*ability);
        Ability::ALL.into_iter().filter(|ability| can(ability) && !self.cannot.contains(ability)).collect()
    }
}

/// The current draft of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Model {
    /// `model_…`
    pub id: String,
    /// The workspace that owns it; `None` when all share it.
    #[schema(value_type = Option<String>)]
    pub workspace: Option<WorkspaceId>,
    /// The name clients ask for.
    pub name: String,
    /// Its version, from 1.
    pub version: i64,
    /// `ui`, or the file that manages it.
    pub managed_by: String,
    /// When it was last changed, µs UTC.
    pub updated_us: i64,
    /// Who changed it last.
    pub updated_by: String,
    /// What it says.
    #[serde(flatten)]
    pub body: ModelBody,
}

/// What people say about a model.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ModelForm {
    /// The name clients ask for.
    #[schema(required, min_length = 1, max_length = 200, example = "gpt-5")]
    pub name: String,
    /// Further names for the same targets.
    pub aliases: Vec<String>,
    /// The workspace that owns it; `None` or empty when all share it.
    #[schema(value_type = Option<String>)]
    pub workspace: Option<WorkspaceId>,
    /// Where it may be served, in order.
    #[schema(required, min_items = 1, max_items = 16)]
    pub targets: Vec<TargetForm>,
    /// Most output tokens; the price book's figure for the first target when left out.
    pub max_output: Option<u64>,
    /// Input and output together; the price book's figure for the first target when left out.
    pub context_window: Option<u64>,
    /// What it can do beyond what the price book says of its first target.
    #[schema(schema_with = schema::abilities)]
    pub can: Vec<Ability>,
    /// What it cannot do, whatever the price book says: requests that ask for it are refused.
    #[schema(schema_with = schema::abilities)]
    pub cannot: Vec<Ability>,
    /// Why, for the history.
    pub note: String,
    /// The version this replaces; left out, whatever is there.
    pub version: Option<i64>,
}

/// One target as people say it.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetForm {
    /// The endpoint, by id.
    #[schema(value_type = String)]
    pub endpoint: EndpointId,
    /// What the model is called there.
    pub upstream_model: String,
}

/// The models in the actor's reach, by name.
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<Model>, AppError> {
    let drafts = objects::list::<ModelBody>(&mut *app.store.read().await?).await?;
    let all = drafts.into_iter().map(Model::from);
    Ok(all.filter(|model| is_visible(actor, model.workspace.as_ref())).collect())
}

/// The model of that id, if it is in the actor's reach.
pub async fn find(app: &App, actor: &Actor, id: &str) -> Result<Option<Model>, AppError> {
    let draft = objects::find::<ModelBody>(&mut *app.store.read().await?, id).await?;
    Ok(draft.map(Model::from).filter(|model| is_visible(actor, model.workspace.as_ref())))
}

/// Saves a new model as a draft.
pub async fn create(app: &App, actor: &Actor, form: ModelForm) -> Result<Model, AppError> {
    actor.require(Right::ManageProviders, owner(&form).as_ref())?;
    let mut writing = app.store.write().await?;
    let made = create_in(app, &mut writing, &Edit::by(actor, &form.note, app.clock.now_us()), &form).await?;
    writing.commit().await?;
    Ok(made)
}

pub(crate) async fn create_in(
    app: &App,
    conn: &mut Conn,
    edit: &Edit<'_>,
    form: &ModelForm,
) -> Result<Model, AppError> {
    let body = check(app, conn, None, form).await?;
    let draft = Draft {
        id: prefixed("model", app.random.bytes()),
        workspace: owner(form),
        name: form.name.trim().to_owned(),
        version: 1,
        managed_by: "ui".to_owned(),
        body,
        updated_us: edit.now_us,
        updated_by: edit.actor.to_owned(),
    };
    objects::create(conn, &draft, edit).await?;
    Ok(Model::from(draft))
}

/// Saves the next version of the draft.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: &str,
    form: ModelForm,
    expected: &Expected,
) -> Result<Model, AppError> {
    let mut writing = app.store.write().await?;
    let found = objects::find::<ModelBody>(&mut writing, id).await?;
    let mut draft = found.ok_or_else(|| AppError::not_found("model", id))?;
    actor.require(Right::ManageProviders, draft.workspace.as_ref())?;
    actor.require(Right::ManageProviders, owner(&form).as_ref())?;
    expected.check_change(&Model::from(draft.clone()), &form)?;
    draft.body = check(app, &mut writing, Some(id), &form).await?;
    draft.workspace = owner(&form);
    form.name.trim().clone_into(&mut draft.name);
    draft.version = form.version.unwrap_or(draft.version);
    let edit = Edit::by(actor, &form.note, app.clock.now_us());
    objects::update(&mut writing, &draft, &edit).await?;
    writing.commit().await?;
    draft.version += 1;
    (draft.updated_us, draft.updated_by) = (edit.now_us, actor.id.clone());
    Ok(Model::from(draft))
}

/// Removes the draft; its history stays.
pub async fn delete(
    app: &App,
    actor: &Actor,
    id: &str,
    note: &str,
    expected: &Expected,
) -> Result<(), AppError> {
    let mut writing = app.store.write().await?;
    let found = objects::find::<ModelBody>(&mut writing, id).await?;
    let draft = found.ok_or_else(|| AppError::not_found("model", id))?;
    actor.require(Right::ManageProviders, draft.workspace.as_ref())?;
    expected.check(&Model::from(draft.clone()))?;
    objects::delete(&mut writing, &draft, &Edit::by(actor, note, app.clock.now_us())).await?;
    writing.commit().await?;
    Ok(())
}

/// Adds the provider's chat models of the price book at an endpoint, named `provider/model`; those that are there stay.
pub(crate) async fn add_book_models(
    app: &App,
    conn: &mut Conn,
    edit: &Edit<'_>,
    endpoint: &Endpoint,
) -> Result<(), AppError> {
    let there = objects::list::<ModelBody>(conn).await?;
    let is_there =
        |name: &str| there.iter().any(|model| model.name == name && model.workspace == endpoint.workspace);
    let rows = app.book.rows().iter();
    let rows = rows.filter(|row| row.provider == endpoint.body.provider && row.mode == "chat");
    for row in rows {
        let name = format!("{}/{}", row.provider, row.model);
        if is_there(&name) {
            continue;
        }
        let target = TargetForm { endpoint: endpoint.id.clone(), upstream_model: row.model.clone() };
        let workspace = endpoint.workspace.clone();
        let form = ModelForm { name, workspace, targets: vec![target], ..ModelForm::default() };
        create_in(app, conn, edit, &form).await?;
    }
    Ok(())
}

/// Adds a model with one target at an endpoint, under a name that was checked and is free: with what the book knows of it.
pub(crate) async fn add_listed(
    app: &App,
    conn: &mut Conn,
    edit: &Edit<'_>,
    endpoint: &Endpoint,
    name: &str,
    upstream_model: &str,
) -> Result<(), AppError> {
    let known = app.book.find(&endpoint.body.provider, upstream_model);
    let target = TargetEntry { endpoint: endpoint.id.clone(), upstream_model: upstream_model.to_owned() };
    let body = ModelBody {
        aliases: Vec::new(),
        targets: vec![target],
        max_output: known.and_then(|row| row.max_output),
        context_window: known.and_then(|row| row.context_window),
        can: Vec::new(),
        cannot: Vec::new(),
    };
    let draft = Draft {
        id: prefixed("model", app.random.bytes()),
        workspace: endpoint.workspace.clone(),
        name: name.to_owned(),
        version: 1,
        managed_by: "ui".to_owned(),
        body,
        updated_us: edit.now_us,
        updated_by: edit.actor.to_owned(),
    };
    objects::create(conn, &draft, edit).await
}

fn owner(form: &ModelForm) -> Option<WorkspaceId> {
    form.workspace.clone().filter(|workspace| !workspace.is_empty())
}

/// A name leads to one model of a workspace, whether it is the model's own or an alias.
async fn check_names(
    conn: &mut Conn,
    id: Option<&str>,
    form: &ModelForm,
    errors: &mut FieldErrors,
) -> Result<Vec<String>, AppError> {
    let there = objects::list::<ModelBody>(conn).await?;
    let others = there.iter().filter(|model| Some(model.id.as_str()) != id && model.workspace == owner(form));
    let mut taken: Vec<&str> = others
        .flat_map(|model| std::iter::once(&model.name).chain(&model.body.aliases))
        .map(String::as_str)
        .collect();
    if taken.contains(&form.name.trim()) {
        errors.add("name", FieldError::Taken);
    }
    taken.push(form.name.trim());
    let mut aliases = Vec::with_capacity(form.aliases.len());
    for (place, alias) in form.aliases.iter().map(|alias| alias.trim()).enumerate() {
        let mut wrong = FieldErrors::default();
        check_name(&mut wrong, alias);
        let taken_already = taken.contains(&alias).then_some(&FieldError::Taken);
        if let Some(error) = wrong.of("name").or(taken_already) {
            errors.add(format!("aliases/{place}"), error.clone());
        }
        taken.push(alias);
        aliases.push(alias.to_owned());
    }
    if aliases.len() > ALIASES_MAX {
        let sentence = format!("Use at most {ALIASES_MAX} aliases.");
        errors.add("aliases", FieldError::Other(sentence));
    }
    Ok(aliases)
}

async fn check(
    app: &App,
    conn: &mut Conn,
    id: Option<&str>,
    form: &ModelForm,
) -> Result<ModelBody, AppError> {
    let mut errors = FieldErrors::default();
    let aliases = check_names(conn, id, form, &mut errors).await?;
    check_name(&mut errors, form.name.trim());
    if form.targets.is_empty() {
        errors.add("targets", FieldError::Required);
    } else if form.targets.len() > TARGETS_MAX {
        let sentence = format!("Use at most {TARGETS_MAX} targets.");
        errors.add("targets", FieldError::Other(sentence));
    }
    let mut first = None;
    for (place, target) in form.targets.iter().enumerate() {
        let endpoint = objects::find::<EndpointBody>(conn, target.endpoint.as_str()).await?;
        let is_ours = |endpoint: &Draft<EndpointBody>| {
            endpoint.workspace.is_none() || endpoint.workspace == owner(form)
        };
        match endpoint.filter(is_ours) {
            None => errors.add(format!("targets/{place}/endpoint"), FieldError::UnknownChoice),
            Some(endpoint) if place == 0 => {
                first = app.book.find(&endpoint.body.provider, target.upstream_model.trim());
            }
            Some(_) => {}
        }
        if target.upstream_model.trim().is_empty() {
            errors.add(format!("targets/{place}/upstream_model"), FieldError::Required);
        }
    }
    for (place, ability) in form.cannot.iter().enumerate().filter(|(_, one)| form.can.contains(one)) {
        let sentence = format!("Say either that it can or that it cannot: {}.", ability.words());
        errors.add(format!("cannot/{place}"), FieldError::Other(sentence));
    }
    errors.check()?;
    let targets = form.targets.iter().map(|target| TargetEntry {
        endpoint: target.endpoint.clone(),
        upstream_model: target.upstream_model.trim().to_owned(),
    });
    Ok(ModelBody {
        aliases,
        targets: targets.collect(),
        max_output: form.max_output.or_else(|| first.and_then(|row| row.max_output)),
        context_window: form.context_window.or_else(|| first.and_then(|row| row.context_window)),
        can: in_order(&form.can),
        cannot: in_order(&form.cannot),
    })
}

/// Each once, in the order of [`Ability::ALL`]: the same words make the same draft.
fn in_order(said: &[Ability]) -> Vec<Ability> {
    Ability::ALL.into_iter().filter(|ability| said.contains(ability)).collect()
}

impl From<Draft<ModelBody>> for Model {
    fn from(draft: Draft<ModelBody>) -> Self {
        let Draft { id, workspace, name, version, managed_by, body, updated_us, updated_by } = draft;
        Self { id, workspace, name, version, managed_by, updated_us, updated_by, body }
    }
}
