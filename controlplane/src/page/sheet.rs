//! CSV files: exact amounts, and cells that no spreadsheet takes for a formula.

use axum::body::{Body, Bytes};
use axum::response::Response;
use futures_util::stream;
use weir_contract::money::Money;
use weir_web::number;

use super::answer::file;
use crate::archive::ArchiveError;
use crate::archive::export::{CallLine, Export};
use crate::error::AppError;

/// Rows of an export written into one chunk of the answer.
const ROWS_PER_CHUNK: usize = 500;

const CALL_COLUMNS: [&str; 23] = [
    "request_id",
    "attempt",
    "final",
    "requests",
    "started_at",
    "origin",
    "workspace_id",
    "key_id",
    "customer_id",
    "user_id",
    "session_id",
    "api",
    "model_requested",
    "model",
    "provider",
    "outcome",
    "http_status",
    "tokens_in",
    "tokens_out",
    "price_version",
    "cost_usd",
    "billed_usd",
    "duration_us",
];

/// Text for a cell: what a spreadsheet would run is made text by an apostrophe.
pub(super) fn text(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

/// Lines as a file.
pub(super) fn sheet(name: &str, lines: impl IntoIterator<Item = Vec<String>>) -> Result<Response, AppError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for line in lines {
        writer.write_record(line).map_err(AppError::internal)?;
    }
    let bytes = writer.into_inner().map_err(|error| AppError::internal(error.into_error()))?;
    Ok(file(name, "text/csv; charset=utf-8", Body::from(bytes)))
}

/// Calls as a file, written while they are read. Breaks off visibly when the archive does.
pub(super) fn calls(name: &str, export: Export) -> Response {
    let chunks = stream::try_unfold((Some(export), true), |(export, is_first)| async move {
        let Some(export) = export else { return Ok::<_, ArchiveError>(None) };
        let (bytes, rest) = chunk(export, is_first).await?;
        Ok(Some((bytes, (rest, false))))
    });
    file(name, "text/csv; charset=utf-8", Body::from_stream(chunks))
}

async fn chunk(mut export: Export, is_first: bool) -> Result<(Bytes, Option<Export>), ArchiveError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let failed = |error: csv::Error| ArchiveError::Refused(error.to_string());
    if is_first {
        writer.write_record(CALL_COLUMNS).map_err(failed)?;
    }
    let mut is_over = false;
    for _ in 0..ROWS_PER_CHUNK {
        let Some(line) = export.next().await? else {
            is_over = true;
            break;
        };
        writer.write_record(call(&line)).map_err(failed)?;
    }
    let bytes = writer.into_inner().map_err(|error| ArchiveError::Refused(error.error().to_string()))?;
    Ok((bytes.into(), (!is_over).then_some(export)))
}

fn call(line: &CallLine) -> [String; CALL_COLUMNS.len()] {
    let requests = if line.is_final { line.weight } else { 0 };
    let amount = |nano: i64| Money::from_nano(nano).usd_exact();
    // An unknown price is an empty cell: a zero would be a statement.
    let rated = |nano: i64| if line.rated { amount(nano) } else { String::new() };
    [
        line.request_id.to_string(),
        line.attempt.to_string(),
        line.is_final.to_string(),
        requests.to_string(),
        number::iso(&line.started_us),
        text(&line.origin),
        text(&line.workspace_id),
        text(&line.key_id),
        text(&line.customer_id),
        text(&line.user_id),
        text(&line.session_id),
        text(&line.api),
        text(&line.model_requested),
        text(&line.model),
        text(&line.provider),
        text(&line.outcome),
        line.http_status.to_string(),
        line.tokens_in.to_string(),
        line.tokens_out.to_string(),
        text(&line.price_version),
        rated(line.cost),
        rated(line.billed),
        line.duration_us.to_string(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for hostile in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert!(text(hostile).starts_with('\''), "{hostile:?}");
        }
        assert_eq!(text("acme"), "acme");
    }

    #[tokio::test]
    async fn a_sheet_quotes_what_needs_it() {
        let lines = [vec!["a".to_owned(), text("=x, \"y\"")]];
        let response = sheet("a.csv", lines).unwrap();
        let bytes = axum::body::to_bytes(response.into_body(), 1000).await.unwrap();
        assert_eq!(bytes, "a,\"'=x, \"\"y\"\"\"\n");
    }
}
