//! The snapshot: what the control plane sends. A signed header names content-addressed sections; unchanged sections
//! are not sent again. Customers are never in it.

use std::collections::BTreeMap;

use ipnet::IpNet;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::ability::Ability;
use super::seal::{SealError, SigningKey, Verifier, sha256_hex};
use crate::id::{CustomerId, EndpointId, KeyId, Revision, WorkspaceId};
use crate::price::Price;
use crate::record::{CustomerSource, LogLevel};

/// Version of these shapes. A gateway refuses a snapshot of another schema.
pub const SCHEMA: u32 = 3;

/// The oldest version still understood: it had no stops, and means none. Version 2 knew nothing of abilities.
pub const SCHEMA_OLDEST: u32 = 1;

/// Largest snapshot a gateway takes, bytes of all sections together.
pub const SNAPSHOT_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// What a section holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SectionKind {
    /// [`WorkspaceEntry`] list.
    Workspaces,
    /// [`KeyEntry`] list.
    Keys,
    /// [`EndpointEntry`] list.
    Endpoints,
    /// [`ModelEntry`] list.
    Models,
    /// [`PriceEntry`] list.
    Prices,
    /// [`StopEntry`] list; since schema 2.
    Stops,
}

impl SectionKind {
    /// Every kind; a snapshot has each exactly once.
    pub const ALL: [Self; 6] =
        [Self::Workspaces, Self::Keys, Self::Endpoints, Self::Models, Self::Prices, Self::Stops];
}

/// A section by its content's hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SectionRef {
    /// What it holds.
    pub kind: SectionKind,
    /// SHA-256 of its text, hex.
    pub hash: String,
    /// Length of its text, bytes.
    pub bytes: u64,
}

/// A section's text (JSON) under its kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// What it holds.
    pub kind: SectionKind,
    /// The list, as JSON text; hashed as it stands.
    pub text: String,
}

impl Section {
    /// Names this section in a header.
    #[must_use]
    pub fn reference(&self) -> SectionRef {
        SectionRef { kind: self.kind, hash: sha256_hex(self.text.as_bytes()), bytes: self.text.len() as u64 }
    }
}

/// What is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Strictly increasing.
    pub revision: Revision,
    /// When it was published, µs UTC.
    pub published_at_us: i64,
    /// The sections.
    pub sections: Vec<SectionRef>,
}

/// A header's exact text with its signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedHeader {
    /// The header as JSON text: what the signature covers, byte for byte.
    pub text: String,
    /// Ed25519, base64.
    pub signature: String,
}

impl SignedHeader {
    /// Signs a header.
    pub fn sign(header: &Header, key: &SigningKey) -> Result<Self, SnapshotError> {
        let text = serde_json::to_string(header).map_err(|error| SnapshotError::Header(error.to_string()))?;
        let signature = key.sign(text.as_bytes());
        Ok(Self { text, signature })
    }

    /// Checks the signature, the schema and the size, and reads the header.
    pub fn verify(&self, verifier: &Verifier) -> Result<Header, SnapshotError> {
        verifier.verify(self.text.as_bytes(), &self.signature)?;
        let header: Header =
            serde_json::from_str(&self.text).map_err(|error| SnapshotError::Header(error.to_string()))?;
        if !(SCHEMA_OLDEST..=SCHEMA).contains(&header.schema) {
            return Err(SnapshotError::Schema { theirs: header.schema, ours: SCHEMA });
        }
        let bytes = header.sections.iter().map(|section| section.bytes).fold(0_u64, u64::saturating_add);
        if bytes > SNAPSHOT_BYTES_MAX {
            return Err(SnapshotError::TooLarge { bytes });
        }
        Ok(header)
    }
}

