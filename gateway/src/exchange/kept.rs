//! Files and batches: which endpoint a call about them goes to, what is remembered of its answer, and what a batch consumed
//! when its results are read.
//!
//! A provider's account is shared by everybody who uses its endpoint's credential. What a workspace made through this gateway
//! is known as its own; what another made is not found.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use weir_contract::id::EndpointId;
use weir_contract::plan::Plan;
use weir_contract::plan::own::plan_kept;
use weir_contract::policy::{EndpointEntry, Target};
use weir_contract::price::Price;
use weir_contract::record::Outcome;
use weir_contract::usage::Bucket;
use weir_wire::batch::{Tally, gemini_results_file, renamed};
use weir_wire::host::Host;
use weir_wire::json::{TopLevel, View, top_level};
use weir_wire::{Answer, Api, Dialect, Route, first_chars};

use super::dispatch::Asked;
use super::upload::Uploading;
use super::{Exchange, headers, held, upload};
use crate::error::Refusal;
use crate::owners::Kept;

/// The service tier whose prices hold for batches.
const TIER: &str = "batch";

/// What an exchange has to do with files or batches.
#[derive(Default)]
pub(crate) struct Keeping {
    /// Whether it makes one.
    made: bool,
    /// The models it names, in the provider's words, where all of them were read.
    models: Option<Arc<[String]>>,
    /// The batch whose results it reads, where they were not counted yet.
    pub(crate) results_of: Option<String>,
    /// The upload it begins or goes on with.
    pub(crate) uploading: Option<Uploading>,
}

/// Whether the answer is what somebody put into a file, or what a batch came to: it passes as it comes.
pub(crate) fn is_contents(route: &Route<'_>) -> bool {
    let (_, action) = route.kept();
    matches!(
        (route.api, action),
        (Api::StoredFile, "content")
            | (Api::StoredMessageBatch, "results")
            | (Api::StoredGeminiFile, "download")
    )
}

/// What a thing is remembered by: what its provider's answers call it.
fn name_of<'i>(api: Api, id: &'i str) -> Cow<'i, str> {
    match api.dialect() {
        Dialect::Gemini => Cow::Owned(format!("{}{id}", api.stem().trim_start_matches('/'))),
        _ => Cow::Borrowed(id),
    }
}

/// Where a call about files or batches goes, and its body with the provider's names for the models in it.
pub(crate) fn route(exchange: &mut Exchange, asked: &Asked<'_>) -> Result<(Plan, Bytes), Refusal> {
    let (api, (id, action)) = (asked.route.api, asked.route.kept());
    let makes = id.is_empty() && asked.head.method == Method::POST;
    if id.is_empty() && !makes {
        held::may_list(&exchange.key)?;
    }
    let uploading = upload::of(exchange, asked)?;
    let named = if makes { held::named(asked)? } else { None };
    let kept_as = (!id.is_empty()).then(|| name_of(api, id));
    let about = named.as_ref().and_then(|named| named.file.as_deref()).or(kept_as.as_deref());
    let first = named.as_ref().and_then(|named| named.requests.first()).map_or("", |first| &first.model);
    let endpoint = match uploading.as_ref().and_then(|uploading| uploading.goes_on.as_ref()) {
        Some((owner, _)) => owner_in_reach(exchange, owner, api.path())?,
        None => choose(exchange, asked, about, first)?,
    };
    let known = about.and_then(|id| exchange.handles.owners.find_kept(&exchange.key.workspace.id, id));
    let (mut body, mut model) = (asked.body.clone(), String::new());
    let mut models = uploading.as_ref().and_then(|_| upload::models(asked));
    if let Some(named) = &named {
        let sent = held::hold(exchange, &endpoint, named)?;
        body = renamed(asked.body, &sent.renames);
        sent.first.clone_into(&mut model);
        models = Some(sent.models);
        if api == Api::Batches || named.file.is_some() {
            let of_file = known.as_ref().and_then(|file| file.models.as_deref());
            held::hold_file(exchange, &endpoint, about.unwrap_or_default(), of_file)?;
            models = models.zip(of_file).map(|(models, of_file)| together(&models, of_file));
        }
    }
    if let Some([one]) = models.as_deref() {
        exchange.record.model_requested = first_chars(one, 200).to_owned();
    }
    let shows = api == Api::StoredGeminiBatch && asked.head.method == Method::GET && action.is_empty();
    let results_of = known.filter(|_| shows || is_contents(asked.route)).and_then(|kept| match api {
        Api::StoredFile | Api::StoredGeminiFile => kept.batch,
        _ => kept_as.as_deref().map(str::to_owned),
    });
    let results_of = fresh(exchange, results_of);
    exchange.keeping = Keeping { made: makes, models, results_of, uploading };
    let subject = about.unwrap_or_else(|| api.path());
    let mut plan = plan_kept(&exchange.force.policy, &exchange.key, subject, Some(&endpoint.id), |_| true)?;
    if api == Api::BatchGenerateContent {
        // Its address names the model.
        let there = Target { endpoint, upstream_model: model, price: None };
        plan.targets = vec![Arc::new(there)];
    }
    exchange.record.explain.extend(plan.why.iter().cloned());
    Ok((plan, body))
}

