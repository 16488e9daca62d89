//! Drafts as a snapshot's content: rows read, credentials resealed for gateways, prices looked up, problems named.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weir_contract::id::{EndpointId, Revision};
use weir_contract::policy::snapshot::{AuthStyle, Credential, credential_place};
use weir_contract::policy::{Content, EndpointEntry, ModelEntry, Policy, PriceEntry, TargetEntry};

use super::seal;
use crate::app::App;
use crate::endpoints::{CredentialSource, EndpointBody, vault_place};
use crate::error::AppError;
use crate::models::ModelBody;
use crate::objects::{self, Body, Draft, Edit};
use crate::store::Conn;
use crate::store::object;
use crate::{keys, stops, workspaces};

/// Which version of a draft.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct ObjectRef {
    /// `endpoint`, `model`, …
    pub kind: String,
    /// The object's id.
    pub id: String,
    /// Its version.
    pub version: i64,
}

/// Why a draft cannot be published.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Obstacle {
    /// A sentence.
    pub text: String,
    /// The kind of the object to look at; empty when no single one is to blame.
    pub kind: String,
    /// Its id.
    pub id: String,
}

impl Obstacle {
    fn of(kind: &str, id: &str, text: String) -> Self {
        Self { text, kind: kind.to_owned(), id: id.to_owned() }
    }
}

/// What the drafts make.
pub(super) struct Built {
    pub(super) content: Content,
    pub(super) objects: Vec<ObjectRef>,
    /// Why it cannot be published.
    pub(super) problems: Vec<Obstacle>,
}

/// Builds the content of all drafts and the keys and workspaces of now.
pub(super) async fn build(app: &App, conn: &mut Conn) -> Result<Built, AppError> {
    let endpoints = objects::list::<EndpointBody>(conn).await?;
    let models = objects::list::<ModelBody>(conn).await?;
    let mut problems = Vec::new();
    let mut objects: Vec<ObjectRef> = endpoints.iter().map(reference).collect();
    objects.extend(models.iter().map(reference));
    objects.sort();
    let served = Served::of(&endpoints);
    let prices = prices(app, &served, &models);
    let named = models.iter().flat_map(|draft| model(app, &served, draft)).collect();
    let mut entries = Vec::with_capacity(endpoints.len());
    let called: Vec<Called> =
        endpoints.iter().map(Called::endpoint).chain(models.iter().map(Called::model)).collect();
    for draft in endpoints {
        entries.push(endpoint(app, conn, draft, &mut problems).await?);
    }
    let drafts = Content { endpoints: entries, models: named, prices, ..Content::default() };
    let content = with_current_keys(app, conn, drafts).await?;
    if let Err(problem) = Policy::compile(Revision(0), 0, content.clone()) {
        problems.push(blame(&called, problem.to_string()));
    }
    Ok(Built { content, objects, problems })
}

/// What a draft is known by in what the compiler says.
struct Called {
    kind: &'static str,
    id: String,
    names: Vec<String>,
}

impl Called {
    fn endpoint(draft: &Draft<EndpointBody>) -> Self {
        Self {
            kind: EndpointBody::KIND,
            id: draft.id.clone(),
            names: vec![draft.id.clone(), draft.name.clone()],
        }
    }

    fn model(draft: &Draft<ModelBody>) -> Self {
        let names = std::iter::once(&draft.name).chain(&draft.body.aliases).cloned().collect();
        Self { kind: ModelBody::KIND, id: draft.id.clone(), names }
    }
}

/// The problem with the object it is about: the first one that the sentence names in backticks.
fn blame(called: &[Called], text: String) -> Obstacle {
    let quoted: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
    let is_named = |name: &&str, one: &Called| one.names.iter().any(|other| other == *name);
    let found = quoted.iter().find_map(|name| called.iter().find(|one| is_named(name, one)));
    match found {
        Some(one) => Obstacle::of(one.kind, &one.id, text),
        None => Obstacle { text, ..Obstacle::default() },
    }
}

/// The same drafts with the workspaces, keys and stops of now.
pub(super) async fn with_current_keys(
    app: &App,
    conn: &mut Conn,
    drafts: Content,
) -> Result<Content, AppError> {
    let mut workspaces: Vec<_> =
        workspaces::all(conn).await?.iter().map(workspaces::Workspace::entry).collect();
    workspaces.sort_by(|one, other| one.id.cmp(&other.id));
    let (keys, stops) = (keys::entries(app, conn).await?, stops::entries(conn).await?);
    Ok(Content { workspaces, keys, stops, ..drafts })
}

/// Writes the drafts of an earlier revision over those of now, as new versions; returns which versions they are.
pub(super) async fn restore_drafts(
    conn: &mut Conn,
    edit: &Edit<'_>,
    earlier: &[ObjectRef],
) -> Result<Vec<ObjectRef>, AppError> {
    let mut drafts = Vec::new();
    for kind in objects::KINDS {
        for row in object::list_objects(conn, kind).await? {
            if earlier.iter().any(|object| object.kind == kind && object.id == row.id) {
                drafts.push(ObjectRef { kind: row.kind, id: row.id, version: row.version });
            } else {
                objects::take_away(conn, edit, row).await?;
            }
        }
    }
    let mut restored = Vec::with_capacity(earlier.len());
    for object in earlier {
        let is_draft = drafts.contains(object);
        restored.push(if is_draft { object.clone() } else { objects::put_back(conn, edit, object).await? });
    }
    Ok(restored)
}