/// Why a snapshot was refused.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SnapshotError {
    /// Signature or sealed value.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The header is not readable.
    #[error("the snapshot's header cannot be read: {0}")]
    Header(String),
    /// Made by another version of Weir.
    #[error("the snapshot has schema {theirs}, this gateway understands {ours}: update the older of the two")]
    Schema {
        /// The snapshot's.
        theirs: u32,
        /// Ours.
        ours: u32,
    },
    /// Not newer than what runs.
    #[error("the snapshot is revision {theirs}, but revision {running} is already in force")]
    Old {
        /// The snapshot's.
        theirs: Revision,
        /// The running one.
        running: Revision,
    },
    /// Beyond [`SNAPSHOT_BYTES_MAX`].
    #[error("the snapshot has {bytes} bytes; at most {SNAPSHOT_BYTES_MAX} are taken")]
    TooLarge {
        /// Its size.
        bytes: u64,
    },
    /// A section named in the header is not there.
    #[error("section {kind:?} of the snapshot is missing")]
    Missing {
        /// Which.
        kind: SectionKind,
    },
    /// A section's text is not what the header promised.
    #[error("section {kind:?} of the snapshot is damaged: its hash does not fit the header")]
    Damaged {
        /// Which.
        kind: SectionKind,
    },
    /// A section's text does not have the shape we know.
    #[error("section {kind:?} of the snapshot cannot be read: {reason}")]
    Unreadable {
        /// Which.
        kind: SectionKind,
        /// What is wrong.
        reason: String,
    },
}

/// A tenant's settings as gateways need them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceEntry {
    /// The workspace.
    pub id: WorkspaceId,
    /// Its name, for messages.
    pub name: String,
    /// `production`, `staging`, …; a column of every call.
    pub environment: String,
    /// How much of a request is kept.
    pub log_level: LogLevel,
    /// Days bodies are kept: 1, 7, 30, 90 or 365.
    pub retention_days: u16,
}

/// A key as gateways need it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyEntry {
    /// The key.
    pub id: KeyId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its name, for messages.
    pub name: String,
    /// Keyed hash of its secret, hex.
    pub hash: String,
    /// The secret it had before the last rotation, while that one still works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<PreviousSecret>,
    /// When it stops working, µs UTC.
    pub expires_at_us: Option<i64>,
    /// Models it may ask for; `*` at the end of a name stands for anything. Empty: all.
    pub models: Vec<String>,
    /// Endpoints it may reach, a hard set. Empty: all of its workspace.
    pub endpoints: Vec<EndpointId>,
    /// Regions it may reach, a hard set. Empty: all.
    pub regions: Vec<String>,
    /// Networks it may be used from. Empty: all.
    pub networks: Vec<IpNet>,
    /// The customer it is bound to; beats every header.
    pub customer: Option<CustomerId>,
    /// The least trusted source a customer may be named by; a request without one is refused. `None`: no demand.
    pub customer_source_min: Option<CustomerSource>,
    /// Secret of signed customer tokens, sealed for `key:{id}`.
    pub customer_secret: Option<String>,
    /// Tags it is bound to; beat the request's.
    pub tags: BTreeMap<String, String>,
    /// Tightens the workspace's log level.
    pub log_level: Option<LogLevel>,
    /// Requests per minute on one gateway.
    pub requests_per_minute: Option<u32>,
    /// Requests in flight on one gateway.
    pub concurrent_max: Option<u32>,
    /// Whether what a target has no word for is left out and said, where a request does not say otherwise; else it is refused.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drop_unsupported: bool,
}

/// An old secret of a key in its grace: it works beside the new one until its end, by the gateway's clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreviousSecret {
    /// Keyed hash of the old secret, hex.
    pub hash: String,
    /// When it stops working, µs UTC.
    pub ends_at_us: i64,
}

impl KeyEntry {
    /// Whether the key may ask for that model.
    #[must_use]
    pub fn may_ask_for(&self, model: &str) -> bool {
        let fits = |pattern: &String| match pattern.strip_suffix('*') {
            Some(start) => model.starts_with(start),
            None => pattern == model,
        };
        self.models.is_empty() || self.models.iter().any(fits)
    }

