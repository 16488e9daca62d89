//! The ClickHouse HTTP interface: reads a request, runs its statement, writes the reply.

use std::io;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use tokio::sync::mpsc;

use crate::access::Access;
use crate::block;
use crate::engine::{Engine, Ticket, Watch, random};
use crate::exception::Exception;
use crate::format::{Joint, media_type};
use crate::intake::Intake;
use crate::multipart;
use crate::run::{Feed, Job, Piece, Whole};
use crate::settings::Url;
use crate::statement::{Kind, Statement};

/// How much of a body is looked at to find the end of an INSERT's SQL: the server's default for a query's size.
const HEAD_BYTES: usize = 256 << 10;

/// What every request needs.
pub(crate) struct Service {
    pub(crate) engine: Arc<Engine>,
    pub(crate) access: Access,
}

/// Answers any request.
pub(crate) async fn answer(State(service): State<Arc<Service>>, request: Request) -> Response {
    service.answer(request).await.unwrap_or_else(IntoResponse::into_response)
}

impl Service {
    async fn answer(&self, request: Request) -> Result<Response, Exception> {
        let (head, body) = request.into_parts();
        let url = Url::read(head.uri.query());
        let reads_only = matches!(head.method, Method::GET | Method::HEAD);
        match head.uri.path() {
            "/ping" | "/replicas_status" => return Ok("Ok.\n".into_response()),
            "/" if reads_only && url.get("query").is_none() => return Ok("Ok.\n".into_response()),
            "/" => {}
            path => return Err(not_found(path)),
        }
        self.access.check(&head.headers, &url)?;
        refuse_encoding(&head.headers)?;
        let ticket = self.engine.admit(url.get("query_id")).await?;
        let mut settings = url.settings(self.engine.settings())?;
        if reads_only && !settings.iter().any(|(name, _)| name == "readonly") {
            settings.push(("readonly".to_owned(), "2".to_owned()));
        }
        let words = Words {
            database: words_or(&url, "database", &head.headers, "X-ClickHouse-Database"),
            format: words_or(&url, "default_format", &head.headers, "X-ClickHouse-Format"),
            packs: url.flag("compress"),
            waits: url.flag("wait_end_of_query"),
        };
        let mut intake = Intake::new(body, url.flag("decompress"));
        let mut job = Job {
            sql: url.get("query").unwrap_or("").as_bytes().to_vec(),
            format: String::new(),
            database: words.database.clone(),
            settings,
            parameters: url.parameters(),
        };
        let form = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if let Some(boundary) = form.and_then(multipart::boundary) {
            let mut text = Vec::new();
            intake.fill(&mut text, usize::MAX).await?;
            let form = multipart::read(&text, boundary)?;
            job.sql.extend_from_slice(&form.query);
            job.parameters.extend(form.parameters);
        }
        self.run(job, ticket, intake, words).await
    }

    async fn run(
        &self,
        mut job: Job,
        ticket: Ticket,
        mut intake: Intake,
        words: Words,
    ) -> Result<Response, Exception> {
        if job.sql.is_empty() {
            intake.fill(&mut job.sql, HEAD_BYTES).await?;
        } else if job.sql.last().is_some_and(|byte| !byte.is_ascii_whitespace()) {
            job.sql.push(b'\n'); // a statement may go on in the body
        }
        let mut statement = Statement::read(&job.sql);
        if !matches!(statement.kind, Kind::Insert { .. }) {
            intake.fill(&mut job.sql, usize::MAX).await?;
            statement = Statement::read(&job.sql);
        }
        if statement.touches_files {
            let text = "INTO OUTFILE and FROM INFILE use files of this machine; send and read data over HTTP";
            return Err(Exception::denied(text));
        }
        let (default, fallback) = (words.format.clone(), "TabSeparated");
        let insert = matches!(statement.kind, Kind::Insert { .. });
        job.format = statement
            .format
            .or(default)
            .unwrap_or_else(|| if insert { "Values" } else { fallback }.to_owned());
        let reply = Reply { id: ticket.id().to_owned(), format: job.format.clone(), packs: words.packs };
        match statement.kind {
            Kind::Insert { sql_end, data_start } => {
                let start = job.sql.get(data_start..).unwrap_or_default().to_vec();
                job.sql.truncate(sql_end);
                self.insert(job, ticket, start, intake, &reply).await
            }
            Kind::Select if !words.waits && joined(&job) => self.pieces(job, ticket, reply).await,
            Kind::Select | Kind::Other => self.whole(job, ticket, &reply).await,
        }
    }

    async fn whole(&self, job: Job, ticket: Ticket, reply: &Reply) -> Result<Response, Exception> {
        let _watch = ticket.watch();
        let whole = job.run_whole(ticket)?.await.map_err(|_| vanished())??;
        Ok(reply.whole(self, whole))
    }

    async fn insert(
        &self,
        job: Job,
        ticket: Ticket,
        start: Vec<u8>,
        mut intake: Intake,
        reply: &Reply,
    ) -> Result<Response, Exception> {
        let (feed, answer) = job.run_insert(ticket)?;
        let fed = feed_all(feed, start, &mut intake).await;
        let answer = answer.await.map_err(|_| vanished())?;
        let result = fed.and(answer);
        if result.is_err() {
            intake.drain().await;
        }
        Ok(reply.whole(self, result?))
    }

