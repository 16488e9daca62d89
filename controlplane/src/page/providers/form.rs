//! The form of an endpoint: what was typed, as the service wants it, and back with what is wrong.

use serde::Deserialize;
use weir_contract::id::WorkspaceId;
use weir_web::form::{Choice, Field, FieldError};
use weir_web::page::EndpointPage;
use weir_web::page::providers::KnownProvider;

use super::list::credential;
use crate::endpoints::{Endpoint, EndpointForm, EndpointLimits};
use crate::error::{AppError, FieldErrors};
use crate::precondition::tag_of;
use crate::providers;

/// What the form sends; field names are those of [`EndpointPage`].
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(in crate::page) struct Sent {
    pub(super) name: String,
    pub(super) provider: String,
    pub(super) dialect: String,
    pub(super) base_url: String,
    pub(super) credential: String,
    pub(super) region: String,
    pub(super) workspace: String,
    pub(super) allow_private: String,
    pub(super) add_models: String,
    pub(super) tag: String,
    proxy: String,
    ca_pem: String,
    client_certificate: String,
    forget_certificate: String,
    connect_timeout_ms: String,
    first_byte_timeout_ms: String,
    idle_timeout_ms: String,
    total_timeout_ms: String,
    retries_max: String,
}

/// What was entered; nothing keeps what is stored.
fn entered(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.trim().is_empty())
}

impl Sent {
    /// What the form for a new endpoint of that provider shows.
    pub(super) fn blank(provider: String) -> Self {
        Self { provider, add_models: "on".to_owned(), ..Self::default() }.with(&EndpointLimits::default())
    }

    fn with(self, limits: &EndpointLimits) -> Self {
        Self {
            allow_private: if limits.allow_private { "on".to_owned() } else { String::new() },
            proxy: limits.proxy.clone().unwrap_or_default(),
            ca_pem: limits.ca_pem.clone().unwrap_or_default(),
            connect_timeout_ms: limits.connect_timeout_ms.to_string(),
            first_byte_timeout_ms: limits.first_byte_timeout_ms.to_string(),
            idle_timeout_ms: limits.idle_timeout_ms.to_string(),
            total_timeout_ms: limits.total_timeout_ms.to_string(),
            retries_max: limits.retries_max.to_string(),
            ..self
        }
    }

    /// What the form shows of an endpoint.
    pub(super) fn of(endpoint: &Endpoint) -> Self {
        let body = &endpoint.body;
        let sent = Self {
            name: endpoint.name.clone(),
            provider: body.provider.clone(),
            dialect: body.dialect.clone(),
            base_url: body.base_url.clone(),
            region: body.region.clone(),
            workspace: endpoint.workspace.as_ref().map(ToString::to_string).unwrap_or_default(),
            tag: tag_of(endpoint),
            ..Self::default()
        };
        sent.with(&body.limits)
    }

    /// As the service wants it. What the form does not show stays as it was, unless the provider is another one.
    pub(super) fn form(&self, before: Option<&Endpoint>) -> Result<EndpointForm, AppError> {
        let kept = before.map(|before| &before.body).filter(|body| body.provider == self.provider);
        let forget = (self.forget_certificate == "on").then(String::new);
        Ok(EndpointForm {
            name: self.name.clone(),
            workspace: Some(WorkspaceId::from(self.workspace.as_str())),
            provider: self.provider.clone(),
            // What was chosen for another provider says nothing of this one.
            dialect: entered(&self.dialect).filter(|chosen| {
                kept.is_some() || before.is_none_or(|before| before.body.dialect != *chosen)
            }),
            base_url: Some(self.base_url.clone()),
            region: self.region.clone(),
            auth: kept.filter(|body| body.dialect == self.dialect).map(|body| body.auth),
            credential: entered(&self.credential),
            client_certificate: entered(&self.client_certificate).or(forget),
            limits: self.limits(before)?,
            add_models: self.add_models == "on",
            note: String::new(),
            version: None,
        })
    }

    fn limits(&self, before: Option<&Endpoint>) -> Result<EndpointLimits, AppError> {
        let was = before.map(|before| before.body.limits.clone()).unwrap_or_default();
        let mut errors = FieldErrors::default();
        let mut number = |name: &str, text: &str, was: u64| match text.trim() {
            "" => was,
            text => text.parse().unwrap_or_else(|_| {
                errors.add(format!("limits/{name}"), FieldError::NotANumber { min: 1 });
                was
            }),
        };
        let retries = number("retries_max", &self.retries_max, u64::from(was.retries_max));
        let limits = EndpointLimits {
            connect_timeout_ms: number(
                "connect_timeout_ms",
                &self.connect_timeout_ms,
                was.connect_timeout_ms,
            ),
            first_byte_timeout_ms: number(
                "first_byte_timeout_ms",
                &self.first_byte_timeout_ms,
                was.first_byte_timeout_ms,
            ),
            idle_timeout_ms: number("idle_timeout_ms", &self.idle_timeout_ms, was.idle_timeout_ms),
            total_timeout_ms: number("total_timeout_ms", &self.total_timeout_ms, was.total_timeout_ms),
            retries_max: u8::try_from(retries).unwrap_or(u8::MAX),
            allow_private: self.allow_private == "on",
            proxy: entered(&self.proxy).map(|proxy| proxy.trim().to_owned()),
            ca_pem: entered(&self.ca_pem),
        };
        errors.check().map(|()| limits)
    }