    /// Whether the key may reach that endpoint: its hard set, which no rule or fallback leaves.
    #[must_use]
    pub fn may_reach(&self, endpoint: &EndpointEntry) -> bool {
        let endpoint_allowed = self.endpoints.is_empty() || self.endpoints.contains(&endpoint.id);
        let region_allowed = self.regions.is_empty() || self.regions.contains(&endpoint.region);
        endpoint_allowed && region_allowed
    }
}

/// One base URL with its credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndpointEntry {
    /// The endpoint.
    pub id: EndpointId,
    /// The workspace that owns it; `None` when all share it.
    pub workspace: Option<WorkspaceId>,
    /// Its name, for people.
    pub name: String,
    /// Who runs the models, by our name (`openai`, `anthropic`, `demo`, …).
    pub provider: String,
    /// What it speaks: `openai`, `responses`, `anthropic` or `gemini`.
    pub dialect: String,
    /// Scheme, host, port and path prefix, without a slash at the end (`https://api.openai.com/v1`). Azure's may name a
    /// version of its API behind that (`?api-version=2025-04-01-preview`).
    pub base_url: String,
    /// Where it is, for data-residency rules; empty when unknown.
    pub region: String,
    /// How the credential travels.
    pub auth: AuthStyle,
    /// The credential.
    pub credential: Credential,
    /// Milliseconds to connect.
    pub connect_timeout_ms: u64,
    /// Milliseconds from sending to the first byte of the answer.
    pub first_byte_timeout_ms: u64,
    /// Milliseconds between two chunks of a stream.
    pub idle_timeout_ms: u64,
    /// Milliseconds for the whole call.
    pub total_timeout_ms: u64,
    /// Further tries on this endpoint before the first byte.
    pub retries_max: u8,
    /// Whether addresses of private networks and this host may be dialled.
    pub allow_private: bool,
    /// Outbound proxy, `http://host:port`.
    pub proxy: Option<String>,
    /// Further certificate authorities, PEM.
    pub ca_pem: Option<String>,
    /// Client certificate and key, PEM, sealed for [`EndpointEntry::place`].
    pub client_cert: Option<String>,
}

impl EndpointEntry {
    /// What its secrets are bound to: they open for this endpoint and this base URL only.
    #[must_use]
    pub fn place(&self) -> String {
        credential_place(&self.id, &self.base_url)
    }
}

/// What a credential of that endpoint at that base URL is bound to.
#[must_use]
pub fn credential_place(endpoint: &EndpointId, base_url: &str) -> String {
    format!("endpoint:{endpoint}|{base_url}")
}

/// How a credential travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthStyle {
    /// `Authorization: Bearer …`
    #[default]
    Bearer,
    /// `x-api-key: …`
    XApiKey,
    /// `api-key: …`, as Azure takes it.
    ApiKey,
    /// `x-goog-api-key: …`
    XGoogApiKey,
    /// Every call is signed with an AWS access key.
    #[serde(rename = "aws_sigv4")]
    AwsSigV4,
    /// A bearer token that a Google service account asks for.
    GoogleServiceAccount,
    /// A bearer token that an application of a Microsoft Entra tenant asks for.
    EntraClient,
    /// Nothing is sent.
    None,
}

/// A credential: sealed, or a reference the gateway resolves itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Credential {
    /// None needed.
    #[default]
    None,
    /// Sealed for [`EndpointEntry::place`].
    Sealed(String),
    /// An environment variable of the gateway.
    Env(String),
    /// A file on the gateway's machine.
    File(String),
}

/// A name clients may ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelEntry {
    /// The name.
    pub name: String,
    /// The workspace that owns it; `None` when all share it.
    pub workspace: Option<WorkspaceId>,
    /// Where it may be served, in order.
    pub targets: Vec<TargetEntry>,
    /// Most output tokens, when known.
    pub max_output: Option<u64>,
    /// Input and output together, when known.
    pub context_window: Option<u64>,
    /// What it is known to be able to do, in order; since schema 3.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub can: Vec<Ability>,
    /// What it cannot do, in order: requests that ask for it are refused; since schema 3.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cannot: Vec<Ability>,
}

