//! `/requests/{id}`: one request, read whole.

use super::{Absent, BodyContent, BodyView, MessagePart, MessageView};
use crate::part::Status;
use crate::shell::Shell;
use crate::url::{self, RequestsQuery};
use askama::Template;
use weir_contract::money::Money;
use weir_contract::record::Step;

/// One request: its facts above, one tab below.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/requests/show.html")]
pub struct RequestPage {
    /// The frame.
    pub shell: Shell,
    /// The facts of its head.
    pub request: RequestFacts,
    /// The tab shown; only its part below has to be filled (attempts serve every tab's head).
    pub tab: RequestTab,
    /// The list it was opened from; empty when it was opened by its id.
    pub list: RequestsQuery,
    /// The next newer request of that list.
    pub newer: Option<String>,
    /// The next older request of that list.
    pub older: Option<String>,
    /// Tab messages: what was asked.
    pub prompt: Vec<MessageView>,
    /// Tab messages: what was answered.
    pub answer: Vec<MessageView>,
    /// Tab messages: why there is nothing to read.
    pub absent: Option<Absent>,
    /// Tabs messages and raw: set when less of the answer is stored than was sent.
    pub partial: Option<Partial>,
    /// Tabs messages and raw: the same request as a command; `None` when its body is not at hand.
    pub curl: Option<String>,
    /// The whole address of this page, without the list it was opened from.
    pub share: String,
    /// Tab cost: the lines that sum to the cost.
    pub lines: Vec<CostLine>,
    /// Tab attempts: every try upstream, or the one local answer.
    pub attempts: Vec<AttemptView>,
    /// Tab attempts: what was decided on the way, in order.
    pub decisions: Vec<Decision>,
    /// Tab raw: the bodies as they were on the wire.
    pub bodies: Vec<BodyView>,
}

/// An answer that is stored only in part.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Partial {
    /// Bytes that are stored.
    pub stored: u64,
    /// Bytes that were sent.
    pub sent: u64,
}

/// The tabs of a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RequestTab {
    /// What was said.
    #[default]
    Messages,
    /// What it cost.
    Cost,
    /// What was tried and decided.
    Attempts,
    /// What was on the wire.
    Raw,
}

impl RequestTab {
    /// All tabs in their order.
    pub const ALL: [Self; 4] = [Self::Messages, Self::Cost, Self::Attempts, Self::Raw];

    /// Reads `?tab=`; anything unknown is the first tab.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self::ALL.into_iter().find(|tab| tab.name() == text).unwrap_or_default()
    }

    /// The value of `?tab=`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::Cost => "cost",
            Self::Attempts => "attempts",
            Self::Raw => "raw",
        }
    }

    /// What the tab says.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Messages => "Messages",
            Self::Cost => "Cost",
            Self::Attempts => "Attempts",
            Self::Raw => "Raw",
        }
    }
}

/// What is known of a request; empty texts are left out of the page.
#[derive(Debug, Clone, Default)]
pub struct RequestFacts {
    /// Its id.
    pub request_id: String,
    /// When it came.
    pub started_us: i64,
    /// How it ended.
    pub status: Status,
    /// The status the client got; 0 if none.
    pub http_status: u16,
    /// What went wrong, whose side, in words.
    pub error_type: String,
    /// `client`, `gateway` or `provider`; `none` is left out.
    pub error_side: String,
    /// The error's sentence.
    pub error_message: String,
    /// The customer it was for.
    pub customer_id: String,
    /// Who said so: `key`, `signed`, `header`, …
    pub customer_source: String,
    /// The user within the customer.
    pub user_id: String,
    /// The session it belongs to.
    pub session_id: String,
    /// The key's id.
    pub key_id: String,
    /// The key's name.
    pub key_name: String,
    /// The workspace, by name.
    pub workspace: String,
    /// `production`, `staging`, …
    pub environment: String,
    /// The route it came in by: `v1/chat/completions`.
    pub api: String,
    /// Whether the answer was streamed.
    pub stream: bool,
    /// The model asked for.
    pub model_requested: String,
    /// The model that answered.
    pub model: String,
    /// Who ran it.
    pub provider: String,
    /// The endpoint, by name.
    pub endpoint: String,
    /// The rule that chose it.
    pub rule: String,
    /// The revision in force then.
    pub policy_revision: u64,
    /// The gateway that served it.
    pub gateway_id: String,
    /// The trace it belongs to.
    pub trace_id: String,
    /// Where it came from: `live`, `replay`, …
    pub origin: String,
    /// Why the model stopped.
    pub finish_reasons: Vec<String>,
    /// The tags it carried.
    pub tags: Vec<(String, String)>,
    /// What it cost; `None` when it could not be rated.
    pub cost: Option<Money>,
    /// What the customer is charged, if that is not the cost.
    pub billed: Option<Money>,
    /// The version of the price book it was rated with.
    pub price_version: String,
    /// Where the token counts come from: `provider`, `counted`, `estimated`, `none`.
    pub usage_source: String,
    /// The tokens by kind.
    pub tokens: TokenCounts,
    /// From arrival to the last byte.
    pub duration_us: u64,
    /// From arrival to the first token.
    pub first_token_us: Option<u64>,
    /// Our own part of the duration.
    pub overhead_us: u64,
}

