//! What the gateway must know of a request before it can send it on, and the body to send.
//!
//! [`peek_on`] reads only the members named in [`Peek`]; [`forward`] changes only the model's name and, where asked, the
//! wish for usage. Every other byte stays.

use std::{borrow::Cow, ops::Range};

use bytes::Bytes;
use weir_contract::usage::{UNITS_MAX, Usage};

use crate::{
    anthropic,
    api::{Api, Work},
    dialect::Dialect,
    error::WireError,
    form, gemini,
    json::{TopLevel, View, quoted, top_level},
    openai, responses,
    splice::{self, Edit},
};

/// What we act on in a request, the same for every dialect.
#[derive(Clone, Debug)]
pub struct Peek<'a> {
    /// The route it came by.
    pub api: Api,
    /// The dialect it was written in.
    pub dialect: Dialect,
    /// Where everything at the top of the body stands, for reading more of it; nothing where the body is no JSON object.
    pub top: TopLevel<'a>,
    /// How long the body is.
    pub bytes: usize,
    /// The model asked for.
    pub model: Cow<'a, str>,
    /// Whether the answer shall come as an event stream.
    pub stream: bool,
    /// Whether the caller wants usage in the stream. Always true where the dialect always sends it.
    pub include_usage: bool,
    /// The most tokens an answer may have; `None` leaves it to the model.
    pub max_tokens: Option<u64>,
    /// How many answers are asked for.
    pub n: u64,
    /// The end user as the caller names them (`user`).
    pub user: Option<Cow<'a, str>>,
    /// The end user as a hash (`safety_identifier`).
    pub safety_identifier: Option<Cow<'a, str>>,
    /// The user, account and session in `metadata.user_id`. Coding agents put devices there: it never names a customer.
    pub metadata_user: Option<MetadataUser>,
    /// Whether tools are offered.
    pub has_tools: bool,
    /// The service tier asked for.
    pub service_tier: Option<Cow<'a, str>>,
    /// How hard the model shall think.
    pub reasoning_effort: Option<Cow<'a, str>>,
    /// How many tokens it may think with.
    pub reasoning_tokens_max: Option<u64>,
    /// Sampling temperature.
    pub temperature: Option<f64>,
    /// Nucleus sampling.
    pub top_p: Option<f64>,
    /// The seed.
    pub seed: Option<i64>,
    /// The answer this one goes on from, which its provider keeps.
    pub previous_response: Option<Cow<'a, str>>,
    /// What is consumed as far as the request tells, for routes whose answers say nothing.
    pub counted: Usage,
    /// Where the model's name stands, quotes included; `None` where the body has no place for it.
    pub(crate) model_place: Option<Range<usize>>,
    /// Where it stands as a resource's name (`"models/…"`), beside the path.
    pub(crate) model_again: Vec<Range<usize>>,
    /// Where and how a missing model would be written; `None` where it stands in the path.
    pub(crate) model_wanted: Option<ModelWanted<'a>>,
    /// How usage can be asked for.
    pub(crate) usage_wish: UsageWish,
}

/// How a model is written into a body that has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ModelWanted<'a> {
    /// As the first member of the JSON object.
    Member,
    /// As the first part of a form with that boundary.
    Part(&'a str),
}

/// How many answers may be asked for in one request.
pub(crate) const N_MAX: u64 = 1_000;

/// Where the wish for usage in a stream goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum UsageWish {
    /// It need not be said, or is said.
    Settled,
    /// Replace these bytes by the text.
    Replace(Range<usize>, &'static str),
}

/// A user as coding agents write one: `user_<hash>_account_<id>_session_<id>`, or a JSON object in a string.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetadataUser {
    /// The user or device.
    pub user: Option<String>,
    /// The account.
    pub account: Option<String>,
    /// The session.
    pub session: Option<String>,
}

impl MetadataUser {
    /// Splits the text; what has neither form is a user as it stands.
    #[must_use]
    pub fn split(text: &str) -> Self {
        if text.starts_with('{') {
            let object = View::of_text(text);
            let first = |keys: &[&str]| {
                keys.iter().find_map(|key| object.get(key)?.filled_text()).map(Cow::into_owned)
            };
            return Self {
                user: first(&["device_id", "user_id", "user"]),
                account: first(&["account_uuid", "account_id", "account"]),
                session: first(&["session_id", "session"]),
            };
        }
        let (rest, session) = match text.rsplit_once("_session_") {
            Some((rest, session)) => (rest, Some(session)),
            None => (text, None),
        };
        let (user, account) = match rest.rsplit_once("_account_") {
            Some((user, account)) => (user, Some(account)),
            None => (rest.strip_suffix("_account").unwrap_or(rest), None),
        };
        let bare = if session.is_some() { user.strip_prefix("user_").unwrap_or(user) } else { user };
        let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Self {
            user: filled(bare),
            account: account.and_then(|account| filled(account.trim_start_matches('_'))),
            session: session.and_then(filled),
        }
    }
}

