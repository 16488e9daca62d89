//! Runs one statement on a thread of its own and hands its answer over.

use std::thread;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use crate::engine::Ticket;
use crate::exception::Exception;
use crate::ffi::{Answer, Connection, Parameter};
use crate::format::Joint;

/// The largest answer held in memory, for formats that cannot be joined from pieces.
const WHOLE_BYTES_MAX: u32 = 256 << 20;
/// Pieces in flight between the engine and a slow client.
const PIECES: usize = 4;

/// A statement with all that is needed to run it.
pub(crate) struct Job {
    pub(crate) sql: Vec<u8>,
    pub(crate) format: String,
    pub(crate) database: Option<String>,
    pub(crate) settings: Vec<(String, String)>,
    pub(crate) parameters: Vec<Parameter>,
}

/// A piece of an answer on its way to the client. A channel that closes without `End` broke.
pub(crate) enum Piece {
    Data(Bytes),
    Failed(Exception),
    End,
}

/// Data on its way into the engine. A channel that closes without `Commit` broke: nothing is kept.
pub(crate) enum Feed {
    Data(Bytes),
    Commit,
}

/// A whole answer.
pub(crate) struct Whole {
    pub(crate) bytes: Bytes,
    /// Rows and bytes read, rows and bytes written.
    pub(crate) counts: [u64; 4],
}

type Reply<T> = oneshot::Receiver<Result<T, Exception>>;

impl Job {
    /// Runs the statement and gives its whole answer.
    ///
    /// # Errors
    /// When no thread could be started.
    pub(crate) fn run_whole(mut self, ticket: Ticket) -> Result<Reply<Whole>, Exception> {
        self.bound_answer();
        let (reply, answer) = oneshot::channel();
        start(move || {
            let result = self.whole(&ticket);
            drop(ticket); // first: a client that has its answer may use the id again
            let _gone = reply.send(result);
        })?;
        Ok(answer)
    }

    /// Runs a SELECT whose pieces can be joined.
    ///
    /// # Errors
    /// When no thread could be started.
    pub(crate) fn run_pieces(self, ticket: Ticket, joint: Joint) -> Result<mpsc::Receiver<Piece>, Exception> {
        let (send, pieces) = mpsc::channel(PIECES);
        start(move || {
            let last = match self.pieces(&ticket, joint, &send) {
                Ok(()) => Piece::End,
                Err(exception) => Piece::Failed(exception),
            };
            drop(ticket);
            let _gone = send.blocking_send(last);
        })?;
        Ok(pieces)
    }

    /// Runs an INSERT whose data arrives through the channel.
    ///
    /// # Errors
    /// When no thread could be started.
    pub(crate) fn run_insert(self, ticket: Ticket) -> Result<(mpsc::Sender<Feed>, Reply<Whole>), Exception> {
        let (feed, data) = mpsc::channel(PIECES);
        let (reply, answer) = oneshot::channel();
        start(move || {
            let result = self.insert(&ticket, data);
            drop(ticket);
            let _gone = reply.send(result);
        })?;
        Ok((feed, answer))
    }

    fn bound_answer(&mut self) {
        if !self.settings.iter().any(|(name, _)| name == "max_result_bytes") {
            self.settings.push(("max_result_bytes".to_owned(), WHOLE_BYTES_MAX.to_string()));
        }
    }

    fn whole(&self, ticket: &Ticket) -> Result<Whole, Exception> {
        let mut connection = self.connect(ticket, &self.sql)?;
        self.ask(&mut connection)
    }

    fn ask(&self, connection: &mut Connection) -> Result<Whole, Exception> {
        finished(&connection.query(&self.sql, &self.format, &self.parameters))
    }

    fn pieces(&self, ticket: &Ticket, joint: Joint, send: &mpsc::Sender<Piece>) -> Result<(), Exception> {
        let mut connection = self.connect(ticket, &self.sql)?;
        let mut first = true;
        {
            let mut stream =
                connection.stream(&self.sql, &self.format, &self.parameters).map_err(Exception::engine)?;
            while let Some(piece) = stream.next().map_err(Exception::engine)? {
                let bytes = if first { piece.bytes() } else { joint.rest(piece.bytes()) };
                first = false;
                if !bytes.is_empty()
                    && send.blocking_send(Piece::Data(Bytes::copy_from_slice(bytes))).is_err()
                {
                    return Ok(()); // the client has gone; dropping the stream cancels it
                }
            }
        }
        if first && joint.has_header() {
            // No rows, so no piece, but a header is due: the statement run whole writes it.
            let _gone = send.blocking_send(Piece::Data(self.ask(&mut connection)?.bytes));
        }
        Ok(())
    }

    fn insert(&self, ticket: &Ticket, mut data: mpsc::Receiver<Feed>) -> Result<Whole, Exception> {
        let judged = [self.sql.as_slice(), b" FORMAT ", self.format.as_bytes()].concat();
        let mut connection = self.connect(ticket, &judged)?;
        let mut stream = connection.insert(&self.sql, &self.format).map_err(Exception::engine)?;
        loop {
            match data.blocking_recv() {
                Some(Feed::Data(bytes)) if stream.append(&bytes) => {}
                Some(Feed::Data(_) | Feed::Commit) => return finished(&stream.commit()),
                None => return Err(Exception::broken_body("it ended early, nothing was inserted")),
            }
        }
    }

    /// A fresh connection on the right database, for a text that is exactly one statement.
    fn connect(&self, ticket: &Ticket, judged: &[u8]) -> Result<Connection, Exception> {
        if ticket.abandoned() {
            return Err(Exception::broken_body("the client has gone"));
        }
        let mut connection = ticket.engine().connect(&self.settings, ticket.id())?;
        let found = connection.classify(judged);
        match found.statements {
            1 => {}
            0 => return Err(Exception::syntax("The text holds no statement this engine can read")),
            count => {
                return Err(Exception::syntax(format!("Multi-statements are not allowed: {count} found")));
            }
        }
        if found.class == 3 && judged.to_ascii_uppercase().windows(7).any(|word| word == b"OUTFILE") {
            return Err(Exception::denied(
                "INTO OUTFILE writes files of this machine; read the reply instead",
            ));
        }
        if let Some(database) = &self.database {
            let name = database.replace('\\', "\\\\").replace('`', "\\`");
            finished(&connection.query(format!("USE `{name}`").as_bytes(), "Null", &[]))?;
        }
        Ok(connection)
    }
}

fn finished(answer: &Answer) -> Result<Whole, Exception> {
    match answer.error() {
        Some(error) => Err(Exception::engine(error)),
        None => Ok(Whole { bytes: Bytes::copy_from_slice(answer.bytes()), counts: answer.counts() }),
    }
}

fn start(work: impl FnOnce() + Send + 'static) -> Result<(), Exception> {
    thread::Builder::new().name("statement".to_owned()).spawn(work).map(drop).map_err(|error| {
        Exception::new(439, "CANNOT_SCHEDULE_TASK", format!("No thread for this statement: {error}"))
    })
}
