//! Prices: what a unit costs, when, and under which conditions. [`rate`] turns usage into money, [`book`] finds the price.
//!
//! Every rate is an `i64` of nano-dollars per **million** units, exact for any published price with up to nine
//! decimals of a dollar per million. A missing rate means "not known", never "free".

pub mod book;
pub mod rate;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::PriceVersion;
use crate::usage::Bucket;

pub use book::{BookRow, PriceBook};
pub use rate::{Charge, Line, rate, upper_bound, upper_bound_of};

/// Nano-dollars per million units, by bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rates(BTreeMap<Bucket, i64>);

impl Rates {
    /// The stated rate of the bucket.
    #[must_use]
    pub fn stated(&self, bucket: Bucket) -> Option<i64> {
        self.0.get(&bucket).copied()
    }

    /// The rate the bucket is billed at: its own, else that of the bucket it counts as.
    ///
    /// Reasoning is output, pictures read are input, and tokens written to a cache are input unless the provider
    /// states a rate of its own for them. Reading from a cache without a stated rate stays unknown.
    #[must_use]
    pub fn billed(&self, bucket: Bucket) -> Option<i64> {
        self.stated(bucket).or_else(|| match bucket {
            Bucket::Reasoning => self.stated(Bucket::Output),
            Bucket::ImageInput | Bucket::CacheWrite5m => self.stated(Bucket::Input),
            _ => None,
        })
    }

    /// States a rate.
    pub fn set(&mut self, bucket: Bucket, nano_per_million: i64) {
        self.0.insert(bucket, nano_per_million);
    }

    /// All stated rates in display order.
    pub fn iter(&self) -> impl Iterator<Item = (Bucket, i64)> + '_ {
        self.0.iter().map(|(bucket, rate)| (*bucket, *rate))
    }

    /// Whether nothing is stated.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn override_with(&mut self, other: &Self) {
        self.0.extend(other.iter());
    }
}

impl FromIterator<(Bucket, i64)> for Rates {
    fn from_iter<I: IntoIterator<Item = (Bucket, i64)>>(rates: I) -> Self {
        Self(rates.into_iter().collect())
    }
}

/// Rates that hold for the whole request when its input is larger than a bound.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// The rates hold when all input tokens together exceed this.
    pub above_input_tokens: u64,
    /// Rates that replace the base ones.
    pub rates: Rates,
}

/// Rates that hold at some hours of the day.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// First minute of the day (UTC), inclusive.
    pub from_minute: u16,
    /// Last minute of the day (UTC), exclusive; smaller than `from_minute` when the window spans midnight.
    pub to_minute: u16,
    /// Rates that replace the base ones.
    pub rates: Rates,
}

impl Window {
    fn holds_at(&self, at_us: i64) -> bool {
        let minute = at_us.div_euclid(60_000_000).rem_euclid(1440);
        let (from, to) = (i64::from(self.from_minute), i64::from(self.to_minute));
        if from <= to { (from..to).contains(&minute) } else { minute >= from || minute < to }
    }
}

/// The price of one model at one provider, valid from a version of the price book.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Which version of the book these rates come from; stored with every call they rated.
    pub version: PriceVersion,
    /// The ordinary rates.
    pub rates: Rates,
    /// Whole-request rates by size of input, any order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<Tier>,
    /// Rates by the service tier the provider says it served (`batch`, `flex`, `priority`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub service_tiers: BTreeMap<String, Rates>,
    /// Rates by time of day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<Window>,
}

/// What decides, besides the units, which rates hold.
#[derive(Clone, Copy, Debug, Default)]
pub struct Conditions<'a> {
    /// When the call started, µs UTC.
    pub at_us: i64,
    /// All input tokens of the call.
    pub input_total: u64,
    /// The service tier the provider says it served; empty for the ordinary one.
    pub service_tier: &'a str,
}

impl Price {
    /// The rates that hold: base, then time of day, then size of input, then service tier, the later replacing the former.
    #[must_use]
    pub fn rates_under(&self, conditions: &Conditions<'_>) -> Rates {
        let mut rates = self.rates.clone();
        if let Some(window) = self.windows.iter().find(|window| window.holds_at(conditions.at_us)) {
            rates.override_with(&window.rates);
        }
        let exceeded = |tier: &&Tier| conditions.input_total > tier.above_input_tokens;
        if let Some(tier) = self.tiers.iter().filter(exceeded).max_by_key(|tier| tier.above_input_tokens) {
            rates.override_with(&tier.rates);
        }
        if let Some(service) = self.service_tiers.get(conditions.service_tier) {
            rates.override_with(service);
        }
        rates
    }

    /// Every set of rates a call could ever meet: what a hold must cover.
    pub(crate) fn all_rates(&self) -> impl Iterator<Item = &Rates> {
        std::iter::once(&self.rates)
            .chain(self.tiers.iter().map(|tier| &tier.rates))
            .chain(self.windows.iter().map(|window| &window.rates))
            .chain(self.service_tiers.values())
    }
}
