//! The models that a batch names, request by request: whether the key may ask for each, and what it is called at the endpoint.
//!
//! A key that is held to models may hand in only batches whose every request names one of them, and sees only what its
//! workspace made through this gateway.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use http::header::CONTENT_TYPE;
use weir_contract::plan::NoPlan;
use weir_contract::policy::{EndpointEntry, Key};
use weir_wire::batch::{MODELS_MAX, Named, gemini_batch, models_of_lines, models_of_requests};
use weir_wire::{Api, WireError, form};

use super::dispatch::Asked;
use super::{Exchange, headers};
use crate::error::Refusal;

/// What requests of a batch are called where they stand.
#[derive(Clone, Copy)]
enum Place {
    Line,
    Request,
}

/// What a body names.
pub(crate) struct Names<'a> {
    place: Place,
    /// Each request with its model.
    pub(crate) requests: Vec<Named<'a>>,
    /// The file with more requests.
    pub(crate) file: Option<Cow<'a, str>>,
}

/// What is sent of it.
pub(crate) struct Sent<'n, 'a> {
    /// Requests whose model is called something else at the endpoint.
    pub(crate) renames: Vec<(&'n Named<'a>, &'n str)>,
    /// What the first model is called there.
    pub(crate) first: &'n str,
    /// The models, each once, as the endpoint calls them.
    pub(crate) models: Arc<[String]>,
}

/// Whether the key may ask for certain models only.
pub(crate) fn is_held(key: &Key) -> bool {
    !key.entry.models.is_empty()
}

/// A list shows what everybody made who shares the endpoint's credential.
pub(crate) fn may_list(key: &Key) -> Result<(), Refusal> {
    if !is_held(key) {
        return Ok(());
    }
    let message = format!(
        "key `{}` is held to models, and a list shows what others made: ask for a file or batch by its id",
        key.entry.name
    );
    Err(Refusal::client(403, "permission_error", "list_not_allowed", message))
}

/// The models that a file for a batch, or a batch, names, and a batch's file; `None` of a file for something else.
pub(crate) fn named<'a>(asked: &Asked<'a>) -> Result<Option<Names<'a>>, Refusal> {
    let wrong = |place: Place, (number, error): (usize, WireError)| {
        let refusal = Refusal::from(&error);
        prefixed(refusal, place, number)
    };
    let requests = |requests| Names { place: Place::Request, requests, file: None };
    match asked.route.api {
        Api::MessageBatches => {
            let found = models_of_requests(&asked.peek.top).map_err(|at| wrong(Place::Request, at))?;
            Ok(Some(requests(found)))
        }
        Api::Files => {
            let Some(file) = file_for_batch(asked)? else { return Ok(None) };
            let found = models_of_lines(&file).map_err(|at| wrong(Place::Line, at))?;
            Ok(Some(Names { place: Place::Line, ..requests(found) }))
        }
        Api::Batches => {
            let file = asked.peek.top.get("input_file_id").and_then(|file| file.filled_text());
            Ok(Some(Names { file, ..requests(Vec::new()) }))
        }
        Api::BatchGenerateContent => {
            let model = asked.route.model.as_deref().unwrap_or_default();
            let batch = gemini_batch(&asked.peek.top, model).map_err(|at| wrong(Place::Request, at))?;
            Ok(Some(Names { file: batch.file, ..requests(batch.named) }))
        }
        _ => Ok(None),
    }
}

/// The file in the form, where its purpose is a batch. A form that readers could understand in two ways is refused.
fn file_for_batch<'a>(asked: &Asked<'a>) -> Result<Option<form::Field<'a>>, Refusal> {
    let content_type = headers::lenient(&asked.head.headers, &CONTENT_TYPE).unwrap_or_default();
    let odd = |what: &str| Refusal::invalid("invalid_body", format!("a file is handed in as a form {what}"));
    let boundary =
        form::boundary(content_type).ok_or_else(|| odd("(`multipart/form-data` with a boundary)"))?;
    let fields = form::fields(asked.body, boundary);
    let end = fields.last().map_or(0, |last| last.place.end);
    let closing = format!("\r\n--{boundary}--");
    if !asked.body.get(end..).is_some_and(|rest| rest.starts_with(closing.as_bytes())) {
        return Err(odd("whose every part can be read, up to its closing boundary"));
    }
    let once = |name: &str| {
        let mut found = fields.iter().filter(|field| field.name == name);
        let first = found.next();
        if found.next().is_some() { Err(odd(&format!("with one part `{name}`"))) } else { Ok(first) }
    };
    let for_batch = once("purpose")?.is_some_and(|purpose| purpose.value.trim_ascii() == b"batch");
    Ok(once("file")?.filter(|_| for_batch).cloned())
}

