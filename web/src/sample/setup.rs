//! Samples of keys, endpoints and models.

use super::{NOW_US, Sample, Words, busy_shell, put, shell};
use crate::form::{Choice, Field, FieldError};
use crate::page::keys::{KeyForm, KeyRow, Pick, TrailRow};
use crate::page::models::{AbilityField, ModelRow, PriceView, TargetForm, TargetRow};
use crate::page::prices::{PriceRow, UnitPrice, UnratedRow};
use crate::page::providers::{CredentialState, EndpointRow, Health, KnownProvider, ListedRow, TestedView};
use crate::page::{
    EndpointPage, KeyPage, KeyRotationPage, KeyShownPage, KeysPage, ListingPage, ModelPage, ModelsPage,
    PricesPage, ProvidersPage,
};
use crate::shell::Section;
use weir_contract::money::Money;

const DAY_US: i64 = 86_400_000_000;

pub(super) fn add(samples: &mut Vec<Sample>, words: &Words) -> Result<(), crate::Error> {
    put(samples, &format!("keys-{}", words.suffix), &keys(words))?;
    let shown = KeyShownPage {
        shell: shell("Key created", Section::Keys),
        key_id: "key-1".into(),
        old_secret: Some((words.customer.into(), NOW_US + DAY_US)),
        customer_secret: Some(words.text.into()),
        name: words.customer.into(),
        secret: "wk_3f9c0a7be1d24c58a6f0".into(),
        gateway_url: "http://127.0.0.1:8080".into(),
        model: words.model.into(),
    };
    put(samples, &format!("key-shown-{}", words.suffix), &shown)?;
    put(samples, &format!("key-{}", words.suffix), &key(words))?;
    let rotation = KeyRotationPage {
        shell: shell("Rotate key", Section::Keys),
        key: key_row(words, 1),
        grace_seconds: Field::new("86400"),
        graces: KeyRotationPage::GRACES.map(|(value, label)| Choice::new(value, label)).to_vec(),
    };
    put(samples, &format!("key-rotation-{}", words.suffix), &rotation)?;
    put(samples, &format!("providers-{}", words.suffix), &providers(words))?;
    put(samples, &format!("endpoint-{}", words.suffix), &endpoint(words))?;
    put(samples, &format!("endpoint-listing-{}", words.suffix), &listing(words))?;
    put(samples, &format!("model-{}", words.suffix), &model(words))?;
    let list = ModelsPage {
        shell: busy_shell("Models", Section::Models, words),
        may_edit: true,
        search: words.text.into(),
        models: models(words),
        all: 2,
        unrated: 1,
        has_endpoint: true,
        away: Some("the archive does not answer".into()),
    };
    put(samples, &format!("models-{}", words.suffix), &list)?;
    put(samples, &format!("prices-{}", words.suffix), &prices(words))
}

pub(super) fn add_empty(samples: &mut Vec<Sample>) -> Result<(), crate::Error> {
    let form = Some(KeyForm { workspaces: workspaces(), ..KeyForm::default() });
    let keys = KeysPage { shell: shell("Keys", Section::Keys), form, now_us: NOW_US, ..KeysPage::default() };
    put(samples, "keys-empty", &keys)?;
    let key = KeyPage { shell: shell("Key", Section::Keys), now_us: NOW_US, ..KeyPage::default() };
    put(samples, "key-empty", &key)?;
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
    let asked = TestedView { ok: true, step: "It works.".into(), ..TestedView::default() };
    let nothing_new = ListingPage { shell: shell_of("Models"), asked, listed: 3, ..ListingPage::default() };
    put(samples, "endpoint-listing-empty", &nothing_new)?;
    let models = ModelsPage { shell: shell("Models", Section::Models), ..ModelsPage::default() };
    put(samples, "models-empty", &models)?;
    let prices = PricesPage { shell: shell("Prices", Section::Prices), ..PricesPage::default() };
    put(samples, "prices-empty", &prices)?;
    let targets = vec![TargetForm::default(); 2];
    put(samples, "model-empty", &ModelPage { shell: shell_of("Add model"), targets, ..ModelPage::default() })
}

fn workspaces() -> Vec<Choice> {
    vec![Choice::new("w1", "default"), Choice::new("w2", "research")]
}

fn formats() -> Vec<Choice> {
    vec![Choice::new("openai", "OpenAI"), Choice::new("anthropic", "Anthropic")]
}

fn key_row(words: &Words, n: i64) -> KeyRow {
    KeyRow {
        key_id: format!("key-{n}"),
        name: format!("{}-{n}", words.customer),
        ends_with: "a6f0".into(),
        old_secret: (n == 1).then(|| (words.customer.into(), NOW_US + DAY_US)),
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
    }
}