impl<'a> Peek<'a> {
    /// Nothing read yet but where everything stands and which model is asked for: the body's, else the one named in the
    /// path, else the route's own.
    pub(crate) fn begin(api: Api, top: TopLevel<'a>, named: Option<&'a str>) -> Result<Self, WireError> {
        let Some(model) = top.get("model").filter(|view| !view.is_null()) else {
            let named = named.or_else(|| api.default_model());
            let named = named.ok_or(WireError::Missing { name: "model" })?;
            let model_wanted = Some(ModelWanted::Member);
            return Ok(Self { model_wanted, ..Self::unnamed(api, top, Cow::Borrowed(named)) });
        };
        let name =
            model.filled_text().ok_or_else(|| wrong("model", model, "a string with a model's name"))?;
        Ok(Self { model_place: Some(model.range()), ..Self::unnamed(api, top, name) })
    }

    /// Nothing read yet, of a body that need not name its model.
    pub(crate) fn unnamed(api: Api, top: TopLevel<'a>, model: Cow<'a, str>) -> Self {
        Self {
            api,
            dialect: api.dialect(),
            model,
            model_place: None,
            model_again: Vec::new(),
            model_wanted: None,
            bytes: top.text().len(),
            stream: false,
            include_usage: false,
            max_tokens: None,
            n: 1,
            user: None,
            safety_identifier: None,
            metadata_user: None,
            has_tools: false,
            service_tier: None,
            reasoning_effort: None,
            reasoning_tokens_max: None,
            temperature: None,
            top_p: None,
            seed: None,
            previous_response: None,
            counted: Usage::default(),
            usage_wish: UsageWish::Settled,
            top,
        }
    }

    /// Reads a member that dialects share; whether it was one.
    pub(crate) fn take_shared(&mut self, key: &str, view: View<'a>) -> Result<bool, WireError> {
        match key {
            "stream" => self.stream = flag("stream", view)?,
            "max_tokens" => self.max_tokens = self.max_tokens.or(whole("max_tokens", view)?),
            "metadata" => {
                let id = view.get("user_id").and_then(|id| id.filled_text());
                self.metadata_user = id.map(|id| MetadataUser::split(&id));
            }
            "tools" => self.has_tools = view.items().next().is_some(),
            "service_tier" => self.service_tier = view.filled_text(),
            "temperature" => self.temperature = view.number(),
            "top_p" => self.top_p = view.number(),
            "seed" => self.seed = view.raw().parse().ok(),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The model's name as it stands in this body: a JSON string, or the bare value of a form's field.
    fn spelt(&self, model: &str) -> Vec<u8> {
        if self.top.text().is_empty() { model.as_bytes().to_vec() } else { quoted(model).into_bytes() }
    }

    /// The model's name written into a body that has none.
    fn added(&self, wanted: ModelWanted<'_>, model: &str) -> Edit<'static> {
        match wanted {
            ModelWanted::Member => {
                let comma = if self.top.members().is_empty() { "" } else { "," };
                let member = format!("\"model\":{}{comma}", quoted(model));
                Edit::insert(self.top.first_place(), member.into_bytes())
            }
            ModelWanted::Part(boundary) => {
                Edit::insert(0, form::field(boundary, "model", model).into_bytes())
            }
        }
    }

    /// The session a coding agent put into the body.
    #[must_use]
    pub fn session(&self) -> Option<&str> {
        self.metadata_user.as_ref()?.session.as_deref()
    }
}

pub(crate) fn wrong(name: &'static str, view: View<'_>, wanted: &'static str) -> WireError {
    WireError::WrongType { name, at: view.range().start, wanted }
}

/// A member that is true, false, or null for its absence.
pub(crate) fn flag(name: &'static str, view: View<'_>) -> Result<bool, WireError> {
    if view.is_null() { Ok(false) } else { view.boolean().ok_or_else(|| wrong(name, view, "true or false")) }
}

/// A member that is a whole number, or null for its absence. Money is made of it, so it is bounded like usage.
pub(crate) fn whole(name: &'static str, view: View<'_>) -> Result<Option<u64>, WireError> {
    if view.is_null() {
        return Ok(None);
    }
    let count = view.count().filter(|count| *count <= UNITS_MAX);
    count.map(Some).ok_or_else(|| wrong(name, view, "a whole number, neither negative nor absurd"))
}

/// Reads what we act on in the body of a conversation.
///
/// # Errors
///
/// As [`peek_on`].
pub fn peek(dialect: Dialect, body: &[u8]) -> Result<Peek<'_>, WireError> {
    peek_on(dialect.chat_api(), None, "", body)
}

/// Reads what we act on in a request's body. `named` is the model in the path.
///
/// # Errors
///
/// Says where and why when the body is not sound JSON (see [`crate::json::top_level`]), names no model, or has a
/// member we act on with a value of the wrong kind. Bodies of [`Work::Pass`] may be anything.
pub fn peek_on<'a>(
    api: Api,
    named: Option<&'a str>,
    content_type: &'a str,
    body: &'a [u8],
) -> Result<Peek<'a>, WireError> {
    let boundary = form::boundary(content_type);
    match (api.work(), api.dialect()) {
        (Work::Stored | Work::Local, _) => Ok(nothing(api, body)),
        (Work::Batch, _) if body.is_empty() => Ok(nothing(api, body)),
        (Work::Batch, _) => Ok(Peek::unnamed(api, top_level(body)?, Cow::Borrowed(""))),
        (Work::Realtime, _) => match named {
            Some(model) => Ok(Peek { model: Cow::Borrowed(model), stream: true, ..nothing(api, body) }),
            None => Err(WireError::Missing { name: "model" }),
        },
        (Work::Pass, _) => Ok(peek_loosely(api, named, boundary, body)),
        (_, Dialect::Gemini) => gemini::request::peek(api, Cow::Borrowed(named.unwrap_or_default()), body),
        (_, Dialect::Responses) => responses::request::peek(api, named, body),
        (_, Dialect::Anthropic) => anthropic::request::peek(api, body),
        (Work::Generate, Dialect::OpenAi) => openai::request::peek(api, named, body),
        (_, Dialect::OpenAi) => match boundary {
            Some(boundary) => form::peek(api, named, boundary, body),
            None => openai::request::peek_plain(api, named, body),
        },
    }
}