/// Holds every request of a batch to what the key may ask for at the endpoint.
pub(crate) fn hold<'n, 'a>(
    exchange: &'n Exchange,
    endpoint: &EndpointEntry,
    names: &'n Names<'a>,
) -> Result<Sent<'n, 'a>, Refusal> {
    let mut called: BTreeMap<&'n str, &'n str> = BTreeMap::new();
    let mut renames = Vec::new();
    for named in &names.requests {
        let model = named.model.as_ref();
        let there = match called.get(model) {
            Some(there) => *there,
            None => {
                let there = name_there(exchange, endpoint, model)
                    .map_err(|refusal| prefixed(refusal, names.place, named.number))?;
                called.insert(model, there);
                there
            }
        };
        if there != model {
            renames.push((named, there));
        }
    }
    if called.len() > MODELS_MAX {
        let message =
            format!("a batch may name at most {MODELS_MAX} models, this one names {}", called.len());
        return Err(Refusal::invalid("invalid_body", message));
    }
    let first = names.requests.first().and_then(|first| called.get(first.model.as_ref()).copied());
    let mut models: Vec<String> = called.into_values().map(str::to_owned).collect();
    models.sort_unstable();
    models.dedup();
    Ok(Sent { renames, first: first.unwrap_or_default(), models: models.into() })
}

/// Holds a batch of a file that was handed in before to what the key may ask for now.
pub(crate) fn hold_file(
    exchange: &Exchange,
    endpoint: &EndpointEntry,
    file: &str,
    models: Option<&[String]>,
) -> Result<(), Refusal> {
    let Some(models) = models else {
        if !is_held(&exchange.key) {
            return Ok(());
        }
        let message = format!(
            "key `{}` is held to models, and this gateway has not seen which of them `{file}` names: hand the file in again with purpose `batch`",
            exchange.key.entry.name
        );
        return Err(Refusal::client(403, "permission_error", "model_not_allowed", message));
    };
    models.iter().try_for_each(|model| allowed_there(exchange, endpoint, model, None))
}

/// What the model is called at the endpoint, where the key may ask for it.
fn name_there<'n>(
    exchange: &'n Exchange,
    endpoint: &EndpointEntry,
    model: &'n str,
) -> Result<&'n str, Refusal> {
    let ours = exchange.force.policy.model(&exchange.key.workspace.id, model);
    let here = ours.and_then(|ours| ours.targets.iter().find(|target| target.endpoint.id == endpoint.id));
    let there = here.map_or(model, |target| target.upstream_model.as_str());
    allowed_there(exchange, endpoint, there, Some(model))?;
    if ours.is_some() && here.is_none() && names_at(exchange, endpoint, model).next().is_none() {
        let message = format!(
            "model `{model}` is not served by endpoint `{}`: a batch goes to one endpoint, name models of that one",
            endpoint.name
        );
        return Err(Refusal::invalid("wrong_endpoint", message));
    }
    Ok(there)
}

/// Whether the key may ask for what is called so at the endpoint, by the name it was asked for or by another.
fn allowed_there(
    exchange: &Exchange,
    endpoint: &EndpointEntry,
    there: &str,
    asked: Option<&str>,
) -> Result<(), Refusal> {
    let (policy, key) = (&exchange.force.policy, &exchange.key);
    let by_name = asked.is_some_and(|asked| key.entry.may_ask_for(asked)) || key.entry.may_ask_for(there);
    if is_held(key) && !by_name && names_at(exchange, endpoint, there).next().is_none() {
        let name = key.entry.name.clone();
        let allowed = || policy.models_of(key).into_keys().map(str::to_owned).collect();
        return Err(Refusal::from(match asked.unwrap_or(there) {
            "" => NoPlan::Unnamed { key: name, allowed: allowed() },
            asked => NoPlan::NotAllowed { asked: asked.to_owned(), key: name, allowed: allowed() },
        }));
    }
    let (stops, workspace) = (policy.stops(), Some(&key.workspace.id));
    let mut names = names_at(exchange, endpoint, there).chain(asked).chain([there]);
    let stopped = names.find_map(|name| stops.model(None, name).or_else(|| stops.model(workspace, name)));
    match stopped {
        Some(reason) => Err(Refusal::from(NoPlan::ModelStopped {
            asked: asked.unwrap_or(there).to_owned(),
            reason: reason.to_owned(),
        })),
        None => Ok(()),
    }
}

/// The names under which the key may ask for what is called so at the endpoint.
fn names_at<'n>(
    exchange: &'n Exchange,
    endpoint: &'n EndpointEntry,
    there: &'n str,
) -> impl Iterator<Item = &'n str> {
    let models = exchange.force.policy.models_of(&exchange.key).into_iter();
    let serves = move |targets: &[Arc<weir_contract::policy::Target>]| {
        targets.iter().any(|target| target.endpoint.id == endpoint.id && target.upstream_model == there)
    };
    models.filter(move |(_, model)| serves(&model.targets)).map(|(name, _)| name)
}

fn prefixed(mut refusal: Refusal, place: Place, number: usize) -> Refusal {
    if number == 0 {
        return refusal;
    }
    let place = match place {
        Place::Line => "line",
        Place::Request => "request",
    };
    refusal.error.message = format!("{place} {number}: {}", refusal.error.message);
    refusal
}
