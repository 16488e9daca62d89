//! `/providers`: who runs models, and how well they answer.

use super::keys::TrailRow;
use super::models::PriceView;
use crate::form::{Choice, Field, FieldError};
use crate::shell::Shell;
use crate::{number, url};
use askama::Template;

/// The endpoints.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/providers/list.html")]
pub struct ProvidersPage {
    /// The frame.
    pub shell: Shell,
    /// Whether the reader may change the draft.
    pub may_edit: bool,
    /// The endpoints of the draft.
    pub endpoints: Vec<EndpointRow>,
    /// The moment the page was made.
    pub now_us: i64,
}

/// One endpoint: a base address with its credential.
#[derive(Debug, Clone, Default)]
pub struct EndpointRow {
    /// Its id.
    pub endpoint_id: String,
    /// What people call it.
    pub name: String,
    /// Who runs it: `openai`, `anthropic`, …
    pub provider: String,
    /// Its base address.
    pub base_url: String,
    /// Where it runs; may be empty.
    pub region: String,
    /// Where the credential comes from.
    pub credential: CredentialState,
    /// The workspace that owns it; `None` means shared by all.
    pub workspace: Option<String>,
    /// How many targets use it.
    pub targets: u64,
    /// What it did in the last hour; `None` when it had no request, or the archive does not answer.
    pub health: Option<Health>,
    /// Whether the draft of it differs from what runs.
    pub unpublished: bool,
}

/// How fast and how well an endpoint or a target answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// Requests that ended there.
    pub requests: u64,
    /// Those that failed, in parts per million.
    pub errors_ppm: u32,
    /// Half of them took no longer.
    pub total_p50_us: Option<u64>,
    /// 95 of 100 took no longer.
    pub total_p95_us: Option<u64>,
    /// Half of those with content had their first within.
    pub first_p50_us: Option<u64>,
    /// 95 of 100 of those had it within.
    pub first_p95_us: Option<u64>,
    /// When it failed last, and what the provider said.
    pub last_error: Option<(i64, String)>,
}

impl Health {
    /// Well, or failing now and then, or mostly failing: class, word and icon.
    #[must_use]
    pub fn state(&self) -> (&'static str, &'static str, &'static str) {
        match self.errors_ppm {
            0..20_000 => ("ok", "answers", "check"),
            20_000..500_000 => ("warn", "some errors", "triangle-alert"),
            _ => ("bad", "failing", "x"),
        }
    }
}

/// Where an endpoint's credential comes from; the credential itself is never shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum CredentialState {
    /// There is none: the endpoint wants none, or it still has to be entered.
    #[default]
    Missing,
    /// Stored encrypted, since then.
    Stored {
        /// When it was entered.
        since_us: i64,
    },
    /// Read by the gateway from `env:NAME` or `file:PATH`.
    Reference(String),
    /// The built-in demo provider, which wants none.
    NotNeeded,
}

/// What is known of a provider, for its form.
#[derive(Debug, Clone, Default)]
pub struct KnownProvider {
    /// Its base address; empty when everybody has another one.
    pub base_url: String,
    /// What its credentials begin with; may be empty.
    pub credential_prefix: String,
    /// Where it gives out credentials; may be empty.
    pub credential_url: String,
}

/// What a test of an endpoint found; never its credential.
#[derive(Debug, Clone, Default)]
pub struct TestedView {
    /// Whether everything went well.
    pub ok: bool,
    /// The step that failed, as a sentence.
    pub step: String,
    /// What was called.
    pub call: String,
    /// The status of the answer.
    pub status: Option<u16>,
    /// What the provider said, or why there was no answer.
    pub message: String,
    /// What the reader should know of how it was tested.
    pub note: Option<String>,
}

/// The models that an endpoint's provider lists, beside those that are here.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/providers/listing.html")]
pub struct ListingPage {
    /// The frame.
    pub shell: Shell,
    /// The endpoint.
    pub endpoint_id: String,
    /// What people call it.
    pub endpoint_name: String,
    /// What came of asking for the list.
    pub asked: TestedView,
    /// How many models it lists.
    pub listed: u64,
    /// How many of them no model here has as a target.
    pub all: u64,
    /// How many of those could be added.
    pub addable: u64,
    /// What was searched for in their names.
    pub search: String,
    /// How many match that.
    pub matching: u64,
    /// The first of those, at most [`ListingPage::ROWS_MAX`].
    pub new: Vec<ListedRow>,
    /// Targets here that it does not list, by the provider's names.
    pub gone: Vec<String>,
    /// Why nothing was added.
    pub error: Option<FieldError>,
}

impl ListingPage {
    /// The most rows on one page.
    pub const ROWS_MAX: usize = 100;
}

/// A model that a provider lists and that is not here.
#[derive(Debug, Clone, Default)]
pub struct ListedRow {
    /// Its name there.
    pub upstream_model: String,
    /// The name it would get here.
    pub name: String,
    /// What is known of it: what a million tokens cost there.
    pub price: Option<PriceView>,
    /// Why it cannot be added.
    pub problem: Option<String>,
    /// Whether it was chosen.
    pub is_chosen: bool,
}