/// A request of whose body nothing is known.
fn nothing(api: Api, body: &[u8]) -> Peek<'_> {
    let peek = Peek::unnamed(api, TopLevel::default(), Cow::Borrowed(""));
    Peek { bytes: body.len(), include_usage: true, ..peek }
}

/// As much of anything as can be read: the model, from the path or from a body that has one.
fn peek_loosely<'a>(api: Api, named: Option<&'a str>, boundary: Option<&'a str>, body: &'a [u8]) -> Peek<'a> {
    let read = match boundary {
        Some(boundary) => form::peek(api, named, boundary, body),
        None => openai::request::peek_plain(api, named, body),
    };
    let mut peek = read.unwrap_or_else(|_| nothing(api, body));
    if let Some(named) = named {
        peek.model = Cow::Borrowed(named);
    }
    peek
}

/// The body to send upstream: the model's name replaced, usage in the stream asked for if wanted and not yet asked
/// for, and nothing else. Without a change the same bytes come back. `body` is the one that was peeked at.
#[must_use]
pub fn forward(peek: &Peek<'_>, body: &Bytes, upstream_model: &str, want_usage: bool) -> Bytes {
    let mut edits = Vec::with_capacity(2);
    match (&peek.model_place, peek.model_wanted) {
        (Some(place), _) if peek.model != upstream_model => {
            edits.push(Edit::replace(place.clone(), peek.spelt(upstream_model)));
        }
        (None, Some(wanted)) if Some(upstream_model) != peek.api.default_model() => {
            edits.push(peek.added(wanted, upstream_model));
        }
        _ => {}
    }
    if peek.model != upstream_model {
        let resource = quoted(&format!("models/{upstream_model}")).into_bytes();
        edits.extend(peek.model_again.iter().map(|place| Edit::replace(place.clone(), resource.clone())));
    }
    if let (true, true, UsageWish::Replace(place, text)) = (want_usage, peek.stream, &peek.usage_wish) {
        edits.push(Edit::replace(place.clone(), text.as_bytes()));
    }
    edits.sort_by_key(|edit| edit.range.start);
    splice::apply(body, &edits)
}

#[cfg(test)]
mod tests;
