//! The models an endpoint's provider lists, beside those that have a target there; those that have none are added as drafts.
//!
//! The list is asked for like a test is: from here, with the stored credential, by the rules gateways dial by. Nothing is
//! published and nothing is removed: a provider may serve what it does not list.

use std::collections::{BTreeSet, HashSet};

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use weir_contract::id::EndpointId;
use weir_web::form::FieldError;
use weir_wire::Dialect;
use weir_wire::host::Host;

use super::Endpoint;
use super::probe::{Caller, Step, TEST_MAX, Tested};
use crate::app::App;
use crate::audit::{self, Change};
use crate::auth::{Actor, Right};
use crate::error::{AppError, FieldErrors};
use crate::models::{self, ModelBody};
use crate::objects::{self, Draft, Edit};
use crate::store::Conn;

/// The most of one page of a list that is read, bytes.
const LIST_BYTES_MAX: usize = 8 << 20;
/// The most pages of a list that are read.
const PAGES_MAX: usize = 20;
/// The most models that are added at once.
const ADDED_MAX: usize = 1_000;

/// What is to be done with the list.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SyncForm {
    /// Adds only these, by the provider's names; all that are new when left out.
    pub only: Vec<String>,
    /// Says what would be added and adds nothing.
    pub dry_run: bool,
    /// Why, for the history.
    pub note: String,
}

/// What the list has, and what was made of it. Never the credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Synced {
    /// What came of the call; where it is not `ok`, everything else is empty.
    pub asked: Tested,
    /// How many models the provider lists.
    pub listed: usize,
    /// Listed, and no model has it as a target here.
    pub new: Vec<Listed>,
    /// Targets here that the list does not have, by the provider's names. They stay.
    pub gone: Vec<String>,
    /// The names of the models that were added as drafts.
    pub added: Vec<String>,
}

/// A model that a provider lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Listed {
    /// Its name there.
    pub upstream_model: String,
    /// The name it gets here: `provider/model`.
    pub name: String,
    /// Why it cannot be added under that name; `None` when it can.
    pub problem: Option<String>,
}

/// Asks the provider for its models, and adds those that are new as drafts unless only asked what they are.
pub async fn sync(app: &App, actor: &Actor, id: &EndpointId, form: &SyncForm) -> Result<Synced, AppError> {
    let endpoint = super::find(app, actor, id).await?;
    let endpoint = endpoint.ok_or_else(|| AppError::not_found("endpoint", id.as_str()))?;
    actor.require(Right::ManageProviders, endpoint.workspace.as_ref())?;
    let (asked, names) = ask(app, &endpoint).await?;
    let mut writing = app.store.write().await?;
    let edit = Edit::by(actor, &form.note, app.clock.now_us());
    let synced = match names {
        Some(names) => {
            let there = objects::list::<ModelBody>(&mut writing).await?;
            let mut synced = compare(&endpoint, asked, &names, &there);
            if !form.dry_run {
                synced.added = add(app, &mut writing, &edit, &endpoint, &synced.new, &form.only).await?;
            }
            synced
        }
        None => Synced { asked, listed: 0, new: Vec::new(), gone: Vec::new(), added: Vec::new() },
    };
    let after = json!({ "step": synced.asked.step, "listed": synced.listed, "added": synced.added.len() });
    let (object, after) = (id.as_str(), audit::state(&after));
    let change = Change { actor: &actor.id, action: "endpoint.sync", object, before: String::new(), after };
    audit::append(&mut writing, edit.now_us, change).await?;
    writing.commit().await?;
    Ok(synced)
}