    async fn pieces(&self, job: Job, ticket: Ticket, reply: Reply) -> Result<Response, Exception> {
        let joint = Joint::of(&job.format);
        let watch = ticket.watch();
        let mut pieces = job.run_pieces(ticket, joint)?;
        // The first piece decides the status: an error before it is a plain error reply.
        let (first, ended) = match pieces.recv().await {
            Some(Piece::Data(bytes)) => (bytes, false),
            Some(Piece::End) => (Bytes::new(), true),
            Some(Piece::Failed(exception)) => return Err(exception),
            None => return Err(vanished()),
        };
        let tag = format!("{:016x}", random());
        let mut response = Response::new(Body::empty());
        reply.head(self, response.headers_mut());
        if let Ok(value) = HeaderValue::from_str(&tag) {
            response.headers_mut().insert("X-ClickHouse-Exception-Tag", value);
        }
        let rest = Rest { pieces, _watch: watch, tag, packs: reply.packs, ended };
        let first = reply.packed(first);
        let body = stream::unfold((Some(first), rest), |(first, mut rest)| async move {
            match first {
                Some(bytes) => Some((Ok(bytes), (None, rest))),
                None => rest.next().await.map(|item| (item, (None, rest))),
            }
        });
        *response.body_mut() = Body::from_stream(body);
        Ok(response)
    }
}

/// The words of the request that shape its run and reply.
struct Words {
    database: Option<String>,
    format: Option<String>,
    packs: bool,
    waits: bool,
}

fn words_or(url: &Url, word: &str, headers: &HeaderMap, header: &str) -> Option<String> {
    let given = url.get(word).or_else(|| headers.get(header).and_then(|value| value.to_str().ok()));
    given.filter(|value| !value.is_empty()).map(str::to_owned)
}

/// Whether pieces of this job's answer make one document.
fn joined(job: &Job) -> bool {
    let framed = job.settings.iter().any(|(name, _)| name == "output_format_json_array_of_rows");
    Joint::of(&job.format) != Joint::Whole && !framed
}

fn refuse_encoding(headers: &HeaderMap) -> Result<(), Exception> {
    match headers.get(header::CONTENT_ENCODING).map(HeaderValue::as_bytes) {
        None | Some(b"" | b"identity") => Ok(()),
        Some(other) => {
            let text = format!(
                "Content-Encoding {} is not read here; send the body plain, or as native blocks with decompress=1",
                String::from_utf8_lossy(other)
            );
            Err(Exception::bad_argument(text).with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE))
        }
    }
}

fn not_found(path: &str) -> Exception {
    let text = format!("There is nothing at {path}; statements go to /, the health check is /ping");
    Exception::bad_argument(text).with_status(StatusCode::NOT_FOUND)
}

fn vanished() -> Exception {
    Exception::new(1001, "STD_EXCEPTION", "The statement's thread ended without an answer")
}

/// Passes the data on as fast as the engine takes it. Dropping `feed` before `Commit` takes all of it back.
async fn feed_all(feed: mpsc::Sender<Feed>, start: Vec<u8>, intake: &mut Intake) -> Result<(), Exception> {
    if !start.is_empty() && feed.send(Feed::Data(start.into())).await.is_err() {
        return Ok(()); // the engine refused: its answer says why
    }
    while let Some(bytes) = intake.next().await? {
        if !bytes.is_empty() && feed.send(Feed::Data(bytes)).await.is_err() {
            return Ok(());
        }
    }
    let _refused = feed.send(Feed::Commit).await;
    Ok(())
}

/// What the reply to a request looks like.
struct Reply {
    id: String,
    format: String,
    packs: bool,
}

impl Reply {
    fn head(&self, service: &Service, headers: &mut HeaderMap) {
        let media = if self.packs { "application/octet-stream" } else { media_type(&self.format) };
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
        headers.insert("X-ClickHouse-Server-Display-Name", HeaderValue::from_static("weir-clickhouse"));
        let texts = [
            ("X-ClickHouse-Format", self.format.as_str()),
            ("X-ClickHouse-Query-Id", self.id.as_str()),
            ("X-ClickHouse-Timezone", service.engine.timezone()),
        ];
        for (name, text) in texts {
            if let Ok(value) = HeaderValue::from_str(text) {
                headers.insert(name, value);
            }
        }
    }

    fn whole(&self, service: &Service, whole: Whole) -> Response {
        let [read_rows, read_bytes, written_rows, written_bytes] =
            whole.counts.map(|count| count.to_string());
        let summary = serde_json::json!({
            "read_rows": read_rows, "read_bytes": read_bytes,
            "written_rows": written_rows, "written_bytes": written_bytes,
        });
        let mut response = Response::new(Body::from(self.packed(whole.bytes)));
        self.head(service, response.headers_mut());
        if let Ok(value) = HeaderValue::from_str(&summary.to_string()) {
            response.headers_mut().insert("X-ClickHouse-Summary", value);
        }
        response
    }

    fn packed(&self, bytes: Bytes) -> Bytes {
        if self.packs { block::pack(&bytes) } else { bytes }
    }
}

/// The pieces after the first. Dropped early, it stops the query.
struct Rest {
    pieces: mpsc::Receiver<Piece>,
    _watch: Watch,
    tag: String,
    packs: bool,
    ended: bool,
}

impl Rest {
    async fn next(&mut self) -> Option<Result<Bytes, io::Error>> {
        if self.ended {
            return None;
        }
        let bytes = match self.pieces.recv().await {
            Some(Piece::Data(bytes)) => bytes,
            Some(Piece::Failed(exception)) => {
                self.ended = true;
                Bytes::from(exception.block(&self.tag))
            }
            Some(Piece::End) => return None,
            None => return Some(Err(io::Error::other("the statement's thread ended without an answer"))),
        };
        Some(Ok(if self.packs { block::pack(&bytes) } else { bytes }))
    }
}
