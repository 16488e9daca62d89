//! What went wrong upstream. Providers write errors in a dozen shapes; what matters is the kind, and whether another
//! try can help: OpenAI's 429 alone means "slow down", "too large" and "pay", and only the first may be tried again.

use std::borrow::Cow;

use crate::{dialect::Dialect, json::View};

/// How much of a provider's message is kept, in bytes.
const MESSAGE_BYTES_MAX: usize = 2000;

/// The kinds of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Slow down; the same request will be taken later.
    RateLimited,
    /// Pay: the account is out of credit or beyond its own limit.
    QuotaExhausted,
    /// The request is too large and always will be.
    TooLarge,
    /// The conversation does not fit the model.
    ContextLength,
    /// The provider's filter refused it.
    ContentFilter,
    /// The credential is not accepted or not allowed to do this.
    Auth,
    /// No such model or route.
    NotFound,
    /// The request is wrong.
    BadRequest,
    /// The provider has no room now.
    Overloaded,
    /// The provider failed.
    Server,
    /// No answer in time.
    Timeout,
    /// No connection.
    Connect,
    /// The answer ended before it was whole.
    Cut,
    /// None of these.
    Unknown,
}

impl FaultKind {
    /// The name in rows, metrics and pages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RateLimited => "rate_limited",
            Self::QuotaExhausted => "quota_exhausted",
            Self::TooLarge => "too_large",
            Self::ContextLength => "context_length",
            Self::ContentFilter => "content_filter",
            Self::Auth => "auth",
            Self::NotFound => "not_found",
            Self::BadRequest => "bad_request",
            Self::Overloaded => "overloaded",
            Self::Server => "server",
            Self::Timeout => "timeout",
            Self::Connect => "connect",
            Self::Cut => "cut",
            Self::Unknown => "unknown",
        }
    }

    /// OpenAI's class for it, and the code its clients act on; an empty code leaves the provider's.
    pub(crate) const fn openai_words(self) -> (&'static str, &'static str) {
        match self {
            Self::RateLimited => ("rate_limit_error", "rate_limit_exceeded"),
            Self::QuotaExhausted => ("insufficient_quota", "insufficient_quota"),
            Self::TooLarge => ("invalid_request_error", "request_too_large"),
            Self::ContextLength => ("invalid_request_error", "context_length_exceeded"),
            Self::ContentFilter => ("invalid_request_error", "content_filter"),
            Self::Auth => ("authentication_error", ""),
            Self::NotFound => ("invalid_request_error", "model_not_found"),
            Self::BadRequest => ("invalid_request_error", ""),
            Self::Overloaded => ("server_error", "overloaded"),
            Self::Timeout | Self::Connect | Self::Cut | Self::Server | Self::Unknown => ("server_error", ""),
        }
    }

    /// The status that says it where the provider gave none.
    pub(crate) const fn status(self) -> u16 {
        match self {
            Self::RateLimited | Self::QuotaExhausted => 429,
            Self::TooLarge => 413,
            Self::ContextLength | Self::ContentFilter | Self::BadRequest => 400,
            Self::Auth => 401,
            Self::NotFound => 404,
            Self::Overloaded => 503,
            Self::Timeout => 504,
            Self::Server | Self::Connect | Self::Cut | Self::Unknown => 502,
        }
    }

    /// Whether the same request to the same endpoint may succeed soon.
    #[must_use]
    pub const fn may_retry(self) -> bool {
        matches!(
            self,
            Self::RateLimited | Self::Overloaded | Self::Server | Self::Timeout | Self::Connect | Self::Cut
        )
    }

    /// Whether another endpoint may take the request: everything that is not the request's own fault.
    #[must_use]
    pub const fn may_fall_back(self) -> bool {
        !matches!(self, Self::BadRequest | Self::ContentFilter | Self::TooLarge | Self::ContextLength)
    }
}

/// A failure of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamFault {
    /// What kind.
    pub kind: FaultKind,
    /// HTTP status, zero when there was none or the error came inside a 200 stream.
    pub status: u16,
    /// The provider's message, bounded.
    pub message: String,
    /// The provider's code, or its type where it has no code.
    pub code: String,
    /// Whether the same endpoint may be tried again: the kind's answer unless the provider said otherwise.
    pub may_retry: bool,
    /// How long the provider asks to wait, in milliseconds.
    pub retry_after_ms: Option<u64>,
}

impl UpstreamFault {
    /// A failure without an answer from the provider ([`FaultKind::Timeout`], [`FaultKind::Connect`], [`FaultKind::Cut`]).
    pub fn local(kind: FaultKind, message: impl Into<String>) -> Self {
        let may_retry = kind.may_retry();
        Self {
            kind,
            status: 0,
            message: message.into(),
            code: kind.name().to_owned(),
            may_retry,
            retry_after_ms: None,
        }
    }
}

