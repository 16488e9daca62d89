//! `/gateways`: which revision each runs, how it is, and the tokens that let gateways in.

use askama::Template;

use crate::form::Field;
use crate::number;
use crate::shell::Shell;

/// The gateways and their tokens.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/gateways/list.html")]
pub struct GatewaysPage {
    /// The frame.
    pub shell: Shell,
    /// The gateways that ever connected, newest contact first.
    pub gateways: Vec<GatewayRow>,
    /// The tokens; `None` for readers who may not manage gateways.
    pub tokens: Option<Vec<TokenRow>>,
    /// Whether the reader may drain and forget gateways.
    pub may_manage: bool,
    /// The name of a new token, as typed.
    pub name: Field,
    /// The moment the page was made.
    pub now_us: i64,
}

/// A token that lets one gateway in.
#[derive(Debug, Clone, Default)]
pub struct TokenRow {
    /// Its id.
    pub token_id: String,
    /// What people call it.
    pub name: String,
    /// The gateway it belongs to, from its first use on.
    pub gateway: Option<String>,
    /// When it was made.
    pub created_us: i64,
    /// Who made it, by name.
    pub created_by: String,
    /// When it was revoked.
    pub revoked_us: Option<i64>,
}

/// A new token, shown once, with the line that starts a gateway.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/gateways/shown.html")]
pub struct GatewayTokenShownPage {
    /// The frame.
    pub shell: Shell,
    /// What people call it.
    pub name: String,
    /// The secret, shown now and never again.
    pub secret: String,
    /// Base address of the control plane.
    pub control_url: String,
}

impl GatewayTokenShownPage {
    /// The line that starts a gateway with it.
    #[must_use]
    pub fn start(&self) -> String {
        format!("WEIR_GATEWAY_CONTROL_TOKEN={} weir gateway --control {}", self.secret, self.control_url)
    }
}

/// One gateway and what it runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GatewayRow {
    /// Its id.
    pub gateway_id: String,
    /// The revision in force there; 0 for none.
    pub revision: u64,
    /// The newest published revision.
    pub published: u64,
    /// From publishing to in force there.
    pub lag_us: Option<u64>,
    /// For how long there has been a newer revision than it runs.
    pub behind_us: Option<u64>,
    /// When it last spoke.
    pub last_contact_us: i64,
    /// Whether its stream is open.
    pub connected: bool,
    /// The newest revision it refused, and why; `None` when it runs a newer one.
    pub refusal: Option<Refused>,
    /// Whether it is being taken out of service.
    pub drain: Drain,
    /// Its program's version.
    pub version: String,
    /// Its clock against ours, µs.
    pub clock_off_us: i64,
    /// What waits on its disk.
    pub spool: Spool,
    /// Requests in flight.
    pub in_flight: u64,
}

/// A revision a gateway refused.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refused {
    /// Which.
    pub revision: u64,
    /// Why, in the gateway's words.
    pub reason: String,
}

/// How far a gateway is taken out of service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Drain {
    /// It takes requests.
    #[default]
    No,
    /// It was asked to, and has not said yet that it does.
    Asked,
    /// It takes no new requests and finishes what it has.
    Finishing,
    /// Nothing is in flight and nothing waits: it can be stopped.
    Done,
}

/// What waits on a gateway's disk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spool {
    /// Undelivered bytes.
    pub bytes: u64,
    /// Age of the oldest record, µs.
    pub oldest_us: u64,
    /// Batches the archive has not taken.
    pub to_archive: u64,
    /// Batches the books have not taken.
    pub to_books: u64,
    /// Rows the archive will never take, since the gateway started.
    pub dead: u64,
    /// What keeps the archive or the books from taking them; empty when nothing does.
    pub held_by: String,
}

impl Spool {
    /// How many batches wait for whom, in words; empty when none does.
    #[must_use]
    pub fn batches(&self) -> String {
        let told = [(self.to_archive, "the archive"), (self.to_books, "the books")];
        let told = told.iter().filter(|(count, _)| *count > 0);
        let batches = |count: u64| if count == 1 { "batch" } else { "batches" };
        let told = told.map(|(count, to)| format!("{} {} for {to}", number::count(count), batches(*count)));
        told.collect::<Vec<_>>().join(", ")
    }
}

impl GatewayRow {
    /// Whether it refused that revision and still runs an older one.
    #[must_use]
    pub fn refuses(&self, revision: u64) -> bool {
        self.refusal.as_ref().is_some_and(|refused| refused.revision == revision)
    }

    /// Whether it takes requests, as far as anybody asked it not to.
    #[must_use]
    pub fn takes_requests(&self) -> bool {
        self.drain == Drain::No
    }

    /// Whether it was drained and can be stopped.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.connected && self.drain == Drain::Done
    }

    /// How it is, in a word or two: class, icon, words.
    #[must_use]
    pub fn state(&self) -> (&'static str, &'static str, String) {
        let said = |class, icon, words: &str| (class, icon, words.to_owned());
        if let Some(refused) = &self.refusal {
            return ("bad", "x", format!("refused {}", refused.revision));
        }
        match (self.connected, self.drain) {
            (false, _) => said("bad", "x", "away"),
            (true, Drain::Asked) => said("warn", "ban", "asked to drain"),
            (true, Drain::Finishing) => said("warn", "ban", "draining"),
            (true, Drain::Done) => said("ok", "check", "drained"),
            (true, Drain::No) if self.revision < self.published => said("warn", "triangle-alert", "behind"),
            (true, Drain::No) => said("ok", "check", "in step"),
        }
    }

    /// How it is, in sentences, when somebody should do something.
    #[must_use]
    pub fn trouble(&self, now_us: &i64) -> Option<String> {
        let contact = number::ago(&self.last_contact_us, now_us);
        let id = &self.gateway_id;
        let stands = format!(
            "{id} has not taken revision {}. It still enforces revision {}.",
            self.published, self.revision
        );
        if let Some(Refused { revision, reason }) = &self.refusal {
            return Some(format!(
                "{id} refused revision {revision} and still enforces revision {}. It says: {reason}. Mend the draft and \
                 publish again.",
                self.revision
            ));
        }
        match self.connected {
            false if self.revision < self.published => Some(format!(
                "{stands} Last contact {contact}. Check its connection, stop sending it traffic, or forget it if it is gone."
            )),
            false => Some(format!(
                "{id} is away. Last contact {contact}. It serves on with revision {}; forget it if it is gone.",
                self.revision
            )),
            true => self.ailment(),
        }
    }

    /// What is wrong with one that speaks.
    fn ailment(&self) -> Option<String> {
        let id = &self.gateway_id;
        if self.clock_off_us.abs() > CLOCK_OFF_MAX_US {
            let off = number::duration(&self.clock_off_us.unsigned_abs());
            return Some(format!(
                "The clock of {id} is {off} off. Set it by a time server: times on record are its own."
            ));
        }
        if self.spool.dead > 0 {
            let rows = number::plural(&self.spool.dead, "row");
            return Some(format!(
                "The archive will never take {rows} of {id}. They are kept in the file `dead.rows` of its spool, and its log \
                 says why."
            ));
        }
        let held = &self.spool.held_by;
        (!held.is_empty()).then(|| format!("Batches of {id} wait on its disk: {held}."))
    }
}

/// From how far off a clock is worth a word, µs.
const CLOCK_OFF_MAX_US: i64 = 2_000_000;

/// One publish.
#[derive(Debug, Clone, Default)]
pub struct PublishRow {
    /// The revision it made.
    pub revision: u64,
    /// Why there is one: published, restored, or what acts at once.
    pub cause: String,
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
