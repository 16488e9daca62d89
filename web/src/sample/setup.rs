//! Samples of keys, endpoints, models and gateways.

use super::{NOW_US, Sample, Words, busy_shell, put, shell};
use crate::form::{Choice, Field, FieldError};
use crate::page::keys::{KeyForm, KeyRow};
use crate::page::providers::{
    CredentialState, EndpointRow, GatewayRow, ModelRow, PriceView, PublishRow, TargetForm, TargetRow,
};
use crate::page::{EndpointPage, KeyShownPage, KeysPage, ModelPage, ProvidersPage};
use crate::shell::Section;
use weir_contract::money::Money;

const DAY_US: i64 = 86_400_000_000;

pub(super) fn add(samples: &mut Vec<Sample>, words: &Words) -> Result<(), crate::Error> {
    put(samples, &format!("keys-{}", words.suffix), &keys(words))?;
    let shown = KeyShownPage {
        shell: shell("Key created", Section::Keys),
        name: words.customer.into(),
        secret: "wk_3f9c0a7be1d24c58a6f0".into(),
        gateway_url: "http://127.0.0.1:8080".into(),
        model: words.model.into(),
    };
    put(samples, &format!("key-shown-{}", words.suffix), &shown)?;
    put(samples, &format!("providers-{}", words.suffix), &providers(words))?;
    put(samples, &format!("endpoint-{}", words.suffix), &endpoint(words))?;
    put(samples, &format!("model-{}", words.suffix), &model(words))
}

pub(super) fn add_empty(samples: &mut Vec<Sample>) -> Result<(), crate::Error> {
    let form = Some(KeyForm { workspaces: workspaces(), ..KeyForm::default() });
    let keys = KeysPage { shell: shell("Keys", Section::Keys), form, now_us: NOW_US, ..KeysPage::default() };
    put(samples, "keys-empty", &keys)?;
    let shell_of = |title| shell(title, Section::Providers);
    put(
        samples,
        "providers-empty",
        &ProvidersPage { shell: shell_of("Providers"), may_edit: true, ..ProvidersPage::default() },
    )?;
    put(
        samples,
        "endpoint-empty",
        &EndpointPage { shell: shell_of("Add endpoint"), providers: formats(), ..EndpointPage::default() },
    )?;
    let targets = vec![TargetForm::default(); 2];
    put(samples, "model-empty", &ModelPage { shell: shell_of("Add model"), targets, ..ModelPage::default() })
}

fn workspaces() -> Vec<Choice> {
    vec![Choice::new("w1", "default"), Choice::new("w2", "research")]
}

fn formats() -> Vec<Choice> {
    vec![Choice::new("openai", "OpenAI"), Choice::new("anthropic", "Anthropic")]
}

fn keys(words: &Words) -> KeysPage {
    let key = |n: i64| KeyRow {
        key_id: format!("key-{n}"),
        name: format!("{}-{n}", words.customer),
        ends_with: "a6f0".into(),
        workspace: "default".into(),
        environment: words.customer.into(),
        customer_id: (n == 1).then(|| words.customer.into()),
        models: if n == 1 { vec![words.model.into()] } else { vec![] },
        requests_per_minute: (n == 1).then_some(600),
        concurrency: None,
        created_us: NOW_US - n * DAY_US,
        created_by: "Ada Lovelace".into(),
        last_used_us: (n != 2).then_some(NOW_US - 9_000_000),
        expires_us: (n == 2).then_some(NOW_US - DAY_US),
        revoked_us: (n == 3).then_some(NOW_US - DAY_US),
    };
    let form = KeyForm {
        name: Field::new(words.customer).refused(FieldError::Taken),
        workspace: Field::new("w2").refused(FieldError::UnknownChoice),
        workspaces: workspaces(),
        concurrency: Field::new("-4").refused(FieldError::NotANumber { min: 1 }),
        ..KeyForm::default()
    };
    KeysPage {
        shell: busy_shell("Keys", Section::Keys, words),
        keys: (0..4).map(key).collect(),
        form: Some(form),
        now_us: NOW_US,
    }
}

