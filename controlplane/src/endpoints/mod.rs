//! Endpoints: one base URL with its credential. Drafts; credentials are write-only and bound to the host they were
//! entered for: whoever changes the host must enter the credential again, so it can never be sent elsewhere.

mod certificate;
mod check;
pub mod listing;
pub mod probe;

use http::Uri;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weir_contract::id::{EndpointId, WorkspaceId, prefixed};
use weir_contract::policy::snapshot::AuthStyle;
use weir_web::form::FieldError;

use crate::api::schema;
use crate::app::App;
use crate::auth::{Actor, Right};
use crate::error::{AppError, FieldErrors};
use crate::models::{self, ModelBody};
use crate::objects::{self, Body, Draft, Edit, check_name};
use crate::precondition::Expected;
use crate::providers;
use crate::store::{self, Conn};

/// Where an endpoint's credential comes from; never the credential itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum CredentialSource {
    /// There is none.
    #[default]
    None,
    /// Stored encrypted.
    Stored {
        /// The secret's id.
        secret: String,
        /// When it was entered, µs UTC.
        since_us: i64,
    },
    /// An environment variable of the gateway.
    Env {
        /// Its name.
        name: String,
    },
    /// A file on the gateway's machine.
    File {
        /// Its path.
        path: String,
    },
}

/// What an endpoint says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EndpointBody {
    /// Who runs the models, by our name.
    pub provider: String,
    /// What it speaks: `openai` or `anthropic`.
    pub dialect: String,
    /// Scheme, host, port and path prefix, without a slash at the end. Azure's may name a version of its API behind that:
    /// `?api-version=2025-04-01-preview`.
    pub base_url: String,
    /// Where it is; empty when unknown.
    pub region: String,
    /// How the credential travels.
    #[schema(schema_with = schema::auth_style)]
    pub auth: AuthStyle,
    /// Where the credential comes from.
    pub credential: CredentialSource,
    /// The client certificate it shows to whoever demands one; its key is stored encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_certificate: Option<ClientCertificate>,
    /// Times, tries and reach.
    #[serde(flatten)]
    pub limits: EndpointLimits,
}

/// A client certificate with its key, stored encrypted and never shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClientCertificate {
    /// The secret's id.
    pub secret: String,
    /// When it was entered, µs UTC.
    pub since_us: i64,
}

/// How long to wait, how often to try, what may be dialled and through what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct EndpointLimits {
    /// Milliseconds to connect.
    pub connect_timeout_ms: u64,
    /// Milliseconds from sending to the first byte of the answer.
    pub first_byte_timeout_ms: u64,
    /// Milliseconds between two chunks of a stream.
    pub idle_timeout_ms: u64,
    /// Milliseconds for the whole call.
    pub total_timeout_ms: u64,
    /// Further tries before the first byte.
    pub retries_max: u8,
    /// Whether addresses of private networks and this host may be dialled.
    pub allow_private: bool,
    /// Outbound proxy, `http://host:port`.
    pub proxy: Option<String>,
    /// Further certificate authorities, PEM.
    pub ca_pem: Option<String>,
}

impl Default for EndpointLimits {
    fn default() -> Self {
        Self {
            connect_timeout_ms: 5_000,
            first_byte_timeout_ms: 120_000,
            idle_timeout_ms: 120_000,
            total_timeout_ms: 600_000,
            retries_max: 2,
            allow_private: false,
            proxy: None,
            ca_pem: None,
        }
    }
}

impl Body for EndpointBody {
    const KIND: &'static str = "endpoint";
}

/// The current draft of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Endpoint {
    /// Its id.
    #[schema(value_type = String)]
    pub id: EndpointId,
    /// The workspace that owns it; `None` when all share it.
    #[schema(value_type = Option<String>)]
    pub workspace: Option<WorkspaceId>,
    /// What people call it.
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
    pub body: EndpointBody,
}

/// What people say about an endpoint. What is left out takes the provider's default. Written out, it has no secrets.
#[derive(Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EndpointForm {
    /// What people call it; the provider's name when empty.
    #[schema(max_length = 200)]
    pub name: String,
    /// The workspace that owns it; `None` or empty when all share it.
    #[schema(value_type = Option<String>)]
    pub workspace: Option<WorkspaceId>,
    /// Who runs the models.
    #[schema(required, min_length = 1, example = "openai")]
    pub provider: String,
    /// `openai` or `anthropic`.
    pub dialect: Option<String>,
    /// The base URL.
    pub base_url: Option<String>,
    /// Where it is.
    pub region: String,
    /// How the credential travels.
    #[schema(schema_with = schema::auth_style_or_null)]
    pub auth: Option<AuthStyle>,
    /// The credential itself, `env:NAME` or `file:PATH`; left out, what is stored stays (unless the host changes);
    /// empty, it is removed.
    #[serde(skip_serializing)]
    #[schema(max_length = 8192, example = "env:OPENAI_API_KEY")]
    pub credential: Option<String>,
    /// Client certificate chain and its key, PEM; left out, what is stored stays (unless the host changes); empty, it
    /// is removed.
    #[serde(skip_serializing)]
    pub client_certificate: Option<String>,
    /// Times, tries and reach.
    pub limits: EndpointLimits,
    /// Adds the provider's chat models of the price book, named `provider/model`.
    pub add_models: bool,
    /// Why, for the history.
    pub note: String,
    /// The version this replaces; left out, whatever is there.
    pub version: Option<i64>,
}