/// Reads a provider's error answer. `header` looks up a response header by its lower-case name.
#[must_use]
pub fn read_error<'h>(
    dialect: Dialect,
    status: u16,
    header: impl Fn(&str) -> Option<&'h str>,
    body: &[u8],
) -> UpstreamFault {
    let text = String::from_utf8_lossy(body);
    let mut fault = read_shape(dialect, status, &text);
    match header("x-should-retry") {
        // What can only be paid for or made smaller stays as it is, whatever a proxy in between says.
        Some("true") => {
            fault.may_retry |= fault.kind.may_fall_back() && fault.kind != FaultKind::QuotaExhausted;
        }
        Some("false") => fault.may_retry = false,
        _ => {}
    }
    let millis = |name, scale: u64| {
        let whole = header(name)?.split('.').next()?.trim().parse::<u64>().ok()?;
        whole.checked_mul(scale)
    };
    let asked = millis("retry-after-ms", 1).or_else(|| millis("retry-after", 1000));
    fault.retry_after_ms = asked.or_else(|| crate::gemini::error::wait_ms(&text));
    fault
}

/// Reads the error in an event of a stream that began well; `None` when it is no error.
pub(crate) fn read_stream_error(dialect: Dialect, name: &str, data: &str) -> Option<UpstreamFault> {
    let root = View::of_text(data);
    let said = root.get("error").is_some_and(|error| error.is_object() || error.is_text());
    (said || name == "error").then(|| {
        let status =
            root.get("error").and_then(|error| error.get("status_code").or_else(|| error.get("code")));
        let status = status.and_then(|code| code.count()).and_then(|code| u16::try_from(code).ok());
        let mut fault = read_shape(dialect, status.unwrap_or(0), data);
        fault.status = 0;
        fault
    })
}

/// The words of an error body, whatever its shape.
struct Words<'a> {
    message: Cow<'a, str>,
    type_: Cow<'a, str>,
    code: Cow<'a, str>,
}

fn words(text: &str) -> Words<'_> {
    let root = first_of(View::of_text(text));
    let error = root.get("error").unwrap_or(root);
    let text_of =
        |view: View<'_>, key: &str| view.get(key).and_then(|found| found.filled_text()).map(Cow::into_owned);
    let message = error.filled_text().map(Cow::into_owned);
    let message = message.or_else(|| text_of(error, "message")).or_else(|| text_of(root, "message"));
    let message = message.or_else(|| text_of(root, "detail"));
    let code = error.get("code").or_else(|| root.get("code"));
    let code = code.map(|code| code.filled_text().unwrap_or(Cow::Borrowed(code.raw())));
    Words {
        message: message.map_or_else(|| Cow::Borrowed(text.trim()), Cow::Owned),
        type_: text_of(error, "type")
            .or_else(|| text_of(error, "status"))
            .map_or(Cow::Borrowed(""), Cow::Owned),
        code: code.unwrap_or_default(),
    }
}