/// The form of one endpoint; posted to `/providers/endpoints` or `/providers/endpoints/{id}`.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/providers/endpoint.html")]
pub struct EndpointPage {
    /// The frame.
    pub shell: Shell,
    /// The endpoint; `None` for a new one.
    pub endpoint_id: Option<String>,
    /// The tag of the endpoint as the form was filled from it.
    pub tag: String,
    /// What people call it.
    pub name: Field,
    /// Who runs it, one of `providers`.
    pub provider: Field,
    /// The providers there are.
    pub providers: Vec<Choice>,
    /// What is known of the chosen one.
    pub known: KnownProvider,
    /// The endpoint as it is in the draft; `None` for a new one.
    pub endpoint: Option<EndpointRow>,
    /// Whether the reader may change the draft.
    pub may_edit: bool,
    /// What a test just found.
    pub tested: Option<TestedView>,
    /// What was done to it, newest first; `None` for readers who may not read the audit trail.
    pub trail: Option<Vec<TrailRow>>,
    /// The moment the page was made.
    pub now_us: i64,
    /// The format it speaks, one of `dialects`; empty leaves it to the provider.
    pub dialect: Field,
    /// The formats there are.
    pub dialects: Vec<Choice>,
    /// Its base address.
    pub base_url: Field,
    /// The credential, or `env:NAME` or `file:PATH`; never filled. Empty keeps what is stored.
    pub credential: Field,
    /// What is stored now.
    pub credential_state: CredentialState,
    /// Where it runs; may be empty.
    pub region: Field,
    /// The owning workspace, by id; empty means shared by all.
    pub workspace: Field,
    /// The workspaces there are.
    pub workspaces: Vec<Choice>,
    /// Ticked when it may stand on a private or loopback address.
    pub allow_private: Field,
    /// Outbound proxy; empty for none.
    pub proxy: Field,
    /// Further certificate authorities, PEM.
    pub ca_pem: Field,
    /// Client certificate and key, PEM; never filled. Empty keeps what is stored.
    pub client_certificate: Field,
    /// Since when a client certificate is stored.
    pub certificate_since_us: Option<i64>,
    /// Ticked to forget the stored client certificate.
    pub forget_certificate: Field,
    /// Milliseconds to connect.
    pub connect_timeout_ms: Field,
    /// Milliseconds to the first byte.
    pub first_byte_timeout_ms: Field,
    /// Milliseconds between two chunks.
    pub idle_timeout_ms: Field,
    /// Milliseconds for the whole call.
    pub total_timeout_ms: Field,
    /// Further tries.
    pub retries_max: Field,
    /// For a new one: ticked to add the chat models the price book knows of its provider.
    pub add_models: Field,
}

impl EndpointPage {
    /// Where the form is posted.
    #[must_use]
    pub fn action(&self) -> String {
        self.endpoint_id.as_deref().map_or_else(|| url::ENDPOINTS.to_owned(), url::endpoint)
    }

    /// Whether the folded part of the form holds something to see.
    #[must_use]
    pub fn has_more(&self) -> bool {
        let fields = [
            &self.proxy,
            &self.ca_pem,
            &self.client_certificate,
            &self.connect_timeout_ms,
            &self.first_byte_timeout_ms,
            &self.idle_timeout_ms,
            &self.total_timeout_ms,
            &self.retries_max,
        ];
        fields.iter().any(|field| field.error.is_some())
            || !self.proxy.value.is_empty()
            || !self.ca_pem.value.is_empty()
            || self.certificate_since_us.is_some()
    }

    /// What the field for the client certificate expects, given what is stored.
    #[must_use]
    pub fn certificate_hint(&self) -> String {
        let kept = self.certificate_since_us.map(|since_us| {
            format!("One is stored since {}; leave this empty to keep it. ", number::date(&since_us))
        });
        let what = "Certificate chain and key as PEM, for a provider that demands one. Stored encrypted, never shown.";
        format!("{}{what}", kept.unwrap_or_default())
    }

    /// What the credential field expects, given what is stored.
    #[must_use]
    pub fn credential_hint(&self) -> String {
        let kept = match &self.credential_state {
            CredentialState::Missing | CredentialState::NotNeeded => String::new(),
            CredentialState::Stored { since_us } => {
                format!("One is stored since {}; leave this empty to keep it. ", number::date(since_us))
            }
            CredentialState::Reference(name) => {
                format!("It is read from {name}; leave this empty to keep that. ")
            }
        };
        let looks = match self.known.credential_prefix.as_str() {
            "" => String::new(),
            prefix => format!(" It begins with {prefix}."),
        };
        format!("{kept}The key itself, stored encrypted and never shown, or env:NAME or file:PATH.{looks}")
    }
}