/// Adds what is new, or the chosen of it.
async fn add(
    app: &App,
    conn: &mut Conn,
    edit: &Edit<'_>,
    endpoint: &Endpoint,
    new: &[Listed],
    only: &[String],
) -> Result<Vec<String>, AppError> {
    let mut errors = FieldErrors::default();
    for (place, chosen) in only.iter().enumerate() {
        let problem = match new.iter().find(|listed| listed.upstream_model == *chosen) {
            None => Some("The provider lists no such model, or it is here already.".to_owned()),
            Some(listed) => listed.problem.clone(),
        };
        if let Some(problem) = problem {
            errors.add(format!("only/{place}"), FieldError::Other(problem));
        }
    }
    let is_chosen = |listed: &&Listed| only.is_empty() || only.contains(&listed.upstream_model);
    let chosen: Vec<&Listed> = new.iter().filter(is_chosen).filter(|one| one.problem.is_none()).collect();
    if chosen.len() > ADDED_MAX {
        let sentence = format!("{} models are new: choose at most {ADDED_MAX}.", chosen.len());
        errors.add("only", FieldError::Other(sentence));
    }
    errors.check()?;
    for listed in &chosen {
        models::add_listed(app, conn, edit, endpoint, &listed.name, &listed.upstream_model).await?;
    }
    Ok(chosen.into_iter().map(|listed| listed.name.clone()).collect())
}

/// The list beside what is there.
fn compare(
    endpoint: &Endpoint,
    asked: Tested,
    names: &BTreeSet<String>,
    there: &[Draft<ModelBody>],
) -> Synced {
    let targets = there.iter().flat_map(|model| &model.body.targets);
    let here: BTreeSet<&str> = targets
        .filter(|target| target.endpoint == endpoint.id)
        .map(|target| target.upstream_model.as_str())
        .collect();
    let ours = there.iter().filter(|model| model.workspace == endpoint.workspace);
    let taken: HashSet<&str> = ours
        .flat_map(|model| std::iter::once(&model.name).chain(&model.body.aliases))
        .map(String::as_str)
        .collect();
    let new = names.iter().filter(|name| !here.contains(name.as_str())).map(|upstream_model| {
        let name = format!("{}/{upstream_model}", endpoint.body.provider);
        let mut errors = FieldErrors::default();
        objects::check_name(&mut errors, &name);
        let problem = match errors.of("name") {
            _ if taken.contains(name.as_str()) => Some(
                "A model has this name already: add the target there, or give it another name.".to_owned(),
            ),
            error => error.map(ToString::to_string),
        };
        Listed { upstream_model: upstream_model.clone(), name, problem }
    });
    let gone = here.iter().filter(|name| !names.contains(**name)).map(|name| (*name).to_owned());
    Synced { asked, listed: names.len(), new: new.collect(), gone: gone.collect(), added: Vec::new() }
}

/// The provider's list; `None` when it did not give one, and the first says why.
async fn ask(app: &App, endpoint: &Endpoint) -> Result<(Tested, Option<BTreeSet<String>>), AppError> {
    let caller = match Caller::prepare(app, endpoint).await? {
        Ok(caller) => caller,
        Err(refused) => return Ok((refused, None)),
    };
    let body = &caller.body;
    let dialect = Dialect::from_name(&body.dialect).unwrap_or(Dialect::OpenAi);
    let Some(pages) = Pages::of(Host::of(&body.provider, dialect, &body.base_url), dialect) else {
        let missing = "This host has no list of the models it serves: add them by hand.";
        return Ok((caller.failed(Step::Settings, None, missing), None));
    };
    let late = || (caller.failed(Step::Answer, None, "no answer within 20 seconds"), None);
    Ok(tokio::time::timeout(TEST_MAX, read(&caller, &pages)).await.unwrap_or_else(|_| late()))
}

/// Page by page to the end.
async fn read(caller: &Caller, pages: &Pages) -> (Tested, Option<BTreeSet<String>>) {
    let mut names = BTreeSet::new();
    let mut path = pages.first.to_owned();
    for _ in 0..PAGES_MAX {
        let (asked, bytes) = caller.fetch(Method::GET, &path, None, LIST_BYTES_MAX).await;
        if !asked.ok {
            return (asked, None);
        }
        let list = serde_json::from_slice::<Value>(&bytes).unwrap_or_default();
        let Some(members) = members(&list) else {
            let message = "it answered, but not with a list of models";
            let failed = caller.failed(Step::Answer, asked.status, message);
            return (Tested { call: asked.call, ..failed }, None);
        };
        names.extend(members.iter().filter_map(name_of));
        match pages.after(&list) {
            Some(next) => path = next,
            None => {
                let message = format!("it lists {} models", names.len());
                return (Tested { message, ..asked }, Some(names));
            }
        }
    }
    (caller.failed(Step::Answer, None, &format!("its list has more than {PAGES_MAX} pages")), None)
}