/// The models of a batch and of its file, each once.
fn together(models: &[String], of_file: &[String]) -> Arc<[String]> {
    let mut all: Vec<String> = models.iter().chain(of_file).cloned().collect();
    all.sort_unstable();
    all.dedup();
    all.into()
}

/// The batch, unless what it consumed was counted before.
fn fresh(exchange: &mut Exchange, batch: Option<String>) -> Option<String> {
    let batch = batch?;
    if exchange.handles.owners.is_counted(&exchange.key.workspace.id, &batch) {
        exchange.explain("batch", "what it consumed was counted when its results were read first");
        return None;
    }
    Some(batch)
}

/// The owner where it is known, else the endpoint the caller names, else the only one there is; for something that names
/// a model, the one that serves it.
fn choose(
    exchange: &Exchange,
    asked: &Asked<'_>,
    about: Option<&str>,
    model: &str,
) -> Result<Arc<EndpointEntry>, Refusal> {
    let (owners, workspace) = (&exchange.handles.owners, &exchange.key.workspace.id);
    if let Some(kept) = about.and_then(|id| owners.find_kept(workspace, id)) {
        return owner_in_reach(exchange, &kept.endpoint, about.unwrap_or_default());
    }
    let mut could = in_reach(exchange);
    if let Some(named) = headers::text(&asked.head.headers, &headers::X_WEIR_ENDPOINT)? {
        let is = |endpoint: &Arc<EndpointEntry>| endpoint.name == named || endpoint.id.as_str() == named;
        let exact = could.iter().any(is);
        could.retain(|endpoint| if exact { is(endpoint) } else { endpoint.provider == named });
    } else if let Some(served) = exchange.force.policy.model(workspace, model) {
        let serves = |id: &EndpointId| served.targets.iter().position(|target| target.endpoint.id == *id);
        let best = could.iter().filter(|endpoint| serves(&endpoint.id).is_some());
        if let Some(best) = best.min_by_key(|endpoint| serves(&endpoint.id)).cloned() {
            could = vec![best];
        }
    }
    let endpoint = match could.as_slice() {
        [one] => Arc::clone(one),
        [] => return Err(nowhere(exchange)),
        several => return Err(several_could(about, several)),
    };
    let foreign = |id| owners.is_of_another(workspace, &endpoint.id, id) || held::is_held(&exchange.key);
    match about.filter(|id| foreign(id)) {
        Some(id) => Err(not_found(id)),
        None => Ok(endpoint),
    }
}

/// The endpoint that keeps it, where the key may still reach it.
fn owner_in_reach(exchange: &Exchange, owner: &EndpointId, id: &str) -> Result<Arc<EndpointEntry>, Refusal> {
    in_reach(exchange).into_iter().find(|endpoint| endpoint.id == *owner).ok_or_else(|| not_found(id))
}