fn providers(words: &Words) -> ProvidersPage {
    let endpoint = |n: usize, credential| EndpointRow {
        endpoint_id: format!("e{n}"),
        name: format!("{}-{n}", words.customer),
        provider: "openai".into(),
        base_url: "https://api.openai.com/v1".into(),
        region: "eu".into(),
        credential,
        workspace: (n == 1).then(|| words.customer.into()),
        targets: 2,
        unpublished: n == 0,
    };
    let credentials = [
        CredentialState::NotNeeded,
        CredentialState::Stored { since_us: NOW_US - 3 * DAY_US },
        CredentialState::Reference("env:OPENAI_KEY".into()),
        CredentialState::Missing,
    ];
    ProvidersPage {
        shell: busy_shell("Providers", Section::Providers, words),
        may_edit: true,
        endpoints: credentials
            .into_iter()
            .enumerate()
            .map(|(n, credential)| endpoint(n, credential))
            .collect(),
        models: models(words),
        gateways: gateways(words),
        publishes: vec![PublishRow {
            revision: 42,
            at_us: NOW_US - 38_000_000,
            author: "Ada Lovelace".into(),
            note: words.text.into(),
            taken: 2,
            gateways: 3,
        }],
        now_us: NOW_US,
    }
}

fn models(words: &Words) -> Vec<ModelRow> {
    let price = PriceView {
        input: Money::from_nano(250_000_000),
        cache_read: Some(Money::from_nano(25_000_000)),
        output: Money::from_nano(2_000_000_000),
        version: "2026-11-20".into(),
        source: words.text.into(),
    };
    let target = |endpoint: &str, price| TargetRow {
        endpoint: endpoint.into(),
        upstream_model: words.model.into(),
        price,
    };
    let targets = vec![target("openai", Some(price)), target(words.customer, None)];
    vec![
        ModelRow { model_id: "m1".into(), name: words.model.into(), targets, unpublished: true },
        ModelRow { model_id: "m2".into(), name: "orphan".into(), ..ModelRow::default() },
    ]
}

fn gateways(words: &Words) -> Vec<GatewayRow> {
    let gateway = |id: &str, revision, connected, refusal| GatewayRow {
        gateway_id: id.into(),
        revision,
        published: 42,
        lag_us: (revision == 42).then_some(84_000),
        last_contact_us: NOW_US - 1_500_000,
        connected,
        refusal,
    };
    vec![
        gateway("eu-1", 42, true, None),
        gateway("eu-2", 41, true, Some(words.text.to_owned())),
        gateway(words.customer, 41, false, None),
        gateway("us-1", 41, true, None),
    ]
}

fn endpoint(words: &Words) -> EndpointPage {
    EndpointPage {
        shell: busy_shell("Edit endpoint", Section::Providers, words),
        endpoint_id: Some(words.customer.into()),
        name: Field::new(words.customer),
        provider: Field::new("anthropic"),
        providers: formats(),
        base_url: Field::new(words.text).refused(FieldError::NotAUrl),
        credential: Field::default().refused(FieldError::Other(words.text.into())),
        credential_state: CredentialState::Stored { since_us: NOW_US - DAY_US },
        region: Field::new("eu"),
        workspace: Field::new("w1"),
        workspaces: workspaces(),
        allow_private: Field::new("on"),
        add_models: Field::default(),
    }
}

fn model(words: &Words) -> ModelPage {
    let target = |model: &str| TargetForm { endpoint: Field::new("e1"), upstream_model: Field::new(model) };
    let mut blank = target("");
    blank.endpoint = blank.endpoint.refused(FieldError::UnknownChoice);
    ModelPage {
        shell: busy_shell("Edit model", Section::Providers, words),
        model_id: Some("m1".into()),
        name: Field::new(words.model),
        targets: vec![target(words.model), blank],
        endpoints: vec![Choice::new("e1", "openai"), Choice::new("e2", words.customer)],
    }
}
