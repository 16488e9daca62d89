//! For whom: customer, user, session and tags, by who may be believed most.
//!
//! Bound to the key > signed > `x-weir-customer` > other products' headers > baggage > body. The winner's source is kept.
//! What a coding agent puts into `metadata.user_id` names a user and a session, never a customer.

use std::borrow::Cow;
use std::collections::BTreeMap;

use form_urlencoded::parse;
use http::HeaderMap;
use weir_contract::policy::KeyEntry;
use weir_contract::record::CustomerSource;
use weir_wire::{Dialect, Peek};

use super::compat::{self, Found};
use super::{Exchange, headers, signed};
use crate::error::Refusal;

const TAGS_MAX: usize = 16;
const NAME_BYTES_MAX: usize = 64;
const VALUE_BYTES_MAX: usize = 256;

/// Names everything, or says which cap or demand was not met.
pub(crate) fn attribute(exchange: &mut Exchange, map: &HeaderMap, peek: &Peek<'_>) -> Result<(), Refusal> {
    let found = compat::read(&exchange.handles.config.compat_headers, map)?;
    let baggage = Baggage::read(map);
    let (customer, source) = customer(exchange, map, &found, &baggage, peek)?;
    demand(&exchange.key.entry, source)?;
    let customer = customer.map(|customer| capped("the customer", customer)).transpose()?;
    let of_body = match peek.dialect {
        Dialect::OpenAi | Dialect::Responses => peek.user.as_deref().or(peek.safety_identifier.as_deref()),
        Dialect::Gemini => None,
        Dialect::Anthropic => peek.metadata_user.as_ref().and_then(|user| user.user.as_deref()),
    };
    let user =
        headers::text(map, &headers::X_WEIR_USER)?.or(found.user).or(baggage.user.as_deref()).or(of_body);
    let user = user.map(|user| capped("the user", user.into())).transpose()?;
    let session = headers::text(map, &headers::X_WEIR_SESSION)?.or(found.session);
    let session = session.or(baggage.session.as_deref()).or(peek.session());
    let session = session.map(|session| capped("the session", session.into())).transpose()?;
    let tags = tags(&exchange.key.entry, map, &found, baggage.feature.as_deref())?;
    let record = &mut exchange.record;
    record.customer = customer.as_deref().unwrap_or_default().into();
    record.customer_source = source;
    record.compat = found.products;
    record.user = user.as_deref().unwrap_or_default().into();
    record.session = session.as_deref().unwrap_or_default().into();
    record.tags = tags.into_iter().collect();
    Ok(())
}

fn customer<'a>(
    exchange: &Exchange,
    map: &'a HeaderMap,
    found: &Found<'a>,
    baggage: &'a Baggage,
    peek: &'a Peek<'_>,
) -> Result<(Option<Cow<'a, str>>, CustomerSource), Refusal> {
    // A token is checked also where it does not win: a wrong one is a mistake worth telling.
    let signed = signed_customer(exchange, map)?;
    if let Some(bound) = &exchange.key.entry.customer {
        return Ok((Some(Cow::Owned(bound.as_str().to_owned())), CustomerSource::Key));
    }
    let in_body = || peek.user.as_deref().or(peek.safety_identifier.as_deref());
    let candidates = [
        (signed.map(Cow::Owned), CustomerSource::Signed),
        (headers::text(map, &headers::X_WEIR_CUSTOMER)?.map(Cow::Borrowed), CustomerSource::Header),
        (found.customer.clone(), CustomerSource::Header),
        (baggage.customer.as_deref().map(Cow::Borrowed), CustomerSource::Baggage),
        (in_body().map(Cow::Borrowed), CustomerSource::Body),
    ];
    let named =
        candidates.into_iter().find(|(customer, _)| customer.as_ref().is_some_and(|name| !name.is_empty()));
    Ok(named.unwrap_or((None, CustomerSource::None)))
}

fn signed_customer(exchange: &Exchange, map: &HeaderMap) -> Result<Option<String>, Refusal> {
    let Some(token) = headers::text(map, &headers::X_WEIR_CUSTOMER_TOKEN)? else { return Ok(None) };
    let entry = &exchange.key.entry;
    let wrong = |why: &str| {
        let message = format!("the customer token was not accepted for key `{}`: {why}", entry.name);
        Refusal::invalid("invalid_customer_token", message)
    };
    let key = exchange
        .force
        .customer_key(&entry.id)
        .ok_or_else(|| wrong("the key has no secret for such tokens"))?;
    signed::customer_of(token, key, exchange.handles.clock.now_us()).map(Some).map_err(wrong)
}

/// A key may demand that the customer is named by someone who can be believed.
fn demand(entry: &KeyEntry, source: CustomerSource) -> Result<(), Refusal> {
    let Some(least) = entry.customer_source_min.filter(|least| *least != CustomerSource::None) else {
        return Ok(());
    };
    if source != CustomerSource::None && source <= least {
        return Ok(());
    }
    let message = format!(
        "key `{}` demands a customer named by `{least}` or better; this request's was named by `{source}`",
        entry.name
    );
    Err(Refusal::client(403, "permission_error", "customer_required", message))
}