/// Gemini puts an error into an array where it was asked for one.
fn first_of(root: View<'_>) -> View<'_> {
    root.items().next().unwrap_or(root)
}

fn read_shape(dialect: Dialect, status: u16, text: &str) -> UpstreamFault {
    let words = words(text);
    let named = match dialect {
        Dialect::OpenAi | Dialect::Responses => crate::openai::error::kind_of(&words.type_, &words.code),
        Dialect::Anthropic => crate::anthropic::error::kind_of(&words.type_),
        Dialect::Gemini => crate::gemini::error::kind_of(&words.type_, text),
    };
    let waits = dialect == Dialect::Gemini && named == Some(FaultKind::RateLimited);
    let by_message = kind_by_message(&words.message, status).filter(|_| !waits);
    let kind = by_message.or(named).unwrap_or_else(|| kind_by_status(status));
    let code =
        if words.code.is_empty() || words.code.parse::<u16>().is_ok() { words.type_ } else { words.code };
    let (message, may_retry) = (bounded(&words.message, MESSAGE_BYTES_MAX).to_owned(), kind.may_retry());
    UpstreamFault {
        kind,
        status,
        message,
        code: bounded(&code, 200).to_owned(),
        may_retry,
        retry_after_ms: None,
    }
}

/// What only the prose says.
fn kind_by_message(message: &str, status: u16) -> Option<FaultKind> {
    if !(400..500).contains(&status) && status != 0 {
        return None;
    }
    let message = bounded(message, MESSAGE_BYTES_MAX).to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if status == 429 && says(&["request too large"]) {
        return Some(FaultKind::TooLarge);
    }
    if says(&["credit balance is too low", "exceeded your current quota"]) {
        return Some(FaultKind::QuotaExhausted);
    }
    let too_long = [
        "maximum context length",
        "prompt is too long",
        "prompt too long",
        "context window",
        "total length of all messages",
        "exceeds the maximum number of tokens",
        "input is too long for requested model",
        "too many tokens: size limit exceeded",
    ];
    says(&too_long).then_some(FaultKind::ContextLength)
}

const fn kind_by_status(status: u16) -> FaultKind {
    match status {
        402 => FaultKind::QuotaExhausted,
        401 | 403 => FaultKind::Auth,
        404 => FaultKind::NotFound,
        408 | 504 => FaultKind::Timeout,
        413 => FaultKind::TooLarge,
        429 => FaultKind::RateLimited,
        // Bedrock's model failed, not the caller.
        424 => FaultKind::Server,
        503 | 529 => FaultKind::Overloaded,
        400..=499 => FaultKind::BadRequest,
        500..=599 => FaultKind::Server,
        _ => FaultKind::Unknown,
    }
}

/// The start of the text, at most that many bytes, cut between characters.
pub(crate) fn bounded(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(dialect: Dialect, status: u16, body: &str) -> UpstreamFault {
        read_error(dialect, status, |_| None, body.as_bytes())
    }

    #[test]
    fn the_three_meanings_of_429_are_told_apart() {
        let kind = |body: &str| read(Dialect::OpenAi, 429, body).kind;
        let slow = r#"{"error":{"message":"Rate limit reached for m: Limit 3, Used 3. Please try again in 20ms.","type":"tokens","param":null,"code":"rate_limit_exceeded"}}"#;
        let large = r#"{"error":{"message":"Request too large for m on tokens per min (TPM): Limit 3, Requested 4.","type":"tokens","param":null,"code":"rate_limit_exceeded"}}"#;
        let pay = r#"{"error":{"message":"You exceeded your current quota.","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}"#;
        assert_eq!(
            [kind(slow), kind(large), kind(pay)],
            [FaultKind::RateLimited, FaultKind::TooLarge, FaultKind::QuotaExhausted]
        );
        assert_eq!([kind(slow), kind(large), kind(pay)].map(FaultKind::may_retry), [true, false, false]);
    }

    #[test]
    fn every_shape_of_error_body_gives_its_message() {
        for (body, message, code) in [
            (r#"{"error":{"message":"m","type":"t","param":null,"code":"c"}}"#, "m", "c"),
            (r#"{"error":{"code":401,"message":"m"},"user_id":"u"}"#, "m", ""),
            (r#"{"error":{"message":"m","type":"t","code":401}}"#, "m", "t"),
            (r#"{"code":"c","error":"m"}"#, "m", "c"),
            (r#"{"error":"m"}"#, "m", ""),
            (r#"{"message":"m"}"#, "m", ""),
            (r#"{"detail":"m"}"#, "m", ""),
            (r#"{"code":"c","message":"m","request_id":"r"}"#, "m", "c"),
            ("<html>bad gateway</html>\n", "<html>bad gateway</html>", ""),
            ("", "", ""),
        ] {
            let fault = read(Dialect::OpenAi, 401, body);
            assert_eq!(
                (fault.message.as_str(), fault.code.as_str(), fault.kind),
                (message, code, FaultKind::Auth),
                "{body}"
            );
        }
    }

    #[test]
    fn anthropic_words_are_understood_and_the_provider_may_overrule_retrying() {
        let body = br#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
        let fault =
            read_error(Dialect::Anthropic, 529, |name| (name == "x-should-retry").then_some("false"), body);
        assert_eq!(
            (fault.kind, fault.may_retry, fault.code.as_str()),
            (FaultKind::Overloaded, false, "overloaded_error")
        );
        let long = r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 9 tokens > 8 maximum"}}"#;
        assert_eq!(read(Dialect::Anthropic, 400, long).kind, FaultKind::ContextLength);
        let poor = r#"{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to use the API."}}"#;
        assert_eq!(read(Dialect::Anthropic, 400, poor).kind, FaultKind::QuotaExhausted);
    }

    #[test]
    fn the_wait_a_provider_asks_for_is_read_in_milliseconds() {
        let wait = |name: &'static str, value: &'static str| {
            read_error(Dialect::OpenAi, 429, |asked| (asked == name).then_some(value), b"{}").retry_after_ms
        };
        assert_eq!(wait("retry-after", "2"), Some(2000));
        assert_eq!(wait("retry-after-ms", "174.5"), Some(174));
        assert_eq!(wait("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT"), None);
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let fault = read(Dialect::OpenAi, 500, &"é".repeat(5000));
        assert_eq!(fault.message.len(), MESSAGE_BYTES_MAX);
    }
}
