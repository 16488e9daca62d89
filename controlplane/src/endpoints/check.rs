//! What an endpoint may be given.

use http::Uri;
use serde_json::Value;
use weir_egress::{credential, roots};
use weir_web::form::FieldError;
use weir_wire::host;
use zeroize::Zeroizing;

use super::{EndpointBody, EndpointLimits};
use crate::error::FieldErrors;

/// Longest credential, bytes. A Google service account's key file has about 2,400.
const CREDENTIAL_BYTES_MAX: usize = 8192;

/// A credential as it is stored: one line, JSON without its line breaks, of the form that the endpoint's way of signing
/// needs. What is wrong with it is said to whoever enters it, before a gateway would refuse it.
pub(super) fn credential(body: &EndpointBody, entered: &str) -> Result<Zeroizing<String>, String> {
    let json = entered.starts_with('{').then(|| serde_json::from_str::<Value>(entered).ok()).flatten();
    let line = Zeroizing::new(json.map_or_else(|| entered.to_owned(), |json| json.to_string()));
    if line.len() > CREDENTIAL_BYTES_MAX
        || line.chars().any(|letter| letter.is_control() || !letter.is_ascii())
    {
        return Err("A credential is one line of ASCII characters, or a key file's JSON.".to_owned());
    }
    let form = credential::form_of(body.auth);
    credential::check(body.auth, &line, &body.base_url, &body.region)
        .map_err(|reason| format!("This cannot be used: {reason}. Enter {form}."))?;
    Ok(line)
}

/// Whether that is where calls to that provider can go. Azure's may name a version of its API in a query.
pub(super) fn base_url(provider: &str, text: &str) -> Result<(), FieldError> {
    let (root, query) = text.split_once('?').map_or((text, None), |(root, query)| (root, Some(query)));
    if !is_base_url(root) {
        return Err(FieldError::NotAUrl);
    }
    let checked = query.map_or(Ok(()), |query| host::check_query(provider, query));
    checked.map_err(|sentence| FieldError::Other(sentence.to_owned()))
}

/// Whether that is where calls can go: http or https, a host, no user and no query.
fn is_base_url(text: &str) -> bool {
    let uri: Option<Uri> = text.parse().ok();
    uri.is_some_and(|uri| {
        let has_host = uri.host().is_some_and(|host| !host.is_empty());
        let has_user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
        matches!(uri.scheme_str(), Some("http" | "https")) && has_host && !has_user && uri.query().is_none()
    })
}

/// Authorities must be readable, or every call would fail.
pub(super) fn check_authorities(errors: &mut FieldErrors, limits: &EndpointLimits) {
    if let Some(Err(reason)) = limits.ca_pem.as_deref().map(|pem| roots::client_config(Some(pem), None)) {
        errors.add("limits/ca_pem", FieldError::Other(format!("This cannot be used: {reason}.")));
    }
}

/// Times, tries and the proxy.
pub(super) fn check_limits(errors: &mut FieldErrors, limits: &EndpointLimits) {
    const HOUR_MS: u64 = 3_600_000;
    let times = [
        ("connect_timeout_ms", limits.connect_timeout_ms),
        ("first_byte_timeout_ms", limits.first_byte_timeout_ms),
        ("idle_timeout_ms", limits.idle_timeout_ms),
        ("total_timeout_ms", limits.total_timeout_ms),
    ];
    for (field, milliseconds) in times {
        if !(1..=HOUR_MS).contains(&milliseconds) {
            let sentence = "Use 1 to 3600000 milliseconds.".to_owned();
            errors.add(format!("limits/{field}"), FieldError::Other(sentence));
        }
    }
    if limits.retries_max > 10 {
        errors.add("limits/retries_max", FieldError::Other("Use at most 10 further tries.".to_owned()));
    }
    if limits.proxy.as_deref().is_some_and(|proxy| !is_base_url(proxy)) {
        errors.add("limits/proxy", FieldError::NotAUrl);
    }
}