/// Where a provider's list of models is, below the base URL, and how it goes on.
pub(super) struct Pages {
    first: &'static str,
    /// The parameter that asks for the next page, and the member that says its value; the others give their list whole.
    next: Option<(&'static str, &'static str)>,
}

impl Pages {
    /// The list of a host; `None` where it has none. Those that come in pages are asked for long ones.
    pub(super) const fn of(host: Host, dialect: Dialect) -> Option<Self> {
        let (first, next) = match (host, dialect) {
            (Host::Direct, Dialect::Anthropic) => ("/models?limit=1000", Some(("after_id", "last_id"))),
            (Host::Direct, Dialect::Gemini) => {
                ("/models?pageSize=1000", Some(("pageToken", "nextPageToken")))
            }
            (Host::Direct, _) => ("/models", None),
            (Host::Cohere, _) => ("/v1/models?page_size=1000", Some(("page_token", "next_page_token"))),
            (Host::Ollama, _) => ("/api/tags", None),
            _ => return None,
        };
        Some(Self { first, next })
    }

    /// Where it begins, however long its pages are.
    pub(super) fn path(&self) -> &'static str {
        self.first.split_once('?').map_or(self.first, |(path, _)| path)
    }

    /// What follows a page.
    fn after(&self, page: &Value) -> Option<String> {
        let (parameter, member) = self.next?;
        if page.get("has_more") == Some(&Value::Bool(false)) {
            return None;
        }
        let next = page.get(member)?.as_str().filter(|next| !next.is_empty())?;
        let next: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
        Some(format!("{}&{parameter}={next}", self.first))
    }
}

/// `data` (OpenAI, Anthropic), `models` (Gemini, Cohere, Ollama), or the list itself (Together).
fn members(list: &Value) -> Option<&Vec<Value>> {
    list.get("data").or_else(|| list.get("models")).unwrap_or(list).as_array()
}

/// What requests call it: Google's lists put `models/` before it.
fn name_of(member: &Value) -> Option<String> {
    let name = member.get("id").or_else(|| member.get("name"))?.as_str()?.trim();
    let name = name.strip_prefix("models/").unwrap_or(name);
    Some(name.to_owned()).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_every_shape_of_a_list() {
        let names =
            |list: Value| -> Vec<String> { members(&list).unwrap().iter().filter_map(name_of).collect() };
        assert_eq!(names(json!({ "data": [{ "id": "gpt-x" }, { "object": "nameless" }] })), ["gpt-x"]);
        assert_eq!(names(json!({ "models": [{ "name": "models/gemini-x" }] })), ["gemini-x"]);
        assert_eq!(names(json!([{ "id": "org/one" }, { "id": "org/two" }])), ["org/one", "org/two"]);
        assert!(members(&json!({ "error": "no" })).is_none() && members(&Value::Null).is_none());
    }

    #[test]
    fn a_list_goes_on_only_where_it_says_so() {
        let more = json!({ "has_more": true, "last_id": "claude x", "nextPageToken": "a&b", "next_page_token": "c" });
        let last = json!({ "has_more": false, "last_id": "x", "nextPageToken": "", "next_page_token": "" });
        for (host, dialect, wanted) in [
            (Host::Direct, Dialect::Anthropic, Some("/models?limit=1000&after_id=claude+x")),
            (Host::Direct, Dialect::Gemini, Some("/models?pageSize=1000&pageToken=a%26b")),
            (Host::Cohere, Dialect::OpenAi, Some("/v1/models?page_size=1000&page_token=c")),
            (Host::Ollama, Dialect::OpenAi, None),
            (Host::Direct, Dialect::OpenAi, None),
        ] {
            let pages = Pages::of(host, dialect).unwrap();
            assert_eq!((pages.after(&more).as_deref(), pages.after(&last)), (wanted, None), "{host:?}");
        }
        assert!(Pages::of(Host::Bedrock, Dialect::Anthropic).is_none());
    }
}
