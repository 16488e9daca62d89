//! `/models`: the names clients may ask for, where they lead, what that costs and how well it answers.

use super::keys::TrailRow;
use super::providers::Health;
use crate::form::{Choice, Field};
use crate::shell::Shell;
use crate::url;
use askama::Template;
use weir_contract::money::Money;

/// All models of the draft.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/models/list.html")]
pub struct ModelsPage {
    /// The frame.
    pub shell: Shell,
    /// Whether the reader may change the draft.
    pub may_edit: bool,
    /// What was searched for in names, aliases and targets.
    pub search: String,
    /// The models that match.
    pub models: Vec<ModelRow>,
    /// How many there are.
    pub all: u64,
    /// How many targets there are without a known price.
    pub unrated: u64,
    /// Whether there is an endpoint to serve one.
    pub has_endpoint: bool,
    /// Why there are no observed figures.
    pub away: Option<String>,
}

/// One name clients may ask for.
#[derive(Debug, Clone, Default)]
pub struct ModelRow {
    /// Its id.
    pub model_id: String,
    /// The name.
    pub name: String,
    /// Further names for the same targets.
    pub aliases: Vec<String>,
    /// The workspace that owns it; `None` means shared by all.
    pub workspace: Option<String>,
    /// Input and output together, tokens.
    pub context_window: Option<u64>,
    /// Most output tokens.
    pub max_output: Option<u64>,
    /// What it can do, as its people and the price book say.
    pub can: Vec<&'static str>,
    /// What it cannot do, as its people say.
    pub cannot: Vec<&'static str>,
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
    /// Its id.
    pub endpoint_id: String,
    /// What the model is called there.
    pub upstream_model: String,
    /// What it costs; `None` means its calls stay unrated.
    pub price: Option<PriceView>,
    /// What it did in the last 24 hours.
    pub health: Option<Health>,
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

/// The form of one model; posted to `/models` or `/models/{id}`.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/models/show.html")]
pub struct ModelPage {
    /// The frame.
    pub shell: Shell,
    /// The model; `None` for a new one.
    pub model_id: Option<String>,
    /// The model as it is in the draft; `None` for a new one.
    pub model: Option<ModelRow>,
    /// Whether the reader may change the draft.
    pub may_edit: bool,
    /// The tag of the model as the form was filled from it.
    pub tag: String,
    /// What was done to it, newest first; `None` for readers who may not read the audit trail.
    pub trail: Option<Vec<TrailRow>>,
    /// The moment the page was made.
    pub now_us: i64,
    /// The name clients ask for.
    pub name: Field,
    /// Further names, separated by commas.
    pub aliases: Field,
    /// Most output tokens; empty takes the price book's figure.
    pub max_output: Field,
    /// Input and output together, tokens; empty takes the price book's figure.
    pub context_window: Field,
    /// Its targets in order, with blank ones at the end to fill; at most [`ModelPage::TARGETS_MAX`].
    pub targets: Vec<TargetForm>,
    /// The endpoints there are, by id.
    pub endpoints: Vec<Choice>,
    /// What is said of its abilities.
    pub abilities: Vec<AbilityField>,
    /// What may be said of one.
    pub answers: Vec<Choice>,
}

/// What is said of one ability; an empty field leaves it to the price book.
#[derive(Debug, Clone, Default)]
pub struct AbilityField {
    /// The field's name, `ability_{name}`.
    pub name: String,
    /// The ability, in words.
    pub label: String,
    /// What holds where nothing is chosen.
    pub otherwise: &'static str,
    /// The answer.
    pub field: Field,
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

impl ModelPage {
    /// Where the form is posted.
    #[must_use]
    pub fn action(&self) -> String {
        self.model_id.as_deref().map_or_else(|| url::MODELS.to_owned(), url::model)
    }

    /// Whether something is said of an ability, or was said wrongly.
    #[must_use]
    pub fn says_abilities(&self) -> bool {
        let says = |one: &AbilityField| !one.field.value.is_empty() || one.field.error.is_some();
        self.abilities.iter().any(says)
    }
}
