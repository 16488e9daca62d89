//! Stored bodies: their sizes and beginnings for a page, all of them for a download. A page never carries megabytes.

use std::collections::HashMap;

use bytes::Bytes;
use clickhouse::Row;
use clickhouse::query::BytesCursor;
use serde::Deserialize;
use uuid::Uuid;

use super::blob::Blob;
use super::scope::{Scope, Statement, Table};
use super::window::Window;
use super::{Archive, ArchiveError};

/// Which of the four bodies of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// What the client sent.
    Request,
    /// What the client got.
    Response,
    /// What the provider got.
    UpstreamRequest,
    /// What the provider sent.
    UpstreamResponse,
}

impl Part {
    /// All, in the order of the wire.
    pub(crate) const ALL: [Self; 4] =
        [Self::Request, Self::UpstreamRequest, Self::UpstreamResponse, Self::Response];

    /// Its column, and its name in addresses.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Response => "response",
            Self::UpstreamRequest => "upstream_request",
            Self::UpstreamResponse => "upstream_response",
        }
    }

    /// The part of that name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.name() == name)
    }

    /// The body it equals when nothing was stored for it.
    const fn twin(self) -> Option<Self> {
        match self {
            Self::UpstreamRequest => Some(Self::Request),
            Self::UpstreamResponse => Some(Self::Response),
            Self::Request | Self::Response => None,
        }
    }
}

/// The beginning of one stored body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Glimpse {
    /// Its whole size.
    pub(crate) bytes: u64,
    /// At most as many bytes as were asked for.
    pub(crate) start: Vec<u8>,
}

/// The bodies of one call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bodies {
    /// Which call.
    pub(crate) attempt: u8,
    /// The dialect (`openai`, `anthropic`).
    pub(crate) format: String,
    /// Content type of the response.
    pub(crate) content_type: String,
    parts: [Glimpse; 4],
}

impl Bodies {
    /// Bodies made up by a test.
    #[cfg(test)]
    pub(crate) fn of(format: &str, request: Glimpse, response: Glimpse) -> Self {
        let parts = [request, response, Glimpse::default(), Glimpse::default()];
        Self { format: format.to_owned(), parts, ..Self::default() }
    }

    /// One of them; the upstream ones are empty when they equal the client's.
    pub(crate) fn part(&self, part: Part) -> &Glimpse {
        &self.parts[part as usize]
    }

    /// One of them, or what it equals.
    pub(crate) fn part_or_twin(&self, part: Part) -> &Glimpse {
        match part.twin() {
            Some(twin) if self.part(part).bytes == 0 => self.part(twin),
            _ => self.part(part),
        }
    }
}

#[derive(Row, Deserialize)]
struct BodyRow {
    #[serde(with = "clickhouse::serde::uuid")]
    request_id: Uuid,
    attempt: u8,
    body_format: String,
    content_type: String,
    request_size: u64,
    request_start: Blob,
    response_size: u64,
    response_start: Blob,
    upstream_request_size: u64,
    upstream_request_start: Blob,
    upstream_response_size: u64,
    upstream_response_start: Blob,
}

impl From<BodyRow> for Bodies {
    fn from(row: BodyRow) -> Self {
        let glimpse = |bytes, start: Blob| Glimpse { bytes, start: start.0 };
        let parts = [
            glimpse(row.request_size, row.request_start),
            glimpse(row.response_size, row.response_start),
            glimpse(row.upstream_request_size, row.upstream_request_start),
            glimpse(row.upstream_response_size, row.upstream_response_start),
        ];
        Self { attempt: row.attempt, format: row.body_format, content_type: row.content_type, parts }
    }
}

/// Streams one body to whoever downloads it.
pub(crate) struct Download(BytesCursor);

impl Download {
    /// The next bytes; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, ArchiveError> {
        Ok(self.0.next().await?)
    }
}

impl Archive {
    /// The bodies of a request that started at `started_us`, by attempt, each cut at `bytes_max`.
    pub(crate) async fn list_bodies(
        &self,
        scope: &Scope,
        (request_id, started_us): (Uuid, i64),
        bytes_max: u32,
    ) -> Result<Vec<Bodies>, ArchiveError> {
        let statement = bodies(scope, request_id, started_us, bytes_max, bytes_max);
        let rows: Vec<BodyRow> = self.rows(statement.then("ORDER BY attempt LIMIT 32")).await?;
        Ok(rows.into_iter().map(Bodies::from).collect())
    }

    /// What the client said and got in the last call that has bodies, cut at `bytes_max`; the upstream ones stay away.
    pub(crate) async fn find_said(
        &self,
        scope: &Scope,
        (request_id, started_us): (Uuid, i64),
        bytes_max: u32,
    ) -> Result<Option<Bodies>, ArchiveError> {
        let statement = bodies(scope, request_id, started_us, bytes_max, 0);
        let row: Option<BodyRow> = self.row(statement.then("ORDER BY attempt DESC LIMIT 1")).await?;
        Ok(row.map(Bodies::from))
    }