/// Tokens by kind; the kinds do not overlap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TokenCounts {
    /// Input read for the first time.
    pub input: u64,
    /// Input read from the provider's cache.
    pub cache_read: u64,
    /// Input written to the provider's cache, of both lifetimes.
    pub cache_write: u64,
    /// Text the model wrote.
    pub output: u64,
    /// Reasoning the model kept to itself.
    pub reasoning: u64,
    /// Audio and images, in and out.
    pub media: u64,
}

impl TokenCounts {
    /// All that went in as text.
    #[must_use]
    pub fn all_in(&self) -> u64 {
        self.input + self.cache_read + self.cache_write
    }

    /// All that came out as text.
    #[must_use]
    pub fn all_out(&self) -> u64 {
        self.output + self.reasoning
    }
}

/// One line of the cost.
#[derive(Debug, Clone, Default)]
pub struct CostLine {
    /// What was counted: "Input tokens".
    pub kind: String,
    /// How many.
    pub units: u64,
    /// Price of a million of them.
    pub price: Money,
    /// What they cost.
    pub amount: Money,
}

/// One try upstream.
#[derive(Debug, Clone, Default)]
pub struct AttemptView {
    /// Its running number, from 0.
    pub attempt: u8,
    /// Which target of the plan, from 0.
    pub target_no: u8,
    /// Which try at that target, from 0.
    pub try_no: u8,
    /// Who runs it.
    pub provider: String,
    /// The endpoint, by name.
    pub endpoint: String,
    /// What the model is called there.
    pub model: String,
    /// From the request's arrival to this try.
    pub offset_us: u64,
    /// How long it took.
    pub duration_us: u64,
    /// From its start to its first token.
    pub first_token_us: Option<u64>,
    /// How it ended.
    pub status: Status,
    /// What the provider answered; 0 if nothing.
    pub http_status: u16,
    /// What went wrong.
    pub error: String,
    /// The provider's own id for it.
    pub provider_request_id: String,
    /// What it cost; `None` when it could not be rated.
    pub cost: Option<Money>,
}

/// One step of the decision trace.
#[derive(Debug, Clone, Default)]
pub struct Decision {
    /// Which phase: `admit`, `route`, …
    pub phase: String,
    /// What was asked.
    pub what: String,
    /// What came of it.
    pub verdict: Verdict,
    /// Why.
    pub why: String,
}

impl From<&Step> for Decision {
    fn from(step: &Step) -> Self {
        let (phase, what) = (step.stage.name().to_owned(), step.what.clone());
        Self { phase, what, verdict: Verdict::Note, why: step.outcome.clone() }
    }
}

/// What came of a step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Verdict {
    /// Yes, matched, passed.
    Yes,
    /// No, did not match.
    No,
    /// Stopped the request.
    Stop,
    /// A remark.
    #[default]
    Note,
}

impl Verdict {
    /// The word, the class and the icon for it.
    #[must_use]
    pub fn shown(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Yes => ("yes", "ok", "check"),
            Self::No => ("no", "quiet", "minus"),
            Self::Stop => ("stopped", "bad", "ban"),
            Self::Note => ("note", "quiet", "info"),
        }
    }
}

impl RequestPage {
    /// The requests of the last 30 days that are like this one: the same customer, model and kind of ending.
    #[must_use]
    pub fn like(&self) -> String {
        let request = &self.request;
        let ended = ("error", request.error_type.as_str());
        let fields = [("customer", request.customer_id.as_str()), ("model", &request.model_requested), ended];
        let terms = fields.into_iter().filter(|(_, value)| !value.is_empty());
        let q = terms.map(|(field, value)| url::term(field, value)).collect::<Vec<_>>().join(" ");
        RequestsQuery { q, range: "30d".into(), ..RequestsQuery::default() }.href()
    }

    /// The sum of the lines; what the header's cost must equal.
    #[must_use]
    pub fn lines_sum(&self) -> Money {
        Money::from_nano(self.lines.iter().map(|line| line.amount.nano()).sum())
    }
}