/// The endpoints in the actor's reach, by name.
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<Endpoint>, AppError> {
    let drafts = objects::list::<EndpointBody>(&mut *app.store.read().await?).await?;
    let visible = drafts.into_iter().map(Endpoint::from);
    Ok(visible.filter(|endpoint| is_visible(actor, endpoint.workspace.as_ref())).collect())
}

/// The endpoint of that id, if it is in the actor's reach.
pub async fn find(app: &App, actor: &Actor, id: &EndpointId) -> Result<Option<Endpoint>, AppError> {
    let draft = objects::find::<EndpointBody>(&mut *app.store.read().await?, id.as_str()).await?;
    Ok(draft.map(Endpoint::from).filter(|endpoint| is_visible(actor, endpoint.workspace.as_ref())))
}

/// What all share is visible to whoever sees any set-up.
pub(crate) fn is_visible(actor: &Actor, workspace: Option<&WorkspaceId>) -> bool {
    match workspace {
        None => actor.may(Right::ReadSetup),
        Some(_) => actor.may_in(Right::ReadSetup, workspace),
    }
}

/// Saves a new endpoint as a draft.
pub async fn create(app: &App, actor: &Actor, form: EndpointForm) -> Result<Endpoint, AppError> {
    let workspace = owner(&form);
    actor.require(Right::ManageProviders, workspace.as_ref())?;
    let id = EndpointId::from(prefixed("ep", app.random.bytes()));
    let mut writing = app.store.write().await?;
    let draft =
        create_in(app, &mut writing, &Edit::by(actor, &form.note, app.clock.now_us()), id, &form).await?;
    writing.commit().await?;
    Ok(draft)
}

pub(crate) async fn create_in(
    app: &App,
    conn: &mut Conn,
    edit: &Edit<'_>,
    id: EndpointId,
    form: &EndpointForm,
) -> Result<Endpoint, AppError> {
    let mut body = check(form)?;
    body.credential =
        enter(app, conn, edit, &id, &body, form.credential.as_deref().unwrap_or_default()).await?;
    body.client_certificate =
        certificate::enter(app, conn, edit, &id, &body, form.client_certificate.as_deref()).await?;
    let name = if form.name.trim().is_empty() { &form.provider } else { &form.name };
    let draft = Draft {
        id: id.to_string(),
        workspace: owner(form),
        name: name.trim().to_owned(),
        version: 1,
        managed_by: "ui".to_owned(),
        body,
        updated_us: edit.now_us,
        updated_by: edit.actor.to_owned(),
    };
    objects::create(conn, &draft, edit).await?;
    let endpoint = Endpoint::from(draft);
    if form.add_models {
        models::add_book_models(app, conn, edit, &endpoint).await?;
    }
    Ok(endpoint)
}

/// Saves the next version of the draft.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: &EndpointId,
    form: EndpointForm,
    expected: &Expected,
) -> Result<Endpoint, AppError> {
    let mut writing = app.store.write().await?;
    let found = objects::find::<EndpointBody>(&mut writing, id.as_str()).await?;
    let mut draft = found.ok_or_else(|| AppError::not_found("endpoint", id.as_str()))?;
    actor.require(Right::ManageProviders, draft.workspace.as_ref())?;
    actor.require(Right::ManageProviders, owner(&form).as_ref())?;
    expected.check_change(&Endpoint::from(draft.clone()), &form)?;
    let edit = Edit::by(actor, &form.note, app.clock.now_us());
    let mut body = check(&form)?;
    body.credential = match form.credential.as_deref() {
        Some(entered) => enter(app, &mut writing, &edit, id, &body, entered).await?,
        None if host(&draft.body.base_url) == host(&body.base_url) => draft.body.credential,
        None => CredentialSource::None,
    };
    body.client_certificate = match form.client_certificate.as_deref() {
        None if host(&draft.body.base_url) == host(&body.base_url) => draft.body.client_certificate,
        entered => certificate::enter(app, &mut writing, &edit, id, &body, entered).await?,
    };
    draft.workspace = owner(&form);
    draft.version = form.version.unwrap_or(draft.version);
    if !form.name.trim().is_empty() {
        form.name.trim().clone_into(&mut draft.name);
    }
    draft.body = body;
    objects::update(&mut writing, &draft, &edit).await?;
    writing.commit().await?;
    draft.version += 1;
    (draft.updated_us, draft.updated_by) = (edit.now_us, actor.id.clone());
    Ok(Endpoint::from(draft))
}