/// One place a model may be served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetEntry {
    /// Where.
    pub endpoint: EndpointId,
    /// The model's name there.
    pub upstream_model: String,
}

/// The price of one model at one provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceEntry {
    /// Who runs it.
    pub provider: String,
    /// The model's name there.
    pub model: String,
    /// The price.
    pub price: Price,
}

/// What is stopped at once, until somebody lets it go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StopEntry {
    /// What.
    pub what: Stopped,
    /// Why, in the words of whoever stopped it: callers are told.
    pub reason: String,
}

/// A thing that can be stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Stopped {
    /// Requests made for that customer.
    Customer {
        /// Whose customer.
        workspace: WorkspaceId,
        /// The customer.
        customer: CustomerId,
    },
    /// Requests made with that key.
    Key {
        /// The key.
        key: KeyId,
    },
    /// Requests for a model of that name.
    Model {
        /// The workspace that owns the model; `None` when all share it.
        workspace: Option<WorkspaceId>,
        /// The name.
        name: String,
    },
    /// Calls to that endpoint: plans leave it out.
    Endpoint {
        /// The endpoint.
        endpoint: EndpointId,
    },
}

/// All sections, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// Section [`SectionKind::Workspaces`].
    pub workspaces: Vec<WorkspaceEntry>,
    /// Section [`SectionKind::Keys`].
    pub keys: Vec<KeyEntry>,
    /// Section [`SectionKind::Endpoints`].
    pub endpoints: Vec<EndpointEntry>,
    /// Section [`SectionKind::Models`].
    pub models: Vec<ModelEntry>,
    /// Section [`SectionKind::Prices`].
    pub prices: Vec<PriceEntry>,
    /// Section [`SectionKind::Stops`].
    pub stops: Vec<StopEntry>,
}

impl Content {
    /// Writes the sections, in the order of [`SectionKind::ALL`].
    pub fn sections(&self) -> Result<Vec<Section>, SnapshotError> {
        let Self { workspaces, keys, endpoints, models, prices, stops } = self;
        Ok(vec![
            section(SectionKind::Workspaces, workspaces)?,
            section(SectionKind::Keys, keys)?,
            section(SectionKind::Endpoints, endpoints)?,
            section(SectionKind::Models, models)?,
            section(SectionKind::Prices, prices)?,
            section(SectionKind::Stops, stops)?,
        ])
    }

    /// Reads the sections a header names, each checked against its hash. Nothing unknown is skipped.
    pub fn read(header: &Header, sections: &[Section]) -> Result<Self, SnapshotError> {
        Ok(Self {
            workspaces: list(header, sections, SectionKind::Workspaces)?,
            keys: list(header, sections, SectionKind::Keys)?,
            endpoints: list(header, sections, SectionKind::Endpoints)?,
            models: list(header, sections, SectionKind::Models)?,
            prices: list(header, sections, SectionKind::Prices)?,
            stops: match header.schema {
                SCHEMA_OLDEST => Vec::new(),
                _ => list(header, sections, SectionKind::Stops)?,
            },
        })
    }
}

fn section<T: Serialize>(kind: SectionKind, entries: &[T]) -> Result<Section, SnapshotError> {
    let text = serde_json::to_string(entries)
        .map_err(|error| SnapshotError::Unreadable { kind, reason: error.to_string() })?;
    Ok(Section { kind, text })
}

fn list<T: DeserializeOwned>(
    header: &Header,
    sections: &[Section],
    kind: SectionKind,
) -> Result<Vec<T>, SnapshotError> {
    let missing = SnapshotError::Missing { kind };
    let named = header.sections.iter().find(|named| named.kind == kind).ok_or_else(|| missing.clone())?;
    let section = sections.iter().find(|section| section.kind == kind).ok_or(missing)?;
    if section.reference() != *named {
        return Err(SnapshotError::Damaged { kind });
    }
    serde_json::from_str(&section.text)
        .map_err(|error| SnapshotError::Unreadable { kind, reason: error.to_string() })
}
