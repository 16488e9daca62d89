//! One message to the next page, in a cookie that lives for that page only.

use http::{HeaderMap, HeaderValue};
use weir_web::shell::{self, Tone};

use crate::auth;

const COOKIE: &str = "weir_flash";
/// Longer messages are cut: a cookie is no place for an essay.
const CHARS_MAX: usize = 600;

/// What just happened, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flash {
    tone: Tone,
    text: String,
}

impl Flash {
    /// It worked.
    pub(super) fn ok(text: impl Into<String>) -> Self {
        Self { tone: Tone::Ok, text: text.into() }
    }

    /// It failed.
    pub(super) fn bad(text: impl Into<String>) -> Self {
        Self { tone: Tone::Bad, text: text.into() }
    }

    /// The message a request carries.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let (tone, text) = auth::cookie(headers, COOKIE)?.split_once('.')?;
        let tone = [Tone::Ok, Tone::Warn, Tone::Bad].into_iter().find(|known| known.class() == tone)?;
        Some(Self { tone, text: read(text)? })
    }

    /// The message on its way.
    pub(super) fn set_cookie(&self) -> HeaderValue {
        let text: String = self.text.chars().take(CHARS_MAX).collect();
        cookie(&format!("{}.{}", self.tone.class(), write(&text)), 60)
    }

    /// The end of any message.
    pub(super) fn clear_cookie() -> HeaderValue {
        cookie("", 0)
    }

    pub(super) fn shown(self) -> shell::Flash {
        shell::Flash { tone: self.tone, text: self.text, link: None }
    }
}

fn cookie(value: &str, seconds: u32) -> HeaderValue {
    let text = format!("{COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax");
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// Hex: everything else would need rules for what a cookie may hold.
fn write(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn read(hex: &str) -> Option<String> {
    let pairs = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok());
    let bytes: Option<Vec<u8>> = pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect();
    String::from_utf8(bytes?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::COOKIE as HEADER;

    #[test]
    fn a_message_arrives_as_it_was_said() {
        let flash = Flash::ok("Key “é; a=b” revoked.");
        let sent = flash.set_cookie();
        let pair = sent.to_str().unwrap().split(';').next().unwrap().to_owned();
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, HeaderValue::from_str(&pair).unwrap());
        assert_eq!(Flash::of(&headers), Some(flash));
    }

    #[test]
    fn nonsense_is_no_message() {
        for nonsense in ["weir_flash=ok", "weir_flash=ok.zz", "weir_flash=loud.61", "other=ok.61"] {
            let mut headers = HeaderMap::new();
            headers.insert(HEADER, HeaderValue::from_static(nonsense));
            assert_eq!(Flash::of(&headers), None, "{nonsense}");
        }
    }
}