    /// The bodies of several requests, given with the moments they started, by request and attempt.
    pub(crate) async fn list_bodies_of(
        &self,
        scope: &Scope,
        requests: &[(Uuid, i64)],
        bytes_max: u32,
    ) -> Result<HashMap<(Uuid, u8), Bodies>, ArchiveError> {
        let Some(statement) = bodies_of(scope, requests, bytes_max) else { return Ok(HashMap::new()) };
        let rows: Vec<BodyRow> = self.rows(statement).await?;
        Ok(rows.into_iter().map(|row| ((row.request_id, row.attempt), Bodies::from(row))).collect())
    }

    /// One body, whole; empty when nothing is stored.
    pub(crate) fn download_body(
        &self,
        scope: &Scope,
        (request_id, started_us): (Uuid, i64),
        attempt: u8,
        part: Part,
    ) -> Result<Download, ArchiveError> {
        let statement = one(scope, request_id, started_us, attempt, part);
        Ok(Download(self.bytes(&statement, "RawBLOB")?))
    }
}

fn of(scope: &Scope, columns: &str, request_id: Uuid, started_us: i64) -> Statement {
    let window = Window { from_us: started_us, to_us: started_us + 1 };
    let mut statement = scope.read(columns, Table::Bodies).during(Table::Bodies, window);
    let id = statement.uuid(request_id);
    statement.and(&format!("request_id = {id}"))
}

fn columns(client_max: u32, upstream_max: u32) -> String {
    let parts = [Part::Request, Part::Response, Part::UpstreamRequest, Part::UpstreamResponse].map(|part| {
        let (name, bytes_max) = (part.name(), if part.twin().is_some() { upstream_max } else { client_max });
        format!("length({name}) AS {name}_size, substring({name}, 1, {bytes_max}) AS {name}_start")
    });
    format!("request_id, attempt, body_format, content_type, {}", parts.join(", "))
}

fn bodies(scope: &Scope, request_id: Uuid, started_us: i64, client_max: u32, upstream_max: u32) -> Statement {
    of(scope, &columns(client_max, upstream_max), request_id, started_us)
}

fn bodies_of(scope: &Scope, requests: &[(Uuid, i64)], bytes_max: u32) -> Option<Statement> {
    let from_us = requests.iter().map(|(_, started_us)| *started_us).min()?;
    let to_us = requests.iter().map(|(_, started_us)| *started_us).max()? + 1;
    let window = Window { from_us, to_us };
    let mut statement =
        scope.read(&columns(bytes_max, bytes_max), Table::Bodies).during(Table::Bodies, window);
    let ids = statement.uuids(&requests.iter().map(|(id, _)| *id).collect::<Vec<_>>());
    Some(statement.and(&format!("request_id IN {ids}")))
}

fn one(scope: &Scope, request_id: Uuid, started_us: i64, attempt: u8, part: Part) -> Statement {
    let column = match part.twin() {
        Some(twin) => format!("if(empty({0}), {1}, {0})", part.name(), twin.name()),
        None => part.name().to_owned(),
    };
    let mut statement = of(scope, &column, request_id, started_us);
    let attempt = statement.number(i64::from(attempt));
    statement.and(&format!("attempt = {attempt}")).then("LIMIT 1")
}

#[cfg(test)]
mod tests {
    use super::super::scope::promise;
    use super::*;

    #[test]
    fn every_question_keeps_to_its_workspaces() {
        let scope = promise::scope();
        promise::keeps_to_its_workspaces(&bodies(&scope, Uuid::nil(), 5, 65_536, 0));
        promise::keeps_to_its_workspaces(&bodies_of(&scope, &[(Uuid::nil(), 5)], 100).unwrap());
        assert!(bodies_of(&scope, &[], 100).is_none());
        for part in Part::ALL {
            promise::keeps_to_its_workspaces(&one(&scope, Uuid::nil(), 5, 0, part));
        }
    }

    #[test]
    fn a_page_reads_only_the_beginning() {
        let statement = bodies(&promise::scope(), Uuid::nil(), 5, 100, 0);
        assert_eq!(statement.sql().matches("substring(").count(), 4);
        assert!(statement.sql().contains("substring(response, 1, 100)"));
        assert!(statement.sql().contains("substring(upstream_response, 1, 0)"));
    }

    #[test]
    fn a_body_that_equals_another_is_found_there() {
        let mut bodies = Bodies::default();
        bodies.parts[Part::Request as usize] = Glimpse { bytes: 2, start: b"{}".to_vec() };
        assert_eq!(bodies.part_or_twin(Part::UpstreamRequest).start, b"{}");
        assert_eq!(bodies.part(Part::UpstreamRequest).bytes, 0);
        for part in Part::ALL {
            assert_eq!(Part::from_name(part.name()), Some(part));
        }
    }
}