/// Removes the draft; refused while a model has it as a target.
pub async fn delete(
    app: &App,
    actor: &Actor,
    id: &EndpointId,
    note: &str,
    expected: &Expected,
) -> Result<(), AppError> {
    let mut writing = app.store.write().await?;
    let found = objects::find::<EndpointBody>(&mut writing, id.as_str()).await?;
    let draft = found.ok_or_else(|| AppError::not_found("endpoint", id.as_str()))?;
    actor.require(Right::ManageProviders, draft.workspace.as_ref())?;
    expected.check(&Endpoint::from(draft.clone()))?;
    check_unused(&mut writing, id.as_str(), &draft.name).await?;
    objects::delete(&mut writing, &draft, &Edit::by(actor, note, app.clock.now_us())).await?;
    writing.commit().await?;
    Ok(())
}

/// Fails while a model has that endpoint as a target, naming the model.
pub(crate) async fn check_unused(conn: &mut Conn, id: &str, name: &str) -> Result<(), AppError> {
    let models = objects::list::<ModelBody>(conn).await?;
    let uses =
        |model: &&Draft<ModelBody>| model.body.targets.iter().any(|target| target.endpoint.as_str() == id);
    let mut users = models.iter().filter(uses);
    let Some(model) = users.next() else { return Ok(()) };
    let (user, more) = (&model.name, users.count());
    let others = if more > 0 { format!(" and {more} more") } else { String::new() };
    let sentence = format!("model `{user}`{others} still has `{name}` as a target: change that first");
    Err(AppError::Conflict(sentence))
}

/// What a stored credential is bound to: the endpoint, and scheme, host and port of its base URL.
pub(crate) fn vault_place(id: &str, base_url: &str) -> String {
    format!("endpoint:{id}|{}", host(base_url))
}

fn host(base_url: &str) -> String {
    let uri: Option<Uri> = base_url.parse().ok();
    let parts = uri
        .as_ref()
        .map(|uri| (uri.scheme_str().unwrap_or(""), uri.authority().map_or("", |it| it.as_str())));
    parts.map(|(scheme, authority)| format!("{scheme}://{authority}").to_lowercase()).unwrap_or_default()
}

fn owner(form: &EndpointForm) -> Option<WorkspaceId> {
    form.workspace.clone().filter(|workspace| !workspace.is_empty())
}

fn check(form: &EndpointForm) -> Result<EndpointBody, AppError> {
    let mut errors = FieldErrors::default();
    let known = providers::find(&form.provider);
    if form.provider.trim().is_empty() {
        errors.add("provider", FieldError::Required);
    }
    if !form.name.trim().is_empty() {
        check_name(&mut errors, form.name.trim());
    }
    let given = |text: &Option<String>| {
        text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let (base_url, dialect) = (given(&form.base_url), given(&form.dialect));
    let base_url = base_url.map(|url| url.trim_end_matches('/').to_owned());
    let defaults = providers::defaults(known, dialect.as_deref(), base_url.as_deref());
    let base_url = base_url.unwrap_or_else(|| defaults.base_url.to_owned());
    if base_url.is_empty() {
        errors.add("base_url", FieldError::Required);
    } else if let Err(error) = check::base_url(form.provider.trim(), &base_url) {
        errors.add("base_url", error);
    }
    let dialect = dialect.unwrap_or_else(|| defaults.dialect.to_owned());
    if !providers::DIALECTS.contains(&dialect.as_str()) {
        errors.add("dialect", FieldError::UnknownChoice);
    }
    check::check_limits(&mut errors, &form.limits);
    check::check_authorities(&mut errors, &form.limits);
    errors.check()?;
    Ok(EndpointBody {
        provider: form.provider.trim().to_owned(),
        dialect,
        base_url,
        region: form.region.trim().to_owned(),
        auth: form.auth.unwrap_or(defaults.auth),
        credential: CredentialSource::None,
        client_certificate: None,
        limits: form.limits.clone(),
    })
}

async fn enter(
    app: &App,
    conn: &mut Conn,
    edit: &Edit<'_>,
    id: &EndpointId,
    body: &EndpointBody,
    entered: &str,
) -> Result<CredentialSource, AppError> {
    let entered = entered.trim();
    if entered.is_empty() {
        return Ok(CredentialSource::None);
    }
    if let Some(name) = entered.strip_prefix("env:") {
        return Ok(CredentialSource::Env { name: name.trim().to_owned() });
    }
    if let Some(path) = entered.strip_prefix("file:") {
        return Ok(CredentialSource::File { path: path.trim().to_owned() });
    }
    let entered = check::credential(body, entered)
        .map_err(|sentence| AppError::Invalid(FieldErrors::one("credential", FieldError::Other(sentence))))?;
    let secret = prefixed("sec", app.random.bytes());
    let place = vault_place(id.as_str(), &body.base_url);
    let row = app.vault.seal(&secret, entered.as_bytes(), &place, edit.now_us)?;
    store::secret::create_secret(conn, &row).await?;
    Ok(CredentialSource::Stored { secret, since_us: edit.now_us })
}

impl From<Draft<EndpointBody>> for Endpoint {
    fn from(draft: Draft<EndpointBody>) -> Self {
        let Draft { id, workspace, name, version, managed_by, body, updated_us, updated_by } = draft;
        Self { id: id.into(), workspace, name, version, managed_by, updated_us, updated_by, body }
    }
}
