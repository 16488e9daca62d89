//! The built-in demo provider: endpoints in both dialects, models for every mood of it, and prices made up for it.

use std::collections::BTreeSet;
use std::sync::Arc;

use weir_contract::id::{EndpointId, prefixed};
use weir_contract::policy::snapshot::AuthStyle;
use weir_contract::price::{BookRow, PriceBook, Rates};
use weir_contract::usage::Bucket;

use crate::app::App;
use crate::endpoints::{self, Endpoint, EndpointBody, EndpointForm, EndpointLimits};
use crate::error::AppError;
use crate::models::{self, ModelForm, TargetForm};
use crate::objects::{self, Edit};
use crate::publish;
use crate::store::Conn;

const PROVIDER: &str = "demo";
const OPENAI_MODELS: [(&str, &str); 8] = [
    ("demo/fast", "demo/fast"),
    ("demo/smart", "demo/smart"),
    ("demo/reasoner", "demo/reasoner"),
    ("demo/429", "demo/429"),
    ("demo/500", "demo/500"),
    ("demo/slow", "demo/slow"),
    ("demo/cut", "demo/cut"),
    ("demo/error-in-stream", "demo/error-in-stream"),
];
/// Names of their own, since names are unique in a workspace; the moods are those of the same provider.
const ANTHROPIC_MODELS: [(&str, &str); 5] = [
    ("demo/claude", "demo/claude"),
    ("demo/claude-429", "demo/429"),
    ("demo/claude-500", "demo/500"),
    ("demo/claude-slow", "demo/slow"),
    ("demo/claude-cut", "demo/cut"),
];

/// The book with the demo's own rows, where there is a demo.
pub(crate) fn with_demo_prices(book: &PriceBook, is_there: bool) -> PriceBook {
    if !is_there {
        return book.clone();
    }
    let mut rows = book.rows().to_vec();
    let models: BTreeSet<&str> =
        OPENAI_MODELS.iter().chain(&ANTHROPIC_MODELS).map(|(_, upstream_model)| *upstream_model).collect();
    rows.extend(models.into_iter().map(|model| Arc::new(row(model))));
    PriceBook::from_rows(book.version.clone(), book.collected.clone(), rows)
}

/// Made up: a cent or so for a page of text, so that figures have something to show.
fn row(model: &str) -> BookRow {
    let dollars = match model {
        "demo/smart" | "demo/claude" => 3,
        "demo/reasoner" => 5,
        _ => 1,
    };
    let rate = |tenths: i64| dollars * tenths * 100_000_000;
    let rates: Rates = [
        (Bucket::Input, rate(10)),
        (Bucket::CacheRead, rate(1)),
        (Bucket::CacheWrite5m, rate(12)),
        (Bucket::CacheWrite1h, rate(20)),
        (Bucket::Output, rate(40)),
    ]
    .into_iter()
    .collect();
    BookRow {
        provider: PROVIDER.to_owned(),
        model: model.to_owned(),
        mode: "chat".to_owned(),
        context_window: Some(128_000),
        max_output: Some(8_192),
        rates,
        source: "demo".to_owned(),
        date: "2026-11-21".to_owned(),
        ..BookRow::default()
    }
}

/// Makes the demo's endpoints and models as drafts.
pub(super) async fn set_up(app: &App, conn: &mut Conn, actor: &str, url: &str) -> Result<(), AppError> {
    let edit = Edit { actor, note: "first start", now_us: app.clock.now_us() };
    for (name, dialect, names) in [
        ("demo", "openai", OPENAI_MODELS.as_slice()),
        ("demo-anthropic", "anthropic", ANTHROPIC_MODELS.as_slice()),
    ] {
        let id = EndpointId::from(prefixed("ep", app.random.bytes()));
        let endpoint = endpoints::create_in(app, conn, &edit, id, &form(name, dialect, url)).await?;
        for (model, upstream_model) in names {
            models::create_in(app, conn, &edit, &model_form(&endpoint, model, upstream_model)).await?;
        }
    }
    Ok(())
}

fn form(name: &str, dialect: &str, url: &str) -> EndpointForm {
    EndpointForm {
        name: name.to_owned(),
        provider: PROVIDER.to_owned(),
        dialect: Some(dialect.to_owned()),
        base_url: Some(base_url(url)),
        auth: Some(AuthStyle::None),
        limits: EndpointLimits { allow_private: true, retries_max: 1, ..EndpointLimits::default() },
        ..EndpointForm::default()
    }
}

fn model_form(endpoint: &Endpoint, model: &str, upstream_model: &str) -> ModelForm {
    let target = TargetForm { endpoint: endpoint.id.clone(), upstream_model: upstream_model.to_owned() };
    ModelForm { name: model.to_owned(), targets: vec![target], ..ModelForm::default() }
}

fn base_url(url: &str) -> String {
    format!("{}/v1", url.trim_end_matches('/'))
}

/// The demo provider listens on another port at every start: its endpoints follow, and a revision says so. Drafts of
/// others are published with it only if there are none to lose: otherwise the new address waits for the next publish.
pub(super) async fn follow_address(app: &App) -> Result<(), AppError> {
    let Some(url) = app.config.demo_url.as_deref() else { return Ok(()) };
    let pending = publish::draft_state(app).await?;
    let edit = Edit { actor: super::OURSELVES, note: "the demo provider moved", now_us: app.clock.now_us() };
    let mut writing = app.store.write().await?;
    let mut moved = false;
    for mut draft in objects::list::<EndpointBody>(&mut writing).await? {
        if draft.body.provider == PROVIDER && draft.body.base_url != base_url(url) {
            draft.body.base_url = base_url(url);
            objects::update(&mut writing, &draft, &edit).await?;
            moved = true;
        }
    }
    if !moved {
        return Ok(());
    }
    let published = if pending.changes.is_empty() {
        Some(publish::publish_in(app, &mut writing, edit.actor, edit.note).await?.1)
    } else {
        None
    };
    writing.commit().await?;
    if let Some(published) = published {
        app.publisher.announce(published);
    }
    Ok(())
}
