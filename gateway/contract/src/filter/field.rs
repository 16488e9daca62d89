//! The fields a filter may name, and what their values are.

use std::fmt;

use crate::money::Money;

macro_rules! fields {
    ($($(#[$doc:meta])* $variant:ident $name:literal $kind:ident),+ $(,)?) => {
        /// A field of a request.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum Field {
            $($(#[$doc])* $variant,)+
            /// A tag by name (`tag.feature`).
            Tag(String),
        }

        impl Field {
            /// Names of all fields but tags.
            pub const NAMES: &[&str] = &[$($name),+];

            /// The field of that name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)+
                    _ => name.strip_prefix("tag.").filter(|tag| !tag.is_empty()).map(|tag| Self::Tag(tag.to_owned())),
                }
            }

            /// What its values are.
            #[must_use]
            pub const fn kind(&self) -> Kind {
                match self { $(Self::$variant => Kind::$kind,)+ Self::Tag(_) => Kind::Text }
            }
        }

        impl fmt::Display for Field {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self { $(Self::$variant => f.write_str($name),)+ Self::Tag(tag) => write!(f, "tag.{tag}") }
            }
        }
    };
}

fields! {
    /// The customer.
    Customer "customer" Text,
    /// The caller's user.
    User "user" Text,
    /// The key, by id or name.
    Key "key" Text,
    /// The model served or asked for.
    Model "model" Text,
    /// The provider.
    Provider "provider" Text,
    /// The endpoint.
    Endpoint "endpoint" Text,
    /// The rule that chose the target.
    Rule "rule" Text,
    /// The prompt, `name` or `name@version`.
    Prompt "prompt" Text,
    /// The outcome; `error` stands for every outcome that is none of the caller's wishes.
    Status "status" Status,
    /// Kind of error.
    Error "error" Text,
    /// Finish reason.
    Finish "finish" Text,
    /// What the cache did.
    Cached "cached" Text,
    /// A guardrail that acted.
    Guardrail "guardrail" Text,
    /// Cost of the request.
    Cost "cost" Money,
    /// Tokens read.
    TokensIn "tokens.in" Count,
    /// Tokens written.
    TokensOut "tokens.out" Count,
    /// Time to the first token.
    Ttft "ttft" Duration,
    /// Whole duration.
    Latency "latency" Duration,
    /// The gateway that served it.
    Gateway "gateway" Text,
    /// The session.
    Session "session" Text,
    /// The trace.
    Trace "trace" Text,
    /// The environment.
    Env "env" Text,
    /// The request id.
    Id "id" Text,
    /// What it was made for.
    Origin "origin" Text,
    /// The route (`v1/messages`).
    Api "api" Text,
}

/// What a field's values are, and the unit numbers are kept in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// An outcome's name, or `error`.
    Status,
    /// Dollars, kept as nano-dollars.
    Money,
    /// A count; `k` and `M` are understood.
    Count,
    /// A duration, kept in µs; `us`, `ms`, `s`, `m` are understood, a bare number is milliseconds.
    Duration,
}

impl Kind {
    /// Whether values are compared as numbers.
    #[must_use]
    pub const fn is_number(self) -> bool {
        matches!(self, Self::Money | Self::Count | Self::Duration)
    }

    /// Reads a number in the field's own unit.
    pub(super) fn read(self, text: &str) -> Option<i64> {
        match self {
            Self::Text | Self::Status => None,
            Self::Money => Money::parse_usd(text.strip_prefix('$').unwrap_or(text)).ok().map(Money::nano),
            Self::Count => scaled(text, &[("k", 1_000), ("M", 1_000_000), ("", 1)]),
            Self::Duration => {
                scaled(text, &[("us", 1), ("ms", 1_000), ("s", 1_000_000), ("m", 60_000_000), ("", 1_000)])
            }
        }
    }

    /// Writes a number so that [`Kind::read`] gives it back.
    pub(super) fn write(self, number: i64) -> String {
        match self {
            Self::Money => Money::from_nano(number).usd_exact(),
            Self::Duration if number % 1000 == 0 => format!("{}ms", number / 1000),
            Self::Duration => format!("{number}us"),
            Self::Text | Self::Status | Self::Count => number.to_string(),
        }
    }

    /// What a value should look like, for errors.
    pub(super) const fn example(self) -> &'static str {
        match self {
            Self::Text => "a name, like acme or gpt-5*",
            Self::Status => "an outcome, like ok, error or timeout",
            Self::Money => "dollars, like 0.05",
            Self::Count => "a count, like 1200 or 12k",
            Self::Duration => "a duration, like 800ms, 1.5s or 2m",
        }
    }
}

fn scaled(text: &str, units: &[(&str, i64)]) -> Option<i64> {
    let (digits, scale) = units.iter().find_map(|(unit, scale)| Some((text.strip_suffix(unit)?, *scale)))?;
    // Money reads decimals exactly; nine of them are finer than any unit here.
    let nano = i128::from(Money::parse_usd(digits).ok()?.nano()) * i128::from(scale);
    i64::try_from(nano / 1_000_000_000).ok()
}