fn key_form(words: &Words, key_id: Option<String>) -> KeyForm {
    let pick = |label: &str, is_picked| Pick { value: label.into(), label: label.into(), is_picked };
    KeyForm {
        key_id,
        tag: "0f".into(),
        name: Field::new(words.customer).refused(FieldError::Taken),
        workspace: Field::new("w2").refused(FieldError::UnknownChoice),
        workspaces: workspaces(),
        tags: Field::new(words.text).refused(FieldError::Other(words.text.into())),
        log_level: Field::new("meta"),
        endpoints: vec![pick(words.customer, true), pick("openai", false)],
        endpoints_error: Some(FieldError::UnknownChoice),
        regions: vec![pick("eu", true), pick(words.model, false)],
        concurrency: Field::new("-4").refused(FieldError::NotANumber { min: 1 }),
        ..KeyForm::default()
    }
}

fn key(words: &Words) -> KeyPage {
    let row =
        |action: &str| TrailRow { at_us: NOW_US - DAY_US, who: words.customer.into(), action: action.into() };
    KeyPage {
        shell: busy_shell("Key", Section::Keys, words),
        key: key_row(words, 1),
        scope: vec![("Models".into(), words.model.into()), ("Tags".into(), words.text.into())],
        trail: Some(vec![row("key.rotate"), row("key.create")]),
        form: Some(key_form(words, Some(words.customer.into()))),
        now_us: NOW_US,
    }
}

fn keys(words: &Words) -> KeysPage {
    KeysPage {
        shell: busy_shell("Keys", Section::Keys, words),
        keys: (0..4).map(|n| key_row(words, n)).collect(),
        search: words.text.into(),
        state: "in_force".into(),
        states: vec![Choice::new("", "all"), Choice::new("in_force", "in force")],
        matching: 4,
        all: 104,
        next: Some("100".into()),
        form: Some(key_form(words, None)),
        now_us: NOW_US,
    }
}

fn endpoint_row(words: &Words, n: usize, credential: CredentialState) -> EndpointRow {
    EndpointRow {
        endpoint_id: format!("e{n}"),
        name: format!("{}-{n}", words.customer),
        provider: "openai".into(),
        base_url: "https://api.openai.com/v1".into(),
        region: "eu".into(),
        credential,
        workspace: (n == 1).then(|| words.customer.into()),
        targets: 2,
        health: (n != 2).then(|| health(words)),
        unpublished: n == 0,
    }
}

fn providers(words: &Words) -> ProvidersPage {
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
            .map(|(n, credential)| endpoint_row(words, n, credential))
            .collect(),
        now_us: NOW_US,
    }
}

fn health(words: &Words) -> Health {
    Health {
        requests: 12_345,
        errors_ppm: 31_000,
        total_p50_us: Some(1_900_000),
        total_p95_us: Some(9_400_000),
        first_p50_us: Some(420_000),
        first_p95_us: Some(1_100_000),
        last_error: Some((NOW_US - 90_000_000, words.text.into())),
    }
}

fn prices(words: &Words) -> PricesPage {
    let price = |unit: &str, nano, is_large, when: &str| UnitPrice {
        unit: unit.into(),
        amount: Money::from_nano(nano),
        is_large,
        when: when.into(),
    };
    let row = PriceRow {
        provider: words.customer.into(),
        model: words.model.into(),
        mode: "chat".into(),
        prices: vec![
            price("input", 1_250_000_000, false, ""),
            price("web search", 10_000_000_000, true, ""),
            price("output", 10_000_000_000, false, "above 200000 input tokens"),
        ],
        source: words.text.into(),
        date: "2026-11-20".into(),
        used_by: vec![words.model.into()],
    };
    let unpriced = PriceRow { prices: Vec::new(), used_by: Vec::new(), ..row.clone() };
    PricesPage {
        shell: busy_shell("Prices", Section::Prices, words),
        version: "builtin-2026-11-20".into(),
        collected: "2026-09-20".into(),
        age_days: 62,
        search: words.text.into(),
        in_use: true,
        unrated: vec![UnratedRow {
            model: words.model.into(),
            model_id: "m1".into(),
            provider: words.customer.into(),
            upstream_model: words.text.into(),
        }],
        rows: vec![row, unpriced],
        matching: 52,
        next: Some("50".into()),
    }
}

fn price(words: &Words) -> PriceView {
    PriceView {
        input: Money::from_nano(250_000_000),
        cache_read: Some(Money::from_nano(25_000_000)),
        output: Money::from_nano(2_000_000_000),
        version: "2026-11-20".into(),
        source: words.text.into(),
    }
}

