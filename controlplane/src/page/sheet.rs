//! CSV files: exact amounts, and cells that no spreadsheet takes for a formula.

use axum::body::{Body, Bytes};
use axum::response::Response;
use futures_util::stream;

use super::answer::file;
use crate::archive::ArchiveError;
use crate::archive::export::Export;
use crate::error::AppError;
use crate::exports::format;

pub(super) use crate::exports::format::text;

/// Rows of an export written into one chunk of the answer.
const ROWS_PER_CHUNK: usize = 500;

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
    let mut lines = Vec::new();
    let mut is_over = false;
    while lines.len() < ROWS_PER_CHUNK && !is_over {
        match export.next().await? {
            Some(line) => lines.push(line),
            None => is_over = true,
        }
    }
    Ok((format::csv(&lines, is_first)?.into(), (!is_over).then_some(export)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_sheet_quotes_what_needs_it() {
        let lines = [vec!["a".to_owned(), text("=x, \"y\"")]];
        let response = sheet("a.csv", lines).unwrap();
        let bytes = axum::body::to_bytes(response.into_body(), 1000).await.unwrap();
        assert_eq!(bytes, "a,\"'=x, \"\"y\"\"\"\n");
    }
}
