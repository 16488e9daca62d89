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
#[derive(Debug, Clone, Default)]
pub struct GatewayRow {
    /// Its id.
    pub gateway_id: String,
    /// The revision in force there; 0 for none.
    pub revision: u64,
    /// The newest published revision.
    pub published: u64,
    /// From publishing to in force there.
    pub lag_us: Option<u64>,
    /// When it last spoke.
    pub last_contact_us: i64,
    /// Whether its stream is open.
    pub connected: bool,
    /// Why it refused the newest revision.
    pub refusal: Option<String>,
    /// Its program's version.
    pub version: String,
    /// Its clock against ours, µs.
    pub clock_off_us: i64,
    /// Bytes waiting in its spool.
    pub spool_bytes: u64,
    /// Age of the oldest record in it, µs.
    pub spool_oldest_us: u64,
    /// Requests in flight.
    pub in_flight: u64,
}

impl GatewayRow {
    /// How it is, in words, when somebody should do something.
    #[must_use]
    pub fn trouble(&self, now_us: &i64) -> Option<String> {
        let contact = number::ago(&self.last_contact_us, now_us);
        let stands = format!(
            "{} has not taken revision {}. It still enforces revision {}.",
            self.gateway_id, self.published, self.revision
        );
        match &self.refusal {
            Some(reason) => Some(format!("{stands} It says: {reason}. Mend the draft and publish again.")),
            None if !self.connected && self.revision < self.published => Some(format!(
                "{stands} Last contact {contact}. Check its connection, or stop sending it traffic."
            )),
            None if !self.connected => Some(format!(
                "{} is away. Last contact {contact}. It serves on with revision {}.",
                self.gateway_id, self.revision
            )),
            None if self.clock_off_us.abs() > CLOCK_OFF_MAX_US => Some(format!(
                "The clock of {} is {} off. Set it by a time server: times on record are its own.",
                self.gateway_id,
                number::duration(&self.clock_off_us.unsigned_abs())
            )),
            None => None,
        }
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
