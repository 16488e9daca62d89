//! How a session can end, what the record is told of it, and what each side hears.

use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};
use weir_contract::record::{Outcome, Side};
use weir_wire::{Answer, ApiError, Dialect, ErrorSource, write_error};

use crate::exchange::Exchange;
use crate::upstream::Upstream;

/// Most bytes of a reason: a control frame has room for 125, two of which are the code (RFC 6455, section 5.5).
const REASON_BYTES_MAX: usize = 123;

/// Why a session ended.
#[derive(Debug)]
pub(super) enum Ending {
    /// The client closed it, in these words.
    ClientClosed(Option<CloseFrame>),
    /// The client is gone without a word.
    ClientGone,
    /// The client sent what may not be sent.
    ClientWrong(CloseCode, String),
    /// The provider closed it, in these words.
    ProviderClosed(Option<CloseFrame>),
    /// The provider is gone, or sent what cannot be read.
    ProviderBroke(String),
    /// Neither side said anything for that many ms.
    Idle(u128),
    /// It took longer than it may.
    TooLong,
    /// The policy changed: it may not go on.
    Stopped(String),
    /// The gateway stops.
    Stopping,
}

/// What went wrong, for the record.
pub(super) struct Trouble {
    pub(super) outcome: Outcome,
    pub(super) side: Side,
    pub(super) kind: &'static str,
    pub(super) message: String,
}

impl Ending {
    /// How a client's stream of messages ended.
    pub(super) fn of_client(error: Option<Error>, most: usize) -> Self {
        match error {
            Some(Error::Capacity(_)) => {
                let words = format!("a message is larger than this gateway takes: at most {most} bytes");
                Self::ClientWrong(CloseCode::Size, words)
            }
            Some(Error::Utf8(_)) => Self::ClientWrong(CloseCode::Invalid, "a text is not UTF-8".to_owned()),
            Some(Error::Protocol(error)) if !is_reset(&error) => {
                Self::ClientWrong(CloseCode::Protocol, error.to_string())
            }
            _ => Self::ClientGone,
        }
    }

    /// How a provider's did.
    pub(super) fn of_provider(error: Option<&Error>) -> Self {
        let words = error.map_or_else(|| "it closed the connection".to_owned(), ToString::to_string);
        Self::ProviderBroke(words)
    }

    /// Whether the client is not there any more.
    pub(super) const fn client_left(&self) -> bool {
        matches!(self, Self::ClientClosed(_) | Self::ClientGone)
    }

    /// What went wrong, if anything did. What ends between two answers ends well, unless the provider broke off.
    pub(super) fn trouble(&self, answer: &Answer) -> Option<Trouble> {
        let trouble = |outcome, side, kind, message: String| Some(Trouble { outcome, side, kind, message });
        let within = !answer.complete;
        let provider = |kind, message| trouble(Outcome::UpstreamError, Side::Provider, kind, message);
        let of_itself = match self {
            Self::ClientGone => {
                let words = "the client left without closing the session".to_owned();
                trouble(Outcome::Cancelled, Side::Client, "cut", words)
            }
            Self::ClientClosed(_) if within => {
                let words = "the client closed the session within an answer".to_owned();
                trouble(Outcome::Cancelled, Side::Client, "cut", words)
            }
            Self::ClientWrong(_, words) => {
                trouble(Outcome::ClientError, Side::Client, "bad_request", words.clone())
            }
            Self::ProviderBroke(words) => {
                provider("cut", format!("the provider broke the session off: {words}"))
            }
            Self::ProviderClosed(frame) if within || !is_plain(frame.as_ref()) => {
                provider("cut", format!("the provider closed the session: {}", words_of(frame.as_ref())))
            }
            Self::Idle(_) | Self::TooLong if within => {
                trouble(Outcome::Timeout, Side::Provider, "timeout", self.words())
            }
            Self::Stopped(words) => trouble(Outcome::ClientError, Side::Client, "stopped", words.clone()),
            Self::Stopping if within => trouble(Outcome::UpstreamError, Side::Gateway, "cut", self.words()),
            _ => None,
        };
        of_itself.or_else(|| {
            let fault = answer.stopped_by_error.as_ref()?;
            provider(fault.kind.name(), fault.message.clone())
        })
    }