fn reference<B: Body>(draft: &Draft<B>) -> ObjectRef {
    ObjectRef { kind: B::KIND.to_owned(), id: draft.id.clone(), version: draft.version }
}

async fn endpoint(
    app: &App,
    conn: &mut Conn,
    draft: Draft<EndpointBody>,
    problems: &mut Vec<Obstacle>,
) -> Result<EndpointEntry, AppError> {
    let Draft { id, workspace, name, body, .. } = draft;
    let id = EndpointId::from(id);
    let credential = credential(app, conn, &id, &body).await?;
    if credential == Credential::None && body.auth != AuthStyle::None {
        let sentence = format!(
            "endpoint `{name}` has no credential for {}: enter one, or set its authentication to none",
            body.base_url
        );
        problems.push(Obstacle::of(EndpointBody::KIND, id.as_str(), sentence));
    }
    let client_cert = client_certificate(app, conn, &id, &body).await?;
    let EndpointBody {
        provider,
        dialect,
        base_url,
        region,
        auth,
        credential: _,
        client_certificate: _,
        limits,
    } = body;
    Ok(EndpointEntry {
        id,
        workspace,
        name,
        provider,
        dialect,
        base_url,
        region,
        auth,
        credential,
        connect_timeout_ms: limits.connect_timeout_ms,
        first_byte_timeout_ms: limits.first_byte_timeout_ms,
        idle_timeout_ms: limits.idle_timeout_ms,
        total_timeout_ms: limits.total_timeout_ms,
        retries_max: limits.retries_max,
        allow_private: limits.allow_private,
        proxy: limits.proxy,
        ca_pem: limits.ca_pem,
        client_cert,
    })
}

async fn credential(
    app: &App,
    conn: &mut Conn,
    id: &EndpointId,
    body: &EndpointBody,
) -> Result<Credential, AppError> {
    let secret = match &body.credential {
        CredentialSource::None => return Ok(Credential::None),
        CredentialSource::Env { name } => return Ok(Credential::Env(name.clone())),
        CredentialSource::File { path } => return Ok(Credential::File(path.clone())),
        CredentialSource::Stored { secret, .. } => secret,
    };
    let place = credential_place(id, &body.base_url);
    let sealed =
        seal::for_gateways(app, conn, secret, &vault_place(id.as_str(), &body.base_url), &place).await?;
    Ok(sealed.map_or(Credential::None, Credential::Sealed))
}

async fn client_certificate(
    app: &App,
    conn: &mut Conn,
    id: &EndpointId,
    body: &EndpointBody,
) -> Result<Option<String>, AppError> {
    let Some(stored) = &body.client_certificate else { return Ok(None) };
    let place = credential_place(id, &body.base_url);
    seal::for_gateways(app, conn, &stored.secret, &vault_place(id.as_str(), &body.base_url), &place).await
}

/// Who runs each endpoint.
struct Served(HashMap<String, String>);

impl Served {
    fn of(endpoints: &[Draft<EndpointBody>]) -> Self {
        Self(endpoints.iter().map(|draft| (draft.id.clone(), draft.body.provider.clone())).collect())
    }

    /// Where a target is priced: its provider, and its name there.
    fn place<'t>(&'t self, target: &'t TargetEntry) -> Option<(&'t str, &'t str)> {
        let provider = self.0.get(target.endpoint.as_str())?;
        Some((provider, &target.upstream_model))
    }
}

/// The model under its own name, then under each alias.
fn model(app: &App, served: &Served, draft: &Draft<ModelBody>) -> Vec<ModelEntry> {
    let Draft { workspace, name, body, .. } = draft;
    let first = body.targets.first().and_then(|target| served.place(target));
    let known = first.and_then(|(provider, model)| app.book.find(provider, model));
    let can = body.abilities(known.map(Arc::as_ref));
    let entry = |name: &String| ModelEntry {
        name: name.clone(),
        workspace: workspace.clone(),
        targets: body.targets.clone(),
        max_output: body.max_output,
        context_window: body.context_window,
        can: can.clone(),
        cannot: body.cannot.clone(),
    };
    std::iter::once(name).chain(&body.aliases).map(entry).collect()
}

/// The price of every target that has one, each once.
fn prices(app: &App, served: &Served, models: &[Draft<ModelBody>]) -> Vec<PriceEntry> {
    let targets = models.iter().flat_map(|draft| &draft.body.targets);
    let places = targets.filter_map(|target| served.place(target));
    let priced = places.filter_map(|place| Some((place, app.book.price(place.0, place.1)?)));
    let by_place: BTreeMap<(&str, &str), _> = priced.collect();
    by_place
        .into_iter()
        .map(|((provider, model), price)| PriceEntry {
            provider: provider.to_owned(),
            model: model.to_owned(),
            price,
        })
        .collect()
}
