//! The clients: blocking sockets, a thread each. Saturating: every client asks again at once. At a fixed rate: each
//! request has an instant it is due at, and its latency counts from there, whether or not a client was free.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Clients that saturate.
pub const CLIENTS: usize = 64;

/// Longest time for one answer.
const ANSWER_MAX: Duration = Duration::from_secs(20);

/// How the clients ask.
#[derive(Clone, Copy)]
pub enum Manner {
    /// Again as soon as answered.
    Saturating,
    /// So many requests per second.
    Rate(u32),
}

/// What the clients saw.
#[derive(Default)]
pub struct Seen {
    /// Whole answers with status 200.
    pub answered: u64,
    /// Anything else.
    pub failed: u64,
    /// From when it was due to the first byte of the body, µs, sorted.
    pub first_byte_us: Vec<u32>,
    /// From when it was due to the last byte, µs, sorted.
    pub total_us: Vec<u32>,
    /// From the first request to the last answer.
    pub lasted: Duration,
}

/// Asks at `address` for `length`.
pub fn run(address: SocketAddr, request: &[u8], manner: Manner, length: Duration) -> Seen {
    let seen = Mutex::new(Seen::default());
    let next = AtomicU64::new(0);
    let begin = Instant::now();
    let client = || {
        let mut mine = Seen::default();
        let mut connection = None;
        while let Some(due) = due(begin, length, manner, &next) {
            if !ask(&mut connection, address, request, due, &mut mine) {
                mine.failed += 1;
                connection = None;
            }
        }
        let mut seen = seen.lock().expect("no client panics");
        seen.answered += mine.answered;
        seen.failed += mine.failed;
        seen.first_byte_us.append(&mut mine.first_byte_us);
        seen.total_us.append(&mut mine.total_us);
    };
    thread::scope(|scope| (0..CLIENTS).for_each(|_| drop(scope.spawn(client))));
    let mut seen = seen.into_inner().expect("no client panics");
    seen.lasted = begin.elapsed();
    seen.first_byte_us.sort_unstable();
    seen.total_us.sort_unstable();
    seen
}

/// The instant the next request of this client is due at, having waited for it; `None` when time is up.
fn due(begin: Instant, length: Duration, manner: Manner, next: &AtomicU64) -> Option<Instant> {
    let now = Instant::now();
    let Manner::Rate(rate) = manner else {
        return (now < begin + length).then_some(now);
    };
    let number = next.fetch_add(1, Ordering::Relaxed);
    let due = begin + Duration::from_nanos(number * 1_000_000_000 / u64::from(rate));
    if due >= begin + length {
        return None;
    }
    if due <= now {
        return Some(due);
    }
    thread::sleep(due - now);
    // Waking late is this program's fault, not that of what it measures.
    Some(Instant::now())
}

fn ask(
    connection: &mut Option<Connection>,
    address: SocketAddr,
    request: &[u8],
    due: Instant,
    seen: &mut Seen,
) -> bool {
    if connection.is_none() {
        *connection = Connection::open(address).ok();
    }
    let Some(Ok(answer)) = connection.as_mut().map(|connection| connection.ask(request)) else {
        return false;
    };
    if answer.status != *b"200" {
        return false;
    }
    let since = |instant: Instant| u32::try_from((instant - due).as_micros()).unwrap_or(u32::MAX);
    seen.answered += 1;
    seen.first_byte_us.push(since(answer.first_byte));
    seen.total_us.push(since(answer.last_byte));
    true
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

struct Answer {
    status: [u8; 3],
    first_byte: Instant,
    last_byte: Instant,
}

/// How the end of a body is known.
enum End {
    Length(usize),
    LastChunk,
}

impl Connection {
    fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_MAX))?;
        Ok(Self { stream, buffer: vec![0; 64 * 1024] })
    }

    fn ask(&mut self, request: &[u8]) -> io::Result<Answer> {
        self.stream.write_all(request)?;
        let mut filled = 0;
        let body = loop {
            filled += self.read(filled)?;
            if let Some(end) = self.buffer[..filled].windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let head = String::from_utf8_lossy(&self.buffer[..body]).to_ascii_lowercase();
        let length =
            head.split("content-length:").nth(1).and_then(|rest| rest.lines().next()?.trim().parse().ok());
        let end = length.map_or(End::LastChunk, End::Length);
        let status = self.buffer[9..12].try_into().map_err(io::Error::other)?;
        let (mut passed, mut first_byte) = (filled - body, (filled > body).then(Instant::now));
        self.buffer.copy_within(body..filled, 0);
        filled = passed;
        loop {
            let ended = match end {
                End::Length(length) => passed >= length,
                End::LastChunk => self.buffer[..filled].ends_with(b"0\r\n\r\n"),
            };
            if ended {
                let last_byte = Instant::now();
                return Ok(Answer { status, first_byte: first_byte.unwrap_or(last_byte), last_byte });
            }
            // Only the last five bytes can matter for the end.
            let keep = filled.min(5);
            self.buffer.copy_within(filled - keep..filled, 0);
            let read = self.read(keep)?;
            first_byte.get_or_insert_with(Instant::now);
            (passed, filled) = (passed + read, keep + read);
        }
    }

    fn read(&mut self, from: usize) -> io::Result<usize> {
        match self.stream.read(&mut self.buffer[from..])? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            read => Ok(read),
        }
    }
}

/// The value below which that share of the sorted values lies; 0 when there are none.
pub fn percentile(sorted: &[u32], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get((last as f64 * share).round() as usize).copied().map_or(0.0, f64::from)
}
