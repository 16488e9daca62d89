//! What gateways and the control plane say to each other, as JSON.
//!
//! A gateway dials out: `POST /gateway/v1/stream` with a [`Hello`] answers with an endless stream of newline-delimited
//! [`ToGateway`] messages; `POST /gateway/v1/messages` carries one [`ToControl`] and answers with a [`Receipt`].
//! Both present the gateway's token as a bearer. All message kinds of the protocol are named here.

use serde::{Deserialize, Serialize};

use crate::id::{
    BatchId, CustomerId, GatewayId, Incarnation, KeyId, PriceVersion, RequestId, Revision, WorkspaceId,
};
use crate::money::Money;
use crate::policy::{Section, SignedHeader};
use crate::record::Origin;

/// Seconds between heartbeats; silence of three is a broken stream.
pub const HEARTBEAT_SECONDS: u64 = 5;

/// A gateway introduces itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Its stable name.
    pub gateway: GatewayId,
    /// This life of the process.
    pub incarnation: Incarnation,
    /// Program version, for people.
    pub version: String,
    /// Snapshot schema it understands.
    pub schema: u32,
    /// The revision it runs; 0 when none.
    pub revision: Revision,
    /// Hashes of the sections it has.
    pub sections: Vec<String>,
    /// Its wall clock, µs UTC: more than two seconds off is shown.
    pub now_us: i64,
    /// Whether it was told to drain, in this life of its process.
    #[serde(default)]
    pub draining: bool,
}

/// From the control plane to a gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ToGateway {
    /// First message: the secrets the gateway works with.
    Welcome {
        /// Key under which credentials in snapshots are sealed and presented keys are hashed, base64 (32 bytes).
        policy_secret: String,
        /// Public key that signs snapshots, base64 (32 bytes).
        signing_key: String,
    },
    /// The whole policy.
    Snapshot(Revised),
    /// The policy, with only the sections that changed.
    Delta(Revised),
    /// Part of a budget the gateway may spend.
    Grant {
        /// The budget.
        budget: String,
        /// Start of its window, µs UTC.
        window_us: i64,
        /// The slice's name.
        slice: String,
        /// How much.
        amount: Money,
    },
    /// Give back what a slice has left.
    Recall {
        /// The slice.
        slice: String,
    },
    /// Say which holds are open; answered by [`ToControl::Holds`].
    HoldsAsked {
        /// Repeated in the answer.
        question: String,
    },
    /// Finish what is in flight and take no new requests.
    Drain,
    /// Take requests again.
    Resume,
    /// Nothing new; the stream is alive.
    Heartbeat {
        /// The control plane's wall clock, µs UTC.
        now_us: i64,
    },
}

/// A signed policy on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revised {
    /// Header and signature.
    pub signed: SignedHeader,
    /// Sections sent along; the others are known to the gateway by their hash.
    pub sections: Vec<Section>,
}

/// From a gateway to the control plane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ToControl {
    /// A revision is in force.
    Ack {
        /// Which.
        revision: Revision,
        /// Since when, µs UTC.
        applied_at_us: i64,
    },
    /// A snapshot was refused; the running one stays.
    Nack {
        /// Which.
        revision: Revision,
        /// What is wrong, in words for whoever published it.
        reason: String,
    },
    /// Sections the header names are not here: send the whole snapshot.
    Missing {
        /// Which revision.
        revision: Revision,
    },
    /// Cumulative use of slices.
    Report {
        /// One entry a slice.
        slices: Vec<SliceUse>,
    },
    /// A sealed batch for the books. Posting it twice is harmless.
    BatchPosted(BatchSummary),
    /// Open holds, as asked.
    Holds {
        /// The question it answers.
        question: String,
        /// One entry a hold.
        holds: Vec<OpenHold>,
    },
    /// How the gateway is.
    Status(GatewayStatus),
}

/// Cumulative use of one slice; merged by maximum, so loss, duplication and reorder are harmless.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SliceUse {
    /// The slice.
    pub slice: String,
    /// Spent so far.
    pub spent: Money,
    /// Given back so far.
    pub returned: Money,
}

/// One open hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenHold {
    /// The request that holds it.
    pub request_id: RequestId,
    /// How much.
    pub amount: Money,
    /// On which budgets.
    pub budgets: Vec<String>,
    /// Since when, µs UTC.
    pub since_us: i64,
}

/// How a gateway is, once per heartbeat. What an older gateway does not say is zero or empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GatewayStatus {
    /// The revision in force.
    pub revision: Revision,
    /// Bytes waiting in the spool.
    pub spool_bytes: u64,
    /// Age of the oldest undelivered record, ms.
    pub spool_oldest_ms: u64,
    /// Sealed batches the archive has not taken.
    pub archive_batches: u64,
    /// Sealed batches the books have not taken.
    pub books_batches: u64,
    /// Rows the archive will never take, since the start of the process: they are in a file beside the spool.
    pub dead_rows: u64,
    /// What keeps the archive from taking batches; empty when nothing does.
    pub archive_error: String,
    /// What keeps the books from taking batches; empty when nothing does.
    pub books_error: String,
    /// Requests in flight.
    pub in_flight: u64,
    /// Whether it takes no new requests: it was told to drain, or it is about to stop.
    pub draining: bool,
    /// Where clients reach it, when it knows.
    pub address: String,
}

/// What a sealed batch adds to the books.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchSummary {
    /// The batch.
    pub batch: BatchId,
    /// When it was sealed, µs UTC.
    pub sealed_at_us: i64,
    /// One line per workspace, customer, key, origin, price version and hour.
    pub lines: Vec<BookLine>,
}

/// One line of the books.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookLine {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The customer; empty when none was named.
    pub customer: CustomerId,
    /// The key.
    pub key: KeyId,
    /// What the calls were made for.
    pub origin: Origin,
    /// Start of the hour the requests started in, µs UTC.
    pub hour_us: i64,
    /// Accounting period, `YYYYMM`.
    pub billing_period: u32,
    /// Version of the prices; empty for unrated calls.
    pub price_version: PriceVersion,
    /// Requests (final calls).
    pub requests: u64,
    /// Calls.
    pub calls: u64,
    /// Σ cost.
    pub cost: Money,
    /// Σ billed.
    pub billed: Money,
    /// Newest request in it, µs UTC.
    pub last_us: i64,
}

/// The answer to a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Whether it was taken for good: for a batch, whether the books have it.
    pub taken: bool,
}
