//! Other products' request headers, understood so that applications can move without a change. Each product can be switched
//! off; a request that uses any is marked with the products' names.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName};
use serde_json::{Map, Value};

use super::headers;
use crate::config::Compat;
use crate::error::Refusal;

headers::names! {
    X_LITELLM_ENABLE_MESSAGE_REDACTION = "x-litellm-enable-message-redaction",
    X_PORTKEY_DEBUG = "x-portkey-debug",
    CF_AIG_COLLECT_LOG = "cf-aig-collect-log",
    HELICONE_OMIT_REQUEST = "helicone-omit-request",
    HELICONE_OMIT_RESPONSE = "helicone-omit-response",
    X_LITELLM_CUSTOMER_ID = "x-litellm-customer-id",
    X_LITELLM_END_USER_ID = "x-litellm-end-user-id",
    X_LITELLM_TAGS = "x-litellm-tags",
    X_LITELLM_SPEND_LOGS_METADATA = "x-litellm-spend-logs-metadata",
    X_PORTKEY_METADATA = "x-portkey-metadata",
    X_PORTKEY_TRACE_ID = "x-portkey-trace-id",
    HELICONE_USER_ID = "helicone-user-id",
    HELICONE_SESSION_ID = "helicone-session-id",
    X_OPENROUTER_TITLE = "x-openrouter-title",
    X_TITLE = "x-title",
    CF_AIG_METADATA = "cf-aig-metadata",
    HTTP_REFERER = "http-referer",
}

/// How the names of all these headers begin.
const STARTS: [&str; 7] =
    ["x-litellm-", "x-portkey-", "helicone-", "cf-aig-", "x-openrouter-", "x-title", "http-referer"];

/// Whether there is any of these headers: most requests have none, and one look at their names tells.
fn any(map: &HeaderMap) -> bool {
    map.keys().any(|name| STARTS.iter().any(|start| name.as_str().starts_with(start)))
}

/// What other products' headers say.
#[derive(Debug, Default)]
pub(crate) struct Found<'m> {
    pub(crate) customer: Option<Cow<'m, str>>,
    pub(crate) user: Option<&'m str>,
    pub(crate) session: Option<&'m str>,
    pub(crate) tags: Vec<(String, String)>,
    /// The products whose headers were used, separated by commas.
    pub(crate) products: String,
}

/// Reads the headers of the products that are switched on, in their order.
pub(crate) fn read<'m>(products: &[Compat], map: &'m HeaderMap) -> Result<Found<'m>, Refusal> {
    let mut found = Found::default();
    if !any(map) {
        return Ok(found);
    }
    for product in products {
        let before = found.weight();
        match product {
            Compat::Litellm => litellm(&mut found, map)?,
            Compat::Portkey => portkey(&mut found, map)?,
            Compat::Helicone => helicone(&mut found, map)?,
            Compat::Openrouter => openrouter(&mut found, map),
            Compat::Cloudflare => found.tags.extend(metadata(map, &CF_AIG_METADATA)?.tags),
        }
        if found.weight() > before {
            if !found.products.is_empty() {
                found.products.push(',');
            }
            found.products.push_str(product.name());
        }
    }
    Ok(found)
}

/// Whether a product's header asks to keep no bodies.
pub(crate) fn asks_not_to_log(products: &[Compat], map: &HeaderMap) -> bool {
    let is = |name: &HeaderName, word: &str| {
        headers::lenient(map, name).is_some_and(|text| text.eq_ignore_ascii_case(word))
    };
    let asks = |product: &Compat| match product {
        Compat::Litellm => is(&X_LITELLM_ENABLE_MESSAGE_REDACTION, "true"),
        Compat::Portkey => is(&X_PORTKEY_DEBUG, "false"),
        Compat::Cloudflare => is(&CF_AIG_COLLECT_LOG, "false"),
        Compat::Helicone => is(&HELICONE_OMIT_REQUEST, "true") || is(&HELICONE_OMIT_RESPONSE, "true"),
        Compat::Openrouter => false,
    };
    any(map) && products.iter().any(asks)
}

impl<'m> Found<'m> {
    /// How much was found: grows when a product adds something.
    fn weight(&self) -> usize {
        let named = [self.customer.is_some(), self.user.is_some(), self.session.is_some()];
        named.into_iter().filter(|named| *named).count() + self.tags.len()
    }

    fn name_customer(&mut self, customer: Option<Cow<'m, str>>) {
        if self.customer.is_none() {
            self.customer = customer;
        }
    }
}

fn litellm<'m>(found: &mut Found<'m>, map: &'m HeaderMap) -> Result<(), Refusal> {
    for name in [&X_LITELLM_CUSTOMER_ID, &X_LITELLM_END_USER_ID] {
        found.name_customer(headers::text(map, name)?.map(Cow::Borrowed));
    }
    for tag in headers::text(map, &X_LITELLM_TAGS)?.unwrap_or_default().split(',').map(str::trim) {
        match tag.split_once(['=', ':']) {
            Some((name, value)) => found.tags.push((name.trim().to_owned(), value.trim().to_owned())),
            None if tag.is_empty() => {}
            None => found.tags.push((tag.to_owned(), "true".to_owned())),
        }
    }
    found.tags.extend(metadata(map, &X_LITELLM_SPEND_LOGS_METADATA)?.tags);
    Ok(())
}

