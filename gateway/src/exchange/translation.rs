//! A request for a target that speaks another dialect than the caller, and what the caller is told of it.

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, StatusCode};
use weir_contract::policy::Target;
use weir_wire::completion::Told;
use weir_wire::host::Host;
use weir_wire::model::conversation_of;
use weir_wire::responses::Echo;
use weir_wire::translate::{
    Losses, StreamWriter, Terms, Translated, Unsupported, Written, translate_request, write_answer,
};
use weir_wire::{Answer, Api, Dialect, Quirks, UpstreamFault, WireError, Work, counter, write_error};

use super::dispatch::Asked;
use super::{Exchange, headers};
use crate::error::Refusal;
use crate::upstream::Upstream;

/// A request in a target's dialect, and the way back.
pub(crate) struct Translation {
    /// What is sent.
    pub(crate) body: Bytes,
    /// What was lost or said another way.
    losses: Losses,
    source: Dialect,
    /// Whether tokens are counted and nothing is answered.
    counts: bool,
    terms: Terms,
}

/// Translates the request for that target; `None` where the target takes it as it is.
pub(crate) fn prepare(
    exchange: &mut Exchange,
    asked: &Asked<'_>,
    target: &Target,
    upstream: &Upstream,
    max_output: Option<u64>,
) -> Result<Option<Translation>, Unsupported> {
    let api = asked.route.api;
    let counts = api.work() == Work::Count;
    if !(counts || api.work() == Work::Generate) || upstream.serves_route(api) {
        return Ok(None);
    }
    let caller = exchange.dialect();
    let there = weir_wire::translate::Target {
        dialect: upstream.dialect,
        provider: &upstream.entry.provider,
        model: &target.upstream_model,
        max_output,
    };
    let stream = asked.peek.stream && !counts;
    let translated = if counts {
        let said = counter::conversation(caller, &asked.peek.top);
        counter::translate_question(&said, caller, &there, exchange.drop_unsupported)?
    } else {
        let mut said = conversation_of(caller, &asked.peek.top);
        (said.settings.stream, said.settings.include_usage) = (stream, asked.peek.include_usage);
        translate_request(&said, caller, &there, exchange.drop_unsupported)?
    };
    let Translated { body, mut losses, answer_tool } = translated;
    losses.dropped.extend(foreign_headers(&asked.head.headers, upstream.dialect));
    explain(exchange, target, upstream.dialect, &losses);
    let terms = Terms {
        caller,
        stream,
        array: caller == Dialect::Gemini && stream && !wants_event_stream(asked),
        include_usage: asked.peek.include_usage,
        answer_tool,
        echo: if caller == Dialect::Responses { Echo::of(&asked.peek.top) } else { Echo::default() },
        created_s: exchange.record.started_at_us.div_euclid(1_000_000),
        provider: upstream.entry.provider.clone(),
        request_id: exchange.id_header.to_str().unwrap_or_default().to_owned(),
    };
    Ok(Some(Translation { body, losses, source: upstream.answers_on(api).dialect(), counts, terms }))
}

/// Says the request in the words of the target's host, where that has its own. What is lost then is added to a translation's
/// losses.
pub(crate) fn tell(
    exchange: &mut Exchange,
    asked: &Asked<'_>,
    target: &Target,
    upstream: &Upstream,
    mut translation: Option<Translation>,
) -> Result<(Option<Translation>, Option<Told>), Unsupported> {
    let api = asked.route.api;
    let api = if translation.is_some() { upstream.answers_on(api) } else { api };
    let host = upstream.host.of_model(&target.upstream_model);
    if !host.retells(api) {
        return Ok((translation, None));
    }
    let body = translation.as_ref().map_or_else(
        || weir_wire::forward(asked.peek, asked.body, &target.upstream_model, true),
        |translation| translation.body.clone(),
    );
    let mut told = host.tell(api, exchange.dialect(), &body, exchange.drop_unsupported)?;
    if (host, api) == (Host::Converse, Api::Messages) && asked.head.headers.contains_key(ANTHROPIC_BETA) {
        told.losses.dropped.push(ANTHROPIC_BETA.to_owned());
    }
    explain_losses(exchange, &told.losses);
    if let Some(translation) = &mut translation {
        translation.losses.dropped.extend(told.losses.dropped.iter().cloned());
        translation.losses.adapted.extend(told.losses.adapted.iter().cloned());
    }
    Ok((translation, Some(told)))
}

fn explain(exchange: &mut Exchange, target: &Target, to: Dialect, losses: &Losses) {
    let from = exchange.dialect().name();
    exchange
        .explain("dialect", format!("translated from {from} to {} for {}", to.name(), target.endpoint.name));
    explain_losses(exchange, losses);
}

