//! A stretch of time as people write it on a command line: `90s`, `30m`, `24h`, `7d`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Whole seconds, and the way they were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Span {
    seconds: u64,
    written: String,
}

impl Span {
    /// How many seconds.
    pub(super) const fn seconds(&self) -> u64 {
        self.seconds
    }

    /// The same, to wait for.
    pub(super) const fn duration(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

impl FromStr for Span {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no stretch of time: write it like 90s, 30m, 24h or 7d");
        let unit = text.chars().last().ok_or_else(wrong)?;
        let each = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            _ => return Err(wrong()),
        };
        let number: u64 = text.trim_end_matches(unit).parse().map_err(|_| wrong())?;
        let seconds = number.checked_mul(each).filter(|seconds| *seconds < 1 << 32).ok_or_else(wrong)?;
        Ok(Self { seconds, written: text.to_owned() })
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_read_as_written_and_anything_else_is_refused_with_an_example() {
        let seconds = |text: &str| text.parse::<Span>().map(|span| span.seconds());
        assert_eq!((seconds("90s"), seconds("24h"), seconds("7d")), (Ok(90), Ok(86_400), Ok(604_800)));
        for wrong in ["", "24", "h", "1.5h", "-1h", "99999999999d", "1µ"] {
            assert!(seconds(wrong).unwrap_err().contains("24h"), "{wrong}");
        }
    }
}
