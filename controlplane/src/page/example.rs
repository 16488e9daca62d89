//! Models for examples and the test request: one that takes OpenAI's format, one that takes Anthropic's.

use crate::app::App;
use crate::auth::Actor;
use crate::error::AppError;
use crate::{endpoints, models};

/// A model by the format clients speak to it; `None` when there is no such model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Examples {
    pub(super) openai: Option<String>,
    pub(super) anthropic: Option<String>,
}

/// The demo's models when they are there, else the first by name.
pub(super) async fn examples(app: &App, actor: &Actor) -> Result<Examples, AppError> {
    let known = endpoints::list(app, actor).await?;
    let dialect = |model: &models::Model| {
        let first = model.body.targets.first()?;
        known
            .iter()
            .find(|endpoint| endpoint.id == first.endpoint)
            .map(|endpoint| endpoint.body.dialect.as_str())
    };
    let models = models::list(app, actor).await?;
    let pick = |wanted: &str, demo: &str| {
        let of_dialect = || models.iter().filter(|model| dialect(model) == Some(wanted));
        let found = of_dialect().find(|model| model.name == demo).or_else(|| of_dialect().next());
        found.map(|model| model.name.clone())
    };
    Ok(Examples { openai: pick("openai", "demo/fast"), anthropic: pick("anthropic", "demo/claude") })
}

impl Examples {
    /// The model of an example in OpenAI's format.
    pub(super) fn openai_or_any(&self) -> String {
        self.openai.clone().or_else(|| self.anthropic.clone()).unwrap_or_else(|| "MODEL".to_owned())
    }

    /// The model of an example in Anthropic's format.
    pub(super) fn anthropic_or_any(&self) -> String {
        self.anthropic.clone().or_else(|| self.openai.clone()).unwrap_or_else(|| "MODEL".to_owned())
    }
}
