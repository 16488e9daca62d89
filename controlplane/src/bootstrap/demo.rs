//! The built-in demo provider: endpoints in both dialects, and models for every mood of it. Its prices are in
//! the price book like any other's.

use weir_contract::id::{EndpointId, prefixed};
use weir_contract::policy::Content;
use weir_contract::policy::snapshot::AuthStyle;

use crate::app::App;
use crate::endpoints::{self, Endpoint, EndpointBody, EndpointForm, EndpointLimits};
use crate::error::AppError;
use crate::models::{self, ModelForm, TargetForm};
use crate::objects::{self, Edit};
use crate::publish::{self, ObjectRef};
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
    ("demo/claude", "demo/smart"),
    ("demo/claude-429", "demo/429"),
    ("demo/claude-500", "demo/500"),
    ("demo/claude-slow", "demo/slow"),
    ("demo/claude-cut", "demo/cut"),
];

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

/// The demo provider may listen on another port at every start: its endpoints follow, in the drafts and in what runs.
/// Nobody's unfinished drafts are published with it.
pub(super) async fn follow_address(app: &App) -> Result<(), AppError> {
    let Some(url) = app.config.demo_url.as_deref() else { return Ok(()) };
    let edit = Edit { actor: super::OURSELVES, note: "the demo provider moved", now_us: app.clock.now_us() };
    let mut writing = app.store.write().await?;
    let mut moved = Vec::new();
    for mut draft in objects::list::<EndpointBody>(&mut writing).await? {
        if draft.body.provider == PROVIDER && draft.body.base_url != base_url(url) {
            draft.body.base_url = base_url(url);
            objects::update(&mut writing, &draft, &edit).await?;
            moved.push((draft.id, draft.version));
        }
    }
    if moved.is_empty() {
        return Ok(());
    }
    let adjust = |content: &mut Content, running: &mut [ObjectRef]| {
        for (id, version) in &moved {
            for entry in content.endpoints.iter_mut().filter(|entry| entry.id.as_str() == id) {
                entry.base_url = base_url(url);
            }
            let same = |object: &&mut ObjectRef| object.id == *id && object.version == *version;
            for object in running.iter_mut().filter(same) {
                object.version += 1;
            }
        }
    };
    let published = publish::at_once_with(app, &mut writing, edit.actor, edit.note, adjust).await?;
    writing.commit().await?;
    app.publisher.announce(published);
    Ok(())
}
