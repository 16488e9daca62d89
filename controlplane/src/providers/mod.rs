//! Providers we know: where they are, what they speak, how a credential travels to them. Data, not code.

mod known;

use serde::Serialize;
use utoipa::ToSchema;
use weir_contract::policy::snapshot::AuthStyle;

pub use known::KNOWN;

/// A provider with its defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Provider {
    /// Our name, also in the price book.
    pub name: &'static str,
    /// Its own name, for people.
    pub label: &'static str,
    /// What it speaks: `openai`, `responses`, `anthropic` or `gemini`.
    pub dialect: &'static str,
    /// Its base URL; empty when everybody has another one.
    pub base_url: &'static str,
    /// What a base URL there looks like, where everybody has another one.
    pub example: &'static str,
    /// How the credential travels.
    #[schema(value_type = String)]
    pub auth: AuthStyle,
    /// What its credentials begin with; empty when that says nothing.
    pub credential_prefix: &'static str,
    /// Where it gives out credentials; empty when everybody has another place.
    pub credential_url: &'static str,
    /// The other formats it speaks, each at a base URL of its own.
    pub also: &'static [Also],
}

/// Another format of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Also {
    /// What is spoken there.
    pub dialect: &'static str,
    /// The base URL; empty when everybody has another one.
    pub base_url: &'static str,
    /// How the credential travels.
    #[schema(value_type = String)]
    pub auth: AuthStyle,
}

/// The formats an endpoint may speak.
pub const DIALECTS: [&str; 4] = ["openai", "responses", "anthropic", "gemini"];

/// What is known of an endpoint that is to be made: its format, base URL and the way of its credential.
#[must_use]
pub fn defaults(known: Option<&Provider>, dialect: Option<&str>, base_url: Option<&str>) -> Also {
    let Some(known) = known else { return Also { dialect: "openai", base_url: "", auth: AuthStyle::Bearer } };
    let plain = Also { dialect: known.dialect, base_url: known.base_url, auth: known.auth };
    let fits = |also: &&Also| match (dialect, base_url) {
        (Some(dialect), _) => also.dialect == dialect && dialect != known.dialect,
        (None, base_url) => base_url == Some(also.base_url),
    };
    known.also.iter().find(fits).copied().unwrap_or(plain)
}

/// The provider of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Provider> {
    KNOWN.iter().find(|provider| provider.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_format_of_a_provider_is_found_by_its_name_or_its_address() {
        let google = find("google");
        let native = defaults(google, Some("gemini"), None);
        assert_eq!(
            (native.base_url, native.auth),
            (google.unwrap().also[0].base_url, AuthStyle::XGoogApiKey)
        );
        assert_eq!(defaults(google, None, Some(native.base_url)), native);
        assert_eq!(defaults(google, None, None).dialect, "openai");
        assert_eq!(defaults(google, Some("openai"), None).auth, AuthStyle::Bearer);
        assert_eq!(defaults(None, Some("gemini"), None).base_url, "");
        assert_eq!(defaults(find("vertex"), Some("anthropic"), None).auth, AuthStyle::GoogleServiceAccount);
        for provider in KNOWN {
            let spoken = provider.also.iter().map(|also| also.dialect).chain([provider.dialect]);
            assert!(spoken.into_iter().all(|dialect| DIALECTS.contains(&dialect)), "{}", provider.name);
        }
    }

    #[test]
    fn every_row_can_be_filled_in_and_none_is_there_twice() {
        for (place, provider) in KNOWN.iter().enumerate() {
            assert!(KNOWN[..place].iter().all(|other| other.name != provider.name), "{}", provider.name);
            let addressed = [provider.base_url, provider.example].iter().any(|url| url.starts_with("http"));
            assert!(addressed || provider.name == "custom", "{} says nowhere where it is", provider.name);
            assert!(!provider.base_url.ends_with('/') && !provider.label.is_empty(), "{}", provider.name);
        }
    }

    #[test]
    fn the_price_book_knows_the_providers_that_are_paid() {
        let free = ["ollama", "vllm", "sglang", "llama-cpp", "lm-studio", "litellm", "nvidia", "custom"];
        let book = include_str!("../../../deploy/prices/book.jsonl");
        let book = weir_contract::price::PriceBook::parse(book).unwrap();
        for provider in KNOWN.iter().filter(|provider| !free.contains(&provider.name)) {
            assert!(book.rows().iter().any(|row| row.provider == provider.name), "{}", provider.name);
        }
    }

    #[test]
    fn how_a_provider_deviates_is_said_under_the_name_it_has_here() {
        for row in weir_wire::Quirks::all() {
            assert!(find(row.provider).is_some(), "no provider here is called `{}`", row.provider);
        }
    }
}