    fn words(&self) -> String {
        match self {
            Self::ClientClosed(_) | Self::ClientGone | Self::ClientWrong(..) => "the client left".to_owned(),
            Self::ProviderClosed(frame) => words_of(frame.as_ref()),
            Self::ProviderBroke(_) => "the provider broke the session off".to_owned(),
            Self::Idle(ms) => format!("neither side said anything for {ms} ms"),
            Self::TooLong => "the session took longer than it may".to_owned(),
            Self::Stopped(words) => words.clone(),
            Self::Stopping => {
                "this gateway stops: open the session again, another one will take it".to_owned()
            }
        }
    }

    /// The last messages for the client: an error event where the session did not end by anybody's will, and the close.
    pub(super) fn for_client(&self, exchange: &Exchange, upstream: &Upstream) -> Vec<Message> {
        let code = match self {
            Self::ClientClosed(_) | Self::ClientGone => return Vec::new(),
            Self::ProviderClosed(frame) => return vec![Message::Close(frame.clone())],
            Self::ClientWrong(code, words) => return vec![close(*code, words)],
            Self::Stopped(words) => return vec![close(CloseCode::Policy, words)],
            Self::Stopping | Self::Idle(_) | Self::TooLong => CloseCode::Away,
            Self::ProviderBroke(_) => CloseCode::Error,
        };
        let words = self.words();
        let status = match self {
            Self::Stopping => None,
            Self::ProviderBroke(_) => Some((502, "upstream_error")),
            _ => Some((504, "upstream_timeout")),
        };
        let event = status.map(|(status, code)| {
            let mut api = ApiError::new(status, "api_error", code, words.clone());
            api.source = ErrorSource::Provider;
            api.provider = Some(upstream.entry.provider.clone());
            api.request_id = exchange.id_header.to_str().ok().map(str::to_owned);
            error_event(&api)
        });
        event.into_iter().chain([close(code, &words)]).collect()
    }

    /// The last message for the provider.
    pub(super) fn for_provider(&self) -> Option<Message> {
        match self {
            Self::ProviderClosed(_) | Self::ProviderBroke(_) => None,
            Self::ClientClosed(frame) => Some(Message::Close(frame.clone())),
            _ => Some(close(CloseCode::Away, "")),
        }
    }
}

/// An error as an event of the Realtime API.
fn error_event(error: &ApiError) -> Message {
    let (_, body) = write_error(Dialect::OpenAi, error);
    let rest = body.get(1..).and_then(|rest| std::str::from_utf8(rest).ok()).unwrap_or("}");
    Message::text(format!("{{\"type\":\"error\",{rest}"))
}

fn close(code: CloseCode, words: &str) -> Message {
    let end = words.floor_char_boundary(REASON_BYTES_MAX);
    Message::Close(Some(CloseFrame { code, reason: words[..end].into() }))
}

const fn is_reset(error: &tokio_tungstenite::tungstenite::error::ProtocolError) -> bool {
    matches!(error, tokio_tungstenite::tungstenite::error::ProtocolError::ResetWithoutClosingHandshake)
}

/// Whether a close says that all is well.
fn is_plain(frame: Option<&CloseFrame>) -> bool {
    frame.is_none_or(|frame| matches!(frame.code, CloseCode::Normal | CloseCode::Away))
}

fn words_of(frame: Option<&CloseFrame>) -> String {
    frame.map_or_else(
        || "without a code".to_owned(),
        |frame| format!("{} {}", u16::from(frame.code), frame.reason.as_str()),
    )
}
