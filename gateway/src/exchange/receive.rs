//! Taking in a request's body: bounded in size, in time, and in what it may unpack to.

use std::io::Read as _;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::request::Parts;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::time::timeout;
use weir_contract::record::Outcome;

use super::{Exchange, headers, micros};
use crate::error::Refusal;

/// How many times larger than what was sent a body may unpack to.
const RATIO_MAX: usize = 100;

/// Up to which size a body is copied out of the buffer of its connection, which is 8 KB at first. It is kept until the
/// journal has it: a small one would keep the whole buffer so long, and the next request would need a fresh one.
const COPIED_MAX: usize = 4096;

/// The body without the buffer it came in, where that would be kept for little.
pub(super) fn unshared(body: Bytes) -> Bytes {
    if body.len() <= COPIED_MAX { Bytes::copy_from_slice(&body) } else { body }
}

/// Reads the whole body. The time it takes is the client's, not ours.
pub(crate) async fn receive(
    exchange: &mut Exchange,
    head: &Parts,
    incoming: Incoming,
) -> Result<Bytes, Refusal> {
    let begun = std::time::Instant::now();
    let most = exchange.handles.config.limits.request_bytes_max;
    let body = collect(exchange, head, incoming, most).await?;
    let body = match encoding_of(head)? {
        None => body,
        Some(encoding) => unpack(encoding, body, most).await?,
    };
    exchange.waited_us += micros(begun);
    exchange.record.request_bytes = body.len() as u64;
    exchange.kept.keep(&body, head, exchange.log);
    Ok(body)
}

async fn collect(
    exchange: &Exchange,
    head: &Parts,
    mut incoming: Incoming,
    most: usize,
) -> Result<Bytes, Refusal> {
    let announced =
        head.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|announced| announced > most) {
        return Err(too_large(most));
    }
    let idle = exchange.handles.config.timeouts.body_idle();
    let mut first: Option<Bytes> = None;
    let mut whole = BytesMut::new();
    loop {
        let frame = timeout(idle, incoming.frame()).await.map_err(|_| slow())?;
        let Some(frame) = frame else { break };
        let Ok(data) = frame.map_err(|error| broken(&error))?.into_data() else { continue };
        // A large body that comes in one piece is not copied.
        match first.take() {
            None if whole.is_empty() => first = Some(data),
            earlier => {
                if whole.is_empty() {
                    whole.reserve(announced.unwrap_or(0).min(most));
                }
                earlier.iter().for_each(|earlier| whole.extend_from_slice(earlier));
                whole.extend_from_slice(&data);
            }
        }
        if whole.len() + first.as_ref().map_or(0, Bytes::len) > most {
            return Err(too_large(most));
        }
    }
    Ok(first.map_or_else(|| whole.freeze(), unshared))
}

#[derive(Clone, Copy)]
enum Encoding {
    Gzip,
    Zstd,
}

fn encoding_of(head: &Parts) -> Result<Option<Encoding>, Refusal> {
    match headers::lenient(&head.headers, &CONTENT_ENCODING) {
        None | Some("identity") => Ok(None),
        Some("gzip" | "x-gzip") => Ok(Some(Encoding::Gzip)),
        Some("zstd") => Ok(Some(Encoding::Zstd)),
        Some(other) => {
            let message = format!(
                "content-encoding `{other}` is not understood: send the body plain, as gzip or as zstd"
            );
            Err(Refusal::client(415, "invalid_request_error", "unsupported_encoding", message))
        }
    }
}

/// Unpacks off the request threads: a packed body is large, and unpacking it takes a while.
async fn unpack(encoding: Encoding, packed: Bytes, most: usize) -> Result<Bytes, Refusal> {
    let most = most.min(packed.len().saturating_mul(RATIO_MAX));
    let work = move || -> std::io::Result<Vec<u8>> {
        let mut body = Vec::new();
        let limit = most as u64 + 1;
        match encoding {
            Encoding::Gzip => {
                flate2::read::MultiGzDecoder::new(&packed[..]).take(limit).read_to_end(&mut body)?
            }
            Encoding::Zstd => {
                zstd::stream::read::Decoder::new(&packed[..])?.take(limit).read_to_end(&mut body)?
            }
        };
        Ok(body)
    };
    let damaged =
        |error: String| Refusal::invalid("invalid_body", format!("the body cannot be unpacked: {error}"));
    let body = tokio::task::spawn_blocking(work).await.map_err(|error| damaged(error.to_string()))?;
    let body = body.map_err(|error| damaged(error.to_string()))?;
    if body.len() > most { Err(too_large(most)) } else { Ok(body.into()) }
}

fn too_large(most: usize) -> Refusal {
    let message = format!("the body is larger than this gateway takes: at most {most} bytes");
    Refusal::client(413, "invalid_request_error", "request_too_large", message)
}

fn slow() -> Refusal {
    Refusal::client(408, "invalid_request_error", "request_timeout", "the body did not arrive in time")
}

fn broken(error: &hyper::Error) -> Refusal {
    let mut refusal = Refusal::invalid("invalid_body", format!("the body did not arrive whole: {error}"));
    refusal.outcome = Outcome::Cancelled;
    refusal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_body_does_not_keep_the_buffer_it_came_in() {
        let buffer = Bytes::from(vec![b'x'; 2 * COPIED_MAX]);
        let small = buffer.slice(1..COPIED_MAX);
        let kept = unshared(small.clone());
        assert_eq!(kept, small);
        assert_ne!(kept.as_ptr(), small.as_ptr());
        assert_eq!(unshared(buffer.clone()).as_ptr(), buffer.as_ptr(), "a large one is not copied");
    }

    #[tokio::test]
    async fn a_packed_body_is_unpacked_but_not_to_a_hundred_times_its_size() {
        let text = b"{\"model\":\"m\",\"messages\":[1,2,3,4]}";
        let packed = Bytes::from(zstd::bulk::compress(text, 1).unwrap());
        assert_eq!(unpack(Encoding::Zstd, packed, 1000).await.unwrap(), &text[..]);
        let bomb = Bytes::from(zstd::bulk::compress(&vec![b' '; 1 << 20], 1).unwrap());
        let refused = unpack(Encoding::Zstd, bomb, 20 << 20).await.unwrap_err();
        assert_eq!(refused.error.status, 413);
    }
}
