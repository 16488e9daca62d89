//! A small policy for tests: two endpoints, one key (`wk_sample`), two models with prices.

use std::collections::BTreeMap;

use weir_contract::id::Revision;
use weir_contract::policy::snapshot::{AuthStyle, Credential};
use weir_contract::policy::{
    Content, EndpointEntry, Header, KeyEntry, ModelEntry, PolicySecret, PriceEntry, SCHEMA, Section,
    SignedHeader, SigningKey, TargetEntry, WorkspaceEntry,
};
use weir_contract::price::{Price, Rates};
use weir_contract::record::LogLevel;
use weir_contract::sync::Revised;
use weir_contract::usage::Bucket;

use crate::policy::apply::Trust;

/// The key's secret.
pub(crate) const KEY: &str = "wk_sample";

fn secret() -> PolicySecret {
    PolicySecret::new([7; 32]).unwrap()
}

pub(crate) fn signer() -> SigningKey {
    SigningKey::from_seed(&[3; 32]).unwrap()
}

/// What the sample's control plane is known by.
pub(crate) fn trust() -> Trust {
    let (policy_secret, signing_key) = secrets();
    Trust::read(&policy_secret, &signing_key).unwrap()
}

/// Policy secret and signing key as a welcome carries them.
pub(crate) fn secrets() -> (String, String) {
    (secret().to_base64(), signer().verifier().0)
}

/// What a policy knows of a key's secret.
pub(crate) fn hash_of(key: &str) -> String {
    secret().key_hash(key).to_hex()
}

/// The key.
pub(crate) fn key_entry() -> KeyEntry {
    KeyEntry {
        id: "key_1".into(),
        workspace: "ws_1".into(),
        name: "sample".to_owned(),
        hash: hash_of(KEY),
        previous: None,
        expires_at_us: None,
        models: Vec::new(),
        endpoints: Vec::new(),
        regions: Vec::new(),
        networks: Vec::new(),
        customer: None,
        customer_source_min: None,
        customer_secret: None,
        tags: BTreeMap::new(),
        log_level: None,
        requests_per_minute: None,
        concurrent_max: None,
        drop_unsupported: false,
    }
}

/// An endpoint at that base URL, with a sealed credential.
pub(crate) fn endpoint(id: &str, dialect: &str, base_url: &str) -> EndpointEntry {
    let mut entry = EndpointEntry {
        id: id.into(),
        workspace: None,
        name: id.to_owned(),
        provider: dialect.to_owned(),
        dialect: dialect.to_owned(),
        base_url: base_url.to_owned(),
        region: String::new(),
        auth: AuthStyle::Bearer,
        credential: Credential::None,
        connect_timeout_ms: 1000,
        first_byte_timeout_ms: 5000,
        idle_timeout_ms: 5000,
        total_timeout_ms: 20_000,
        retries_max: 1,
        allow_private: false,
        proxy: None,
        ca_pem: None,
        client_cert: None,
    };
    let sealed = secret().seal(b"sk-provider", &entry.place(), [1; 12]).unwrap();
    entry.credential = Credential::Sealed(sealed);
    entry
}

/// Two models on two endpoints.
pub(crate) fn content_at(openai: &str, anthropic: &str) -> Content {
    let model = |name: &str, endpoint: &str| ModelEntry {
        name: name.to_owned(),
        workspace: None,
        targets: vec![TargetEntry { endpoint: endpoint.into(), upstream_model: format!("{name}-upstream") }],
        max_output: Some(1000),
        context_window: None,
        can: Vec::new(),
        cannot: Vec::new(),
    };
    let price = |provider: &str, name: &str| PriceEntry {
        provider: provider.to_owned(),
        model: format!("{name}-upstream"),
        price: Price {
            version: "book-1".into(),
            rates: Rates::from_iter([(Bucket::Input, 1_000_000_000), (Bucket::Output, 10_000_000_000)]),
            ..Price::default()
        },
    };
    Content {
        workspaces: vec![WorkspaceEntry {
            id: "ws_1".into(),
            name: "one".to_owned(),
            environment: "test".to_owned(),
            log_level: LogLevel::Full,
            retention_days: 30,
        }],
        keys: vec![key_entry()],
        endpoints: vec![endpoint("ep_1", "openai", openai), endpoint("ep_2", "anthropic", anthropic)],
        models: vec![model("gpt", "ep_1"), model("claude", "ep_2")],
        prices: vec![price("openai", "gpt"), price("anthropic", "claude")],
        stops: Vec::new(),
    }
}

/// The same on addresses nobody listens on.
pub(crate) fn content() -> Content {
    content_at("http://127.0.0.1:1/v1", "http://127.0.0.1:1/v1")
}

/// The content as it would be sent.
pub(crate) fn revised(revision: u64, content: &Content) -> Revised {
    let sections = content.sections().unwrap();
    let header = Header {
        schema: SCHEMA,
        revision: Revision(revision),
        published_at_us: 1,
        sections: sections.iter().map(Section::reference).collect(),
    };
    Revised { signed: SignedHeader::sign(&header, &signer()).unwrap(), sections }
}