/// The endpoints that the key may reach and that keep files and batches in the caller's dialect.
fn in_reach(exchange: &Exchange) -> Vec<Arc<EndpointEntry>> {
    let (force, key) = (&exchange.force, &exchange.key);
    let ours = |endpoint: &EndpointEntry| {
        endpoint.workspace.as_ref().is_none_or(|owner| *owner == key.workspace.id)
            && key.entry.may_reach(endpoint)
    };
    let keeps = |endpoint: &EndpointEntry| {
        let speaks = match (exchange.dialect(), Dialect::from_name(&endpoint.dialect)) {
            (Dialect::Anthropic, Some(Dialect::Anthropic)) => true,
            (Dialect::Gemini, Some(Dialect::Gemini)) => true,
            (spoken, Some(Dialect::OpenAi | Dialect::Responses)) => spoken == Dialect::OpenAi,
            _ => false,
        };
        speaks && force.upstream(&endpoint.id).is_some_and(|upstream| upstream.host == Host::Direct)
    };
    let mut found: Vec<_> =
        force.policy.endpoints().filter(|endpoint| ours(endpoint) && keeps(endpoint)).cloned().collect();
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

pub(crate) fn not_found(id: &str) -> Refusal {
    let message = format!("`{id}` is not known here as something that this key's workspace made");
    Refusal::client(404, "invalid_request_error", "not_found", message)
}

fn nowhere(exchange: &Exchange) -> Refusal {
    let message = format!(
        "no endpoint in reach of key `{}` keeps files and batches in the {} format, or none has the name in `x-weir-endpoint`",
        exchange.key.entry.name,
        exchange.dialect().name()
    );
    Refusal::client(404, "invalid_request_error", "provider_not_found", message)
}

fn several_could(about: Option<&str>, several: &[Arc<EndpointEntry>]) -> Refusal {
    let names: Vec<String> = several.iter().map(|endpoint| format!("`{}`", endpoint.name)).collect();
    let example = format!("`x-weir-endpoint: {}`", several[0].name);
    let names = names.join(", ");
    match about {
        Some(id) => {
            let message = format!(
                "this gateway does not know which endpoint keeps `{id}`: name one of {names} in a header, like {example}"
            );
            Refusal::client(404, "invalid_request_error", "owner_not_known", message)
        }
        None => Refusal::invalid(
            "endpoint_not_named",
            format!("several endpoints could take this: name one of {names} in a header, like {example}"),
        ),
    }
}

/// Remembers what the answer says was made, and where the results of a batch of this workspace are.
pub(crate) fn remember(exchange: &Exchange, answer: &[u8]) {
    let concerns = exchange.api.is_of_files_or_batches() && exchange.record.outcome == Outcome::Ok;
    let Some(call) = exchange.record.calls.last().filter(|_| concerns) else { return };
    let Ok(top) = top_level(answer) else { return };
    let text = |member: &str| top.get(member).and_then(|value| value.filled_text());
    let Some(id) = called(exchange.api, &top).and_then(|id| id.filled_text()) else { return };
    let (owners, workspace) = (&exchange.handles.owners, &exchange.key.workspace.id);
    let at = || Kept::at(&call.endpoint);
    if exchange.keeping.made {
        owners.note_kept(workspace, &id, Kept { models: exchange.keeping.models.clone(), ..at() });
    }
    if exchange.api == Api::StoredUpload
        && let Some(file) = top.get("file").and_then(|file| file.get("id")?.filled_text())
    {
        owners.note_kept(workspace, &file, at());
    }
    let geminis = exchange.api == Api::StoredGeminiBatch;
    let batch = geminis || matches!(exchange.api, Api::Batches | Api::StoredBatch);
    if !batch || owners.find_kept(workspace, &id).is_none() {
        return;
    }
    let results = if geminis { gemini_results_file(&top) } else { text("output_file_id") };
    if let Some(file) = results {
        owners.note_kept(workspace, &file, Kept { batch: Some(id.clone().into_owned()), ..at() });
    }
    if let Some(file) = text("error_file_id") {
        owners.note_kept(workspace, &file, at());
    }
}

/// What an answer calls the thing it is about.
fn called<'a>(api: Api, top: &TopLevel<'a>) -> Option<View<'a>> {
    match (api.dialect(), top.get("file")) {
        (Dialect::Gemini, Some(file)) => file.get("name"),
        (Dialect::Gemini, None) => top.get("name"),
        _ => top.get("id"),
    }
}

