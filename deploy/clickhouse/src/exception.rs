//! Failures as ClickHouse tells them: a number, a name, a text, and the HTTP status that goes with the number.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

/// A refusal or failure with ClickHouse's own error number, so that clients need no special case for us.
#[derive(Debug, Clone)]
pub(crate) struct Exception {
    code: u32,
    message: String,
    status: Option<StatusCode>,
}

impl Exception {
    /// A failure found by this program, worded like the server's own.
    pub(crate) fn new(code: u32, name: &str, text: impl AsRef<str>) -> Self {
        let message = format!("Code: {code}. DB::Exception: {}. ({name})", text.as_ref());
        Self { code, message, status: None }
    }

    /// A failure told by the engine; the number is read from its text.
    pub(crate) fn engine(message: impl Into<String>) -> Self {
        let message = message.into();
        let digits = message.split_once("Code: ").map_or("", |(_, rest)| rest);
        let digits = digits.split(|c: char| !c.is_ascii_digit()).next().unwrap_or("");
        Self { code: digits.parse().unwrap_or(1000), message, status: None }
    }

    /// A value the request may not have.
    pub(crate) fn bad_argument(text: impl AsRef<str>) -> Self {
        Self::new(36, "BAD_ARGUMENTS", text)
    }

    /// A text that is no statement.
    pub(crate) fn syntax(text: impl AsRef<str>) -> Self {
        Self::new(62, "SYNTAX_ERROR", text)
    }

    /// Something the embedded engine must not do.
    pub(crate) fn denied(text: impl AsRef<str>) -> Self {
        Self::new(497, "ACCESS_DENIED", text)
    }

    /// The connection broke before the body was whole.
    pub(crate) fn broken_body(error: impl std::fmt::Display) -> Self {
        Self::new(210, "NETWORK_ERROR", format!("The request body could not be read: {error}"))
    }

    /// Sets a status that the number alone does not tell.
    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = Some(status);
        self
    }

    /// The text a client shows, ending in a line break.
    pub(crate) fn text(&self) -> String {
        format!("{}\n", self.message.trim_end())
    }

    /// The closing block of a reply that failed after its first byte, as servers since 25.11 write it.
    pub(crate) fn block(&self, tag: &str) -> String {
        let text = self.text();
        let length = text.len();
        format!("\r\n__exception__\r\n{tag}\r\n{text}{length} {tag}\r\n__exception__\r\n")
    }

    fn status(&self) -> StatusCode {
        self.status.unwrap_or(match self.code {
            60 | 81 | 46 | 47 => StatusCode::NOT_FOUND,
            62 | 27 | 26 | 36 | 53 | 115 | 210 | 216 | 456 => StatusCode::BAD_REQUEST,
            516 | 497 | 164 => StatusCode::FORBIDDEN,
            159 => StatusCode::REQUEST_TIMEOUT,
            202 => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        })
    }
}

impl IntoResponse for Exception {
    fn into_response(self) -> Response {
        let mut reply = (self.status(), self.text()).into_response();
        let headers = reply.headers_mut();
        headers.insert("X-ClickHouse-Exception-Code", HeaderValue::from(self.code));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=UTF-8"));
        reply
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_read_from_the_engines_text() {
        let exception = Exception::engine("Code: 60. DB::Exception: Unknown table. (UNKNOWN_TABLE)");
        assert_eq!((exception.code, exception.status()), (60, StatusCode::NOT_FOUND));
        assert_eq!(Exception::engine("std::bad_alloc").code, 1000);
    }

    #[test]
    fn the_closing_block_counts_its_message_with_the_line_break() {
        let exception = Exception::engine("Code: 1. x");
        let block = exception.block("abcdefghijklmnop");
        assert!(block.ends_with("Code: 1. x\n11 abcdefghijklmnop\r\n__exception__\r\n"), "{block:?}");
    }
}