fn explain_losses(exchange: &mut Exchange, losses: &Losses) {
    for (what, lines) in [("dropped", &losses.dropped), ("adapted", &losses.adapted)] {
        if !lines.is_empty() {
            exchange.explain(what, lines.join(", "));
        }
    }
}

/// Whether a caller of Gemini's stream asks for an event stream; without, it gets one JSON array.
fn wants_event_stream(asked: &Asked<'_>) -> bool {
    asked.head.uri.query().is_some_and(|query| query.split('&').any(|one| one.ends_with("alt=sse")))
}

/// The header that asks for features of Anthropic's, which only Anthropic's own models know.
const ANTHROPIC_BETA: &str = "anthropic-beta";

/// Headers by which the caller asks for features of its dialect: they mean nothing in another.
const FEATURES: [(Dialect, &str); 3] = [
    (Dialect::OpenAi, "openai-beta"),
    (Dialect::Anthropic, ANTHROPIC_BETA),
    (Dialect::Gemini, "x-goog-fieldmask"),
];

/// Starts of headers that belong to one dialect.
const OWN: [(Dialect, &str); 3] =
    [(Dialect::OpenAi, "openai-"), (Dialect::Anthropic, "anthropic-"), (Dialect::Gemini, "x-goog-")];

/// Both of OpenAI's formats know OpenAI's headers.
const fn provider_of(dialect: Dialect) -> Dialect {
    match dialect {
        Dialect::Responses => Dialect::OpenAi,
        other => other,
    }
}

fn foreign_headers(map: &HeaderMap, to: Dialect) -> Vec<String> {
    let to = provider_of(to);
    let foreign = FEATURES.iter().filter(|(of, name)| *of != to && map.contains_key(*name));
    foreign.map(|(_, name)| (*name).to_owned()).collect()
}

/// The one refusal when no target can say what the caller asks.
pub(crate) fn refusal(unsupported: &Unsupported) -> Refusal {
    let message = format!(
        "{unsupported}. Leave it out, or send `x-weir-drop-unsupported: true` to have it left out for you"
    );
    let mut refusal = Refusal::invalid("unsupported_parameter", message);
    refusal.error.param = Some(unsupported.param.clone().into());
    refusal
}

impl Translation {
    /// Takes headers of the caller's dialect out of a call in another.
    pub(crate) fn strip(&self, map: &mut HeaderMap) {
        let is_foreign = |name: &&HeaderName| {
            let source = provider_of(self.source);
            OWN.iter().any(|(of, start)| *of != source && name.as_str().starts_with(start))
        };
        let names: Vec<HeaderName> = map.keys().filter(is_foreign).cloned().collect();
        for name in names {
            map.remove(name);
        }
    }

    /// A writer of the answer's events.
    pub(crate) fn writer(&self) -> StreamWriter {
        StreamWriter::new(self.source, self.terms.clone())
    }

    /// The provider's answer for the caller.
    pub(crate) fn answer(&self, body: &[u8], quirks: Quirks) -> Result<Written, WireError> {
        if !self.counts {
            return write_answer(self.source, body, quirks, &self.terms);
        }
        let body = counter::translate_count(self.source, body, self.terms.caller)?;
        Ok(Written { body, answer: Answer { complete: true, ..Answer::default() }, lost: Vec::new() })
    }

    /// The provider's refusal for the caller: status and body.
    pub(crate) fn error(&self, fault: &UpstreamFault) -> (StatusCode, Bytes) {
        let (status, body) = write_error(self.terms.caller, &self.terms.error(fault));
        (StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY), body)
    }

    /// What the response's headers say of the translation. `lost` is what of the answer was left out.
    pub(crate) fn mark(&self, map: &mut HeaderMap, is_error: bool, lost: &[String]) {
        map.remove(CONTENT_ENCODING);
        let events = self.terms.stream && !self.terms.array && !is_error;
        map.insert(CONTENT_TYPE, if events { headers::EVENT_STREAM } else { headers::JSON });
        let lost = lost.iter().map(|kind| format!("answer.{kind}"));
        let dropped: Vec<String> = self.losses.dropped.iter().cloned().chain(lost).collect();
        mark_losses(map, &dropped, &self.losses.adapted);
    }
}

/// What the response's headers say of what was lost or said another way.
pub(crate) fn mark_losses(map: &mut HeaderMap, dropped: &[String], adapted: &[String]) {
    for (name, lines) in [(headers::X_WEIR_DROPPED, dropped), (headers::X_WEIR_ADAPTED, adapted)] {
        if let Some(value) = headers::value(&lines.join(",")).filter(|_| !lines.is_empty()) {
            map.insert(name, value);
        }
    }
}