/// Takes over what one of Gemini's batches consumed where the results stand in the answer about it.
pub(crate) fn count_inlined(exchange: &mut Exchange, body: &[u8], answer: &mut Answer) {
    let reads = exchange.api == Api::StoredGeminiBatch && exchange.keeping.results_of.is_some();
    if reads
        && exchange.record.outcome == Outcome::Ok
        && let Some(tally) = Tally::of_gemini_batch(body)
    {
        count(exchange, tally, answer);
    }
}

/// Takes over what a batch consumed when all its results have passed: once, as far as this gateway knows.
pub(crate) fn count(exchange: &mut Exchange, tally: Tally, answer: &mut Answer) {
    let (workspace, endpoint) = (exchange.key.workspace.id.clone(), exchange.target.clone());
    let (Some(batch), Some(target)) = (exchange.keeping.results_of.take(), endpoint) else { return };
    let Some(tallied) = tally.finish() else {
        exchange.explain("batch", "a result could not be read: what the batch consumed is not known");
        return;
    };
    if !tallied.usage.is_known() {
        exchange.explain("batch", "no result says that anything was consumed");
        return;
    }
    let owners = &exchange.handles.owners;
    let models = owners.find_kept(&workspace, &batch).and_then(|batch| batch.models);
    if !owners.count(&workspace, &batch) {
        exchange.explain("batch", "what it consumed was counted before");
        return;
    }
    let asked = models.as_deref().unwrap_or(&tallied.models);
    let (provider, policy) = (&target.endpoint.provider, &exchange.force.policy);
    let (model, price) = match asked {
        [one] => (one.clone(), price_of(policy.price(provider, one).map(AsRef::as_ref), tallied.input_most)),
        _ => (String::new(), Err("it asked several models, and one record has one price")),
    };
    let said = match &price {
        Ok(_) => format!("what `{batch}` consumed is counted here"),
        Err(why) => format!("what `{batch}` consumed is counted here, unrated: {why}"),
    };
    exchange.free = false;
    exchange.target = Some(Arc::new(Target {
        endpoint: Arc::clone(&target.endpoint),
        upstream_model: model,
        price: price.ok().map(Arc::new),
    }));
    exchange.explain("batch", said);
    answer.usage = tallied.usage;
    answer.service_tier = Some(TIER.to_owned());
    if let [one] = tallied.models.as_slice() {
        answer.model.clone_from(one);
    }
}

/// The price that holds for the sum of a batch's requests, or why none does: where it depends on each request's own size
/// or hour, or counts requests, a sum says too little.
fn price_of(price: Option<&Price>, input_most: u64) -> Result<Price, &'static str> {
    let price = price.ok_or("its model has no price")?;
    let tier = price.service_tiers.get(TIER).ok_or("its model has no price for batches")?;
    let has_fee = |fee: Option<i64>| fee.is_some_and(|fee| fee > 0);
    if has_fee(tier.stated(Bucket::Request).or_else(|| price.rates.stated(Bucket::Request))) {
        return Err("its model has a fee for each request");
    }
    if !price.windows.is_empty() {
        return Err("its model's price depends on the hour");
    }
    if price.tiers.iter().any(|tier| input_most > tier.above_input_tokens) {
        return Err("some of its requests were so large that they have another price");
    }
    Ok(Price { tiers: Vec::new(), ..price.clone() })
}