fn portkey<'m>(found: &mut Found<'m>, map: &'m HeaderMap) -> Result<(), Refusal> {
    let Metadata { user, tags } = metadata(map, &X_PORTKEY_METADATA)?;
    found.name_customer(user.map(Cow::Owned));
    found.tags.extend(tags);
    found.session = found.session.or(headers::text(map, &X_PORTKEY_TRACE_ID)?);
    Ok(())
}

fn helicone<'m>(found: &mut Found<'m>, map: &'m HeaderMap) -> Result<(), Refusal> {
    found.name_customer(headers::text(map, &HELICONE_USER_ID)?.map(Cow::Borrowed));
    found.session = found.session.or(headers::text(map, &HELICONE_SESSION_ID)?);
    for name in map.keys() {
        if let Some(property) = name.as_str().strip_prefix("helicone-property-")
            && let Some(value) = headers::text(map, name)?
        {
            found.tags.push((property.to_owned(), value.to_owned()));
        }
    }
    Ok(())
}

fn openrouter(found: &mut Found<'_>, map: &HeaderMap) {
    let title =
        [&X_OPENROUTER_TITLE, &X_TITLE, &HTTP_REFERER].iter().find_map(|name| headers::lenient(map, name));
    if let Some(title) = title.filter(|title| title.len() <= 256) {
        found.tags.push(("app".to_owned(), title.to_owned()));
    }
}

#[derive(Default)]
struct Metadata {
    user: Option<String>,
    tags: Vec<(String, String)>,
}

/// A JSON object in a header; its plain members are tags.
fn metadata(map: &HeaderMap, name: &HeaderName) -> Result<Metadata, Refusal> {
    let Some(text) = headers::text(map, name)? else { return Ok(Metadata::default()) };
    let object: Map<String, Value> = serde_json::from_str(text)
        .map_err(|_| Refusal::invalid("invalid_header", format!("`{name}` must be a JSON object")))?;
    let mut found = Metadata::default();
    for (key, value) in object {
        let text = match value {
            Value::String(text) => text,
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => continue,
        };
        if key == "_user" {
            found.user = Some(text).filter(|text| !text.is_empty());
        } else {
            found.tags.push((key, text));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn map(headers: &[(&'static str, &'static str)]) -> HeaderMap {
        headers.iter().map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn each_products_customer_and_tags_are_understood() {
        let cases = [
            ("litellm", &[("x-litellm-end-user-id", "acme"), ("x-litellm-tags", "env:prod")][..]),
            ("portkey", &[("x-portkey-metadata", r#"{"_user":"acme","env":"prod"}"#)][..]),
            ("helicone", &[("helicone-user-id", "acme"), ("helicone-property-env", "prod")][..]),
        ];
        for (product, headers) in cases {
            let map = map(headers);
            let found = read(&Compat::ALL, &map).unwrap();
            assert_eq!(found.customer.as_deref(), Some("acme"), "{product}");
            assert_eq!(found.tags, [("env".to_owned(), "prod".to_owned())], "{product}");
            assert_eq!(found.products, product);
        }
    }

    #[test]
    fn a_product_that_is_switched_off_is_not_read() {
        let map = map(&[("helicone-user-id", "acme"), ("x-title", "app")]);
        let found = read(&[Compat::Litellm, Compat::Openrouter], &map).unwrap();
        assert_eq!(found.customer, None);
        assert_eq!(found.products, "openrouter");
    }

    #[test]
    fn a_wish_to_keep_no_bodies_is_understood() {
        let map = map(&[("cf-aig-collect-log", "false")]);
        assert!(asks_not_to_log(&Compat::ALL, &map));
        assert!(!asks_not_to_log(&[Compat::Litellm], &map));
    }

    #[test]
    fn no_products_header_is_overlooked() {
        let names = [
            X_LITELLM_ENABLE_MESSAGE_REDACTION,
            X_PORTKEY_DEBUG,
            CF_AIG_COLLECT_LOG,
            HELICONE_OMIT_REQUEST,
            HELICONE_OMIT_RESPONSE,
            X_LITELLM_CUSTOMER_ID,
            X_LITELLM_END_USER_ID,
            X_LITELLM_TAGS,
            X_LITELLM_SPEND_LOGS_METADATA,
            X_PORTKEY_METADATA,
            X_PORTKEY_TRACE_ID,
            HELICONE_USER_ID,
            HELICONE_SESSION_ID,
            X_OPENROUTER_TITLE,
            X_TITLE,
            CF_AIG_METADATA,
            HTTP_REFERER,
            HeaderName::from_static("helicone-property-env"),
        ];
        for name in names {
            let one = HeaderMap::from_iter([(name.clone(), HeaderValue::from_static("x"))]);
            assert!(any(&one), "{name}");
        }
        assert!(!any(&map(&[("x-weir-customer", "acme"), ("content-type", "application/json")])));
    }
}