fn models(words: &Words) -> Vec<ModelRow> {
    let target = |endpoint: &str, price| TargetRow {
        endpoint: endpoint.into(),
        endpoint_id: endpoint.into(),
        upstream_model: words.model.into(),
        price,
        health: (endpoint == "openai").then(|| health(words)),
    };
    let targets = vec![target("openai", Some(price(words))), target(words.customer, None)];
    vec![
        ModelRow {
            model_id: "m1".into(),
            name: words.model.into(),
            aliases: vec![words.customer.into(), "fast".into()],
            workspace: Some(words.customer.into()),
            context_window: Some(400_000),
            max_output: Some(128_000),
            can: vec!["tools", "vision"],
            cannot: vec!["audio input"],
            targets,
            unpublished: true,
        },
        ModelRow { model_id: "m2".into(), name: "orphan".into(), ..ModelRow::default() },
    ]
}

fn endpoint(words: &Words) -> EndpointPage {
    EndpointPage {
        shell: busy_shell("Edit endpoint", Section::Providers, words),
        endpoint_id: Some(words.customer.into()),
        tag: "0f".into(),
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
        known: KnownProvider {
            base_url: words.text.into(),
            credential_prefix: "sk-".into(),
            credential_url: "https://console.example.com/keys".into(),
        },
        endpoint: Some(endpoint_row(words, 0, CredentialState::Stored { since_us: NOW_US - DAY_US })),
        may_edit: true,
        tested: Some(TestedView {
            ok: false,
            step: "The provider does not take the credential.".into(),
            call: "GET https://api.example.com/v1/models".into(),
            status: Some(401),
            message: words.text.into(),
            note: Some(words.text.into()),
        }),
        trail: Some(vec![TrailRow {
            at_us: NOW_US,
            who: words.customer.into(),
            action: "endpoint.test".into(),
        }]),
        now_us: NOW_US,
        proxy: Field::new(words.text).refused(FieldError::NotAUrl),
        client_certificate: Field::default().refused(FieldError::Other(words.text.into())),
        certificate_since_us: Some(NOW_US - DAY_US),
        connect_timeout_ms: Field::new("5000"),
        ..EndpointPage::default()
    }
}

fn listing(words: &Words) -> ListingPage {
    let row = |name: &str, problem: Option<&str>| ListedRow {
        upstream_model: name.into(),
        name: format!("{}/{name}", words.customer),
        price: problem.is_none().then(|| price(words)),
        problem: problem.map(str::to_owned),
        is_chosen: problem.is_none(),
    };
    ListingPage {
        shell: busy_shell("Models listed by openai", Section::Providers, words),
        endpoint_id: words.customer.into(),
        endpoint_name: words.customer.into(),
        asked: TestedView { ok: true, step: "It works.".into(), ..TestedView::default() },
        listed: 52,
        all: 300,
        addable: 299,
        search: words.text.into(),
        matching: 200,
        new: vec![row(words.model, None), row(words.text, Some(words.text))],
        gone: vec![words.model.into(), words.text.into()],
        error: Some(FieldError::Other(words.text.into())),
    }
}

fn model(words: &Words) -> ModelPage {
    let target = |model: &str| TargetForm { endpoint: Field::new("e1"), upstream_model: Field::new(model) };
    let mut blank = target("");
    blank.endpoint = blank.endpoint.refused(FieldError::UnknownChoice);
    let trail = TrailRow { at_us: NOW_US, who: words.customer.into(), action: "model.update".into() };
    ModelPage {
        shell: busy_shell("Edit model", Section::Models, words),
        model_id: Some("m1".into()),
        model: Some(models(words).remove(0)),
        may_edit: true,
        tag: "0f".into(),
        trail: Some(vec![trail]),
        now_us: NOW_US,
        aliases: Field::new(words.customer).refused(FieldError::Taken),
        max_output: Field::new("128000"),
        context_window: Field::new(words.text).refused(FieldError::NotANumber { min: 1 }),
        name: Field::new(words.model),
        targets: vec![target(words.model), blank],
        endpoints: vec![Choice::new("e1", "openai"), Choice::new("e2", words.customer)],
        abilities: abilities(),
        answers: vec![Choice::new("can", "It can"), Choice::new("cannot", "It cannot")],
    }
}

fn abilities() -> Vec<AbilityField> {
    let ability = |name: &str, label: &str, otherwise, field| AbilityField {
        name: format!("ability_{name}"),
        label: label.into(),
        otherwise,
        field,
    };
    vec![
        ability("vision", "Vision", "The price book says it can", Field::default()),
        ability("audio_input", "Audio input", "Nothing is known", Field::new("cannot")),
        ability("tools", "Tools", "Nothing is known", Field::new("?").refused(FieldError::UnknownChoice)),
    ]
}
