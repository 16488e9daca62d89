//! What a call consumed, as disjoint buckets that add up to the provider's own totals.
//!
//! "Unknown" is a state ([`UsageSource::None`]), never zero. Inclusive counts (OpenTelemetry's, OpenAI's) are made
//! from the buckets where they are shown; inside, nothing is counted twice.

use serde::{Deserialize, Serialize};

/// A kind of unit that has a price of its own. The names are those of cost lines, columns and the price book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bucket {
    /// Input tokens neither read from nor written to a provider's cache, text.
    Input,
    /// Input tokens read from a provider's cache.
    CacheRead,
    /// Input tokens written to a provider's cache for five minutes (or with no stated lifetime).
    #[serde(rename = "cache_write_5m")]
    CacheWrite5m,
    /// Input tokens written to a provider's cache for one hour.
    #[serde(rename = "cache_write_1h")]
    CacheWrite1h,
    /// Input tokens of sound.
    AudioInput,
    /// Input tokens of pictures, where the provider counts them apart.
    ImageInput,
    /// Output tokens of text, without reasoning.
    Output,
    /// Output tokens of reasoning.
    Reasoning,
    /// Output tokens of sound.
    AudioOutput,
    /// Output tokens of pictures.
    ImageOutput,
    /// Requests, for providers that ask a fee for each.
    Request,
    /// Web searches the provider ran.
    WebSearch,
    /// Seconds of sound or video, in thousandths.
    MilliSecond,
    /// Pictures made.
    Image,
    /// Characters (speech).
    Character,
}

impl Bucket {
    /// Every bucket, in the order cost lines are shown.
    pub const ALL: [Self; 15] = [
        Self::Input,
        Self::CacheRead,
        Self::CacheWrite5m,
        Self::CacheWrite1h,
        Self::AudioInput,
        Self::ImageInput,
        Self::Output,
        Self::Reasoning,
        Self::AudioOutput,
        Self::ImageOutput,
        Self::Request,
        Self::WebSearch,
        Self::MilliSecond,
        Self::Image,
        Self::Character,
    ];

    /// How many buckets are tokens: the first ten of [`Bucket::ALL`], each a column of its own in the archive.
    pub const TOKENS: usize = 10;

    /// The bucket's name in cost lines, the price book and the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::CacheRead => "cache_read",
            Self::CacheWrite5m => "cache_write_5m",
            Self::CacheWrite1h => "cache_write_1h",
            Self::AudioInput => "audio_input",
            Self::ImageInput => "image_input",
            Self::Output => "output",
            Self::Reasoning => "reasoning",
            Self::AudioOutput => "audio_output",
            Self::ImageOutput => "image_output",
            Self::Request => "request",
            Self::WebSearch => "web_search",
            Self::MilliSecond => "milli_second",
            Self::Image => "image",
            Self::Character => "character",
        }
    }

    /// The bucket of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|bucket| bucket.name() == name)
    }

    /// Whether the units are tokens the model read.
    #[must_use]
    pub const fn is_input(self) -> bool {
        (self as usize) < Self::Output as usize
    }

    /// Whether the units are tokens the model wrote.
    #[must_use]
    pub const fn is_output(self) -> bool {
        (self as usize) >= Self::Output as usize && (self as usize) < Self::TOKENS
    }
}

/// Where the counts came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UsageSource {
    /// The provider said so.
    Provider,
    /// Counted by us with the model's tokenizer.
    Counted,
    /// An upper bound or an estimate.
    Estimated,
    /// Not known: the counts are absent, not zero.
    #[default]
    None,
}

impl UsageSource {
    /// The name in rows and filters.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Counted => "counted",
            Self::Estimated => "estimated",
            Self::None => "none",
        }
    }
}

/// The counts of one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    units: [u64; Bucket::ALL.len()],
    /// Where they came from.
    pub source: UsageSource,
    /// The buckets do not add up to the provider's own total: shown, never hidden.
    pub mismatch: bool,
}

/// The largest count believed of any bucket (2⁴⁰): providers' numbers are input, and money is made of them.
pub const UNITS_MAX: u64 = 1 << 40;

impl Usage {
    /// No counts yet, from that source.
    #[must_use]
    pub fn new(source: UsageSource) -> Self {
        Self { source, ..Self::default() }
    }

    /// Units in the bucket.
    #[must_use]
    pub const fn get(&self, bucket: Bucket) -> u64 {
        self.units[bucket as usize]
    }

    /// Sets the bucket, bounded by [`UNITS_MAX`]; a bounded count raises [`Usage::mismatch`].
    pub fn set(&mut self, bucket: Bucket, units: u64) {
        self.mismatch |= units > UNITS_MAX;
        self.units[bucket as usize] = units.min(UNITS_MAX);
    }

    /// The same with the bucket set; for building.
    #[must_use]
    pub fn with(mut self, bucket: Bucket, units: u64) -> Self {
        self.set(bucket, units);
        self
    }

    /// All tokens read, whatever their price.
    #[must_use]
    pub fn input_total(&self) -> u64 {
        Bucket::ALL.iter().filter(|bucket| bucket.is_input()).map(|bucket| self.get(*bucket)).sum()
    }

    /// All tokens written, whatever their price.
    #[must_use]
    pub fn output_total(&self) -> u64 {
        Bucket::ALL.iter().filter(|bucket| bucket.is_output()).map(|bucket| self.get(*bucket)).sum()
    }

    /// Buckets that hold anything, in display order.
    pub fn filled(&self) -> impl Iterator<Item = (Bucket, u64)> + '_ {
        Bucket::ALL.into_iter().map(|bucket| (bucket, self.get(bucket))).filter(|(_, units)| *units > 0)
    }

    /// Whether anything is known.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.source != UsageSource::None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bucket_is_found_by_its_name_and_counted_once() {
        for (place, bucket) in Bucket::ALL.into_iter().enumerate() {
            assert_eq!(bucket as usize, place);
            assert_eq!(Bucket::from_name(bucket.name()), Some(bucket));
            assert_eq!(serde_json::to_value(bucket).unwrap(), bucket.name());
            let usage = Usage::new(UsageSource::Provider).with(bucket, 7);
            let tokens = usage.input_total() + usage.output_total();
            assert_eq!(tokens, if place < Bucket::TOKENS { 7 } else { 0 });
        }
    }

    #[test]
    fn an_absurd_count_is_bounded_and_flagged() {
        let usage = Usage::new(UsageSource::Provider).with(Bucket::Input, u64::MAX);
        assert_eq!((usage.get(Bucket::Input), usage.mismatch), (UNITS_MAX, true));
    }
}