    /// The fields of the page, with what is wrong. Secrets never come back.
    pub(super) fn shown(self, before: Option<&Endpoint>, errors: &FieldErrors) -> EndpointPage {
        let field = |value: String, name: &str| Field { value, error: errors.of(name).cloned() };
        let limit = |value: String, name: &str| field(value, &format!("limits/{name}"));
        let known = providers::find(&self.provider);
        let certificate = before.and_then(|before| before.body.client_certificate.as_ref());
        EndpointPage {
            endpoint_id: before.map(|before| before.id.to_string()),
            tag: before.map(tag_of).unwrap_or_default(),
            providers: choices(&self.provider),
            known: KnownProvider {
                base_url: known.map(|known| placeholder(known).to_owned()).unwrap_or_default(),
                credential_prefix: known.map(|known| known.credential_prefix.to_owned()).unwrap_or_default(),
                credential_url: known.map(|known| known.credential_url.to_owned()).unwrap_or_default(),
            },
            name: field(self.name, "name"),
            provider: field(self.provider, "provider"),
            dialect: field(self.dialect, "dialect"),
            dialects: formats(),
            base_url: field(self.base_url, "base_url"),
            credential: field(String::new(), "credential"),
            credential_state: before.map(|before| credential(&before.body)).unwrap_or_default(),
            region: field(self.region, "region"),
            workspace: field(self.workspace, "workspace"),
            allow_private: limit(self.allow_private, "allow_private"),
            proxy: limit(self.proxy, "proxy"),
            ca_pem: limit(self.ca_pem, "ca_pem"),
            client_certificate: field(String::new(), "client_certificate"),
            certificate_since_us: certificate.map(|stored| stored.since_us),
            connect_timeout_ms: limit(self.connect_timeout_ms, "connect_timeout_ms"),
            first_byte_timeout_ms: limit(self.first_byte_timeout_ms, "first_byte_timeout_ms"),
            idle_timeout_ms: limit(self.idle_timeout_ms, "idle_timeout_ms"),
            total_timeout_ms: limit(self.total_timeout_ms, "total_timeout_ms"),
            retries_max: limit(self.retries_max, "retries_max"),
            add_models: field(self.add_models, "add_models"),
            ..EndpointPage::default()
        }
    }
}

/// The provider's address, or what one there looks like.
const fn placeholder(known: &providers::Provider) -> &'static str {
    if known.base_url.is_empty() { known.example } else { known.base_url }
}

/// The formats an endpoint may speak, for people.
fn formats() -> Vec<Choice> {
    let label = |dialect: &str| match dialect {
        "openai" => "OpenAI: chat completions and the rest",
        "responses" => "OpenAI: responses only",
        "anthropic" => "Anthropic: messages",
        _ => "Google: generateContent",
    };
    providers::DIALECTS.into_iter().map(|dialect| Choice::new(dialect, label(dialect))).collect()
}

/// The providers we know, and the chosen one where it is none of them.
fn choices(chosen: &str) -> Vec<Choice> {
    let mut choices: Vec<Choice> =
        providers::KNOWN.iter().map(|one| Choice::new(one.name, one.label)).collect();
    if !choices.iter().any(|choice| choice.value == chosen) {
        choices.push(Choice::new(chosen, chosen));
    }
    choices
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_credential_keeps_what_is_stored() {
        let sent = Sent { provider: "openai".into(), credential: "  ".into(), ..Sent::default() };
        assert_eq!(sent.form(None).unwrap().credential, None);
        let entered = Sent { credential: "env:KEY".into(), ..sent };
        assert_eq!(entered.form(None).unwrap().credential.as_deref(), Some("env:KEY"));
    }

    #[test]
    fn a_stored_certificate_goes_only_when_asked() {
        let kept = Sent::blank("openai".into());
        assert_eq!(kept.form(None).unwrap().client_certificate, None);
        let forgotten = Sent { forget_certificate: "on".into(), ..kept };
        assert_eq!(forgotten.form(None).unwrap().client_certificate.as_deref(), Some(""));
    }

    #[test]
    fn a_time_that_is_no_number_is_named() {
        let sent = Sent { idle_timeout_ms: "soon".into(), ..Sent::blank("openai".into()) };
        let Err(AppError::Invalid(errors)) = sent.form(None) else { panic!() };
        assert_eq!(errors.of("limits/idle_timeout_ms"), Some(&FieldError::NotANumber { min: 1 }));
    }
}