/// Ours over other products' over baggage; what the key is bound to over everything.
fn tags(
    entry: &KeyEntry,
    map: &HeaderMap,
    found: &Found<'_>,
    feature: Option<&str>,
) -> Result<BTreeMap<String, String>, Refusal> {
    let mut tags = BTreeMap::new();
    if let Some(feature) = feature {
        tags.insert("feature".to_owned(), feature.to_owned());
    }
    tags.extend(found.tags.iter().cloned());
    for pair in headers::text(map, &headers::X_WEIR_TAGS)?.unwrap_or_default().split(',').map(str::trim) {
        if pair.is_empty() {
            continue;
        }
        let (name, value) = pair.split_once('=').ok_or_else(|| {
            Refusal::invalid(
                "invalid_header",
                "`x-weir-tags` is a list of name=value, like `feature=chat,env=prod`",
            )
        })?;
        tags.insert(percent_decoded(name.trim()), percent_decoded(value.trim()));
    }
    tags.extend(entry.tags.clone());
    if tags.len() > TAGS_MAX {
        return Err(Refusal::invalid(
            "too_many_tags",
            format!("{} tags: at most {TAGS_MAX} are taken", tags.len()),
        ));
    }
    for (name, value) in &tags {
        if name.is_empty() || name.len() > NAME_BYTES_MAX {
            let message = format!("a tag's name has {} bytes: 1 to {NAME_BYTES_MAX} are taken", name.len());
            return Err(Refusal::invalid("invalid_tag", message));
        }
        capped("a tag's value", value.into())?;
    }
    Ok(tags)
}

/// Over the cap is an error, never a silent cut: a cut name would be another customer.
fn capped<'a>(what: &str, text: Cow<'a, str>) -> Result<Cow<'a, str>, Refusal> {
    if text.len() > VALUE_BYTES_MAX {
        let message = format!("{what} has {} bytes: at most {VALUE_BYTES_MAX} are taken", text.len());
        return Err(Refusal::invalid("invalid_attribution", message));
    }
    if text.chars().any(char::is_control) {
        return Err(Refusal::invalid("invalid_attribution", format!("{what} has control characters")));
    }
    Ok(text)
}

fn percent_decoded(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    // The form decoder also turns `+` into a space, which a header's value does not mean.
    let escaped = text.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    parse(escaped.as_bytes()).next().map(|(name, _)| name.into_owned()).unwrap_or_default()
}

/// The members of W3C baggage we act on; all others are left alone.
#[derive(Default)]
struct Baggage {
    customer: Option<String>,
    user: Option<String>,
    session: Option<String>,
    feature: Option<String>,
}

impl Baggage {
    fn read(map: &HeaderMap) -> Self {
        let mut baggage = Self::default();
        for member in headers::lenient(map, &headers::BAGGAGE).unwrap_or_default().split(',').take(64) {
            let Some((name, rest)) = member.split_once('=') else { continue };
            let value = rest.split(';').next().unwrap_or_default().trim();
            let slot = match name.trim() {
                "weir.customer.id" => &mut baggage.customer,
                "user.id" => &mut baggage.user,
                "session.id" => &mut baggage.session,
                "feature" => &mut baggage.feature,
                _ => continue,
            };
            *slot = Some(percent_decoded(value)).filter(|value| !value.is_empty());
        }
        baggage
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use http::{HeaderName, HeaderValue};

    fn map(headers: &[(&'static str, &'static str)]) -> HeaderMap {
        headers.iter().map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn baggage_is_read_by_an_allow_list() {
        let baggage = Baggage::read(&map(&[(
            "baggage",
            "weir.customer.id=ac%20me;p=1, x=y ,session.id=s1,user.id=a+b",
        )]));
        assert_eq!(baggage.customer.as_deref(), Some("ac me"));
        assert_eq!(baggage.session.as_deref(), Some("s1"));
        assert_eq!(baggage.user.as_deref(), Some("a+b"));
    }

    #[test]
    fn a_demand_is_met_by_equal_or_better_sources_only() {
        let mut entry = sample::key_entry();
        entry.customer_source_min = Some(CustomerSource::Header);
        assert!(demand(&entry, CustomerSource::Key).is_ok());
        assert!(demand(&entry, CustomerSource::Signed).is_ok());
        assert!(demand(&entry, CustomerSource::Header).is_ok());
        assert!(demand(&entry, CustomerSource::Body).is_err());
        assert!(demand(&entry, CustomerSource::None).is_err());
    }

    #[test]
    fn bound_tags_beat_the_requests_and_caps_are_errors() {
        let mut entry = sample::key_entry();
        entry.tags.insert("env".to_owned(), "prod".to_owned());
        let found = Found::default();
        let read = tags(&entry, &map(&[("x-weir-tags", "env=test, feature=a%2Cb")]), &found, None).unwrap();
        let expected = [("env", "prod"), ("feature", "a,b")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert_eq!(read, BTreeMap::from(expected));
        assert!(tags(&entry, &map(&[("x-weir-tags", "lonely")]), &found, None).is_err());
        let many: String = (0..17).map(|n| format!("t{n}=1,")).collect();
        let value = HeaderValue::from_str(&many).unwrap();
        let map = HeaderMap::from_iter([(HeaderName::from_static("x-weir-tags"), value)]);
        assert_eq!(tags(&entry, &map, &found, None).unwrap_err().error.code, "too_many_tags");
        assert!(capped("x", "a".repeat(257).into()).is_err());
        assert!(capped("x", "a\u{7}".into()).is_err());
    }
}
