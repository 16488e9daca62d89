//! `/providers`: who runs models, which names clients may ask for, and what the gateways run.

use crate::form::{Choice, Field};
use crate::shell::Shell;
use crate::{number, url};
use askama::Template;
use weir_contract::money::Money;

/// Endpoints, models, gateways and publishes on one page.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/providers/list.html")]
pub struct ProvidersPage {
    /// The frame.
    pub shell: Shell,
    /// Whether the reader may change the draft.
    pub may_edit: bool,
    /// The endpoints of the draft.
    pub endpoints: Vec<EndpointRow>,
    /// The models of the draft.
    pub models: Vec<ModelRow>,
    /// The gateways that ever connected, newest contact first.
    pub gateways: Vec<GatewayRow>,
    /// The latest publishes, newest first.
    pub publishes: Vec<PublishRow>,
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
    /// Whether the draft of it differs from what runs.
    pub unpublished: bool,
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

/// One name clients may ask for.
#[derive(Debug, Clone, Default)]
pub struct ModelRow {
    /// Its id.
    pub model_id: String,
    /// The name.
    pub name: String,
    /// Where requests go, in order of preference.
    pub targets: Vec<TargetRow>,
    /// Whether the draft of it differs from what runs.
    pub unpublished: bool,
}

/// One place a model's requests may go.
#[derive(Debug, Clone, Default)]
pub struct TargetRow {
    /// The endpoint, by name.
    pub endpoint: String,
    /// What the model is called there.
    pub upstream_model: String,
    /// What it costs; `None` means its calls stay unrated.
    pub price: Option<PriceView>,
}

/// The figures of the price book for one model.
#[derive(Debug, Clone, Default)]
pub struct PriceView {
    /// Per million input tokens.
    pub input: Money,
    /// Per million input tokens read from the provider's cache; `None` if the book has no such line.
    pub cache_read: Option<Money>,
    /// Per million output tokens.
    pub output: Money,
    /// The version of the price book.
    pub version: String,
    /// Where the figures come from, and of which day.
    pub source: String,
}

/// One gateway and what it runs.
#[derive(Debug, Clone, Default)]
pub struct GatewayRow {
    /// Its id.
    pub gateway_id: String,
    /// The revision in force there; 0 for none.
    pub revision: u64,
    /// The newest published revision.
    pub published: u64,
    /// From publishing to in force there.
    pub lag_us: Option<u64>,
    /// When it last spoke.
    pub last_contact_us: i64,
    /// Whether its stream is open.
    pub connected: bool,
    /// Why it refused the newest revision.
    pub refusal: Option<String>,
}

/// One publish.
#[derive(Debug, Clone, Default)]
pub struct PublishRow {
    /// The revision it made.
    pub revision: u64,
    /// When.
    pub at_us: i64,
    /// Who.
    pub author: String,
    /// Why, in their words.
    pub note: String,
    /// How many gateways took it.
    pub taken: u64,
    /// How many gateways there were.
    pub gateways: u64,
}

/// The form of one endpoint; posted to `/providers/endpoints` or `/providers/endpoints/{id}`.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/providers/endpoint.html")]
pub struct EndpointPage {
    /// The frame.
    pub shell: Shell,
    /// The endpoint; `None` for a new one.
    pub endpoint_id: Option<String>,
    /// What people call it.
    pub name: Field,
    /// The format it speaks, one of `providers`.
    pub provider: Field,
    /// The formats there are.
    pub providers: Vec<Choice>,
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
    /// For a new one: ticked to add the chat models the price book knows of its provider.
    pub add_models: Field,
}

/// The form of one model; posted to `/models` or `/models/{id}`.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/providers/model.html")]
pub struct ModelPage {
    /// The frame.
    pub shell: Shell,
    /// The model; `None` for a new one.
    pub model_id: Option<String>,
    /// The name clients ask for.
    pub name: Field,
    /// Its targets in order, with blank ones at the end to fill; at most [`ModelPage::TARGETS_MAX`].
    pub targets: Vec<TargetForm>,
    /// The endpoints there are, by id.
    pub endpoints: Vec<Choice>,
}

impl ModelPage {
    /// How many targets the form takes: names `target_{n}_endpoint` and `target_{n}_model` from 0.
    pub const TARGETS_MAX: usize = 8;
}

/// One target of the model form; left blank, it is not one.
#[derive(Debug, Clone, Default)]
pub struct TargetForm {
    /// The endpoint, by id.
    pub endpoint: Field,
    /// What the model is called there.
    pub upstream_model: Field,
}

impl EndpointPage {
    /// Where the form is posted.
    #[must_use]
    pub fn action(&self) -> String {
        self.endpoint_id.as_deref().map_or_else(|| url::ENDPOINTS.to_owned(), url::endpoint)
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
        format!("{kept}The key itself, stored encrypted and never shown, or env:NAME or file:PATH.")
    }
}

impl ModelPage {
    /// Where the form is posted.
    #[must_use]
    pub fn action(&self) -> String {
        self.model_id.as_deref().map_or_else(|| url::MODELS.to_owned(), url::model)
    }
}
