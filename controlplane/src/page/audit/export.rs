//! `GET /audit.jsonl`: the whole chain, for `weir audit verify`. `GET /audit.csv`: the rows of a filter, for people.

use axum::body::Body;
use axum::extract::{Query, State};
use axum::response::Response;
use weir_web::number;

use super::query::Asked;
use crate::app::App;
use crate::audit;
use crate::auth::{Allowed, ReadAudit, Right};
use crate::error::AppError;
use crate::page::answer::file;
use crate::page::sheet::{sheet, text};
use crate::store::audit::list_newest;

/// Rows of a filtered export at most: a larger one is the whole chain's business.
const ROWS_MAX: i64 = 100_000;

/// `GET /audit.jsonl`
pub(in crate::page) async fn chain(
    by: Allowed<ReadAudit>,
    State(app): State<App>,
) -> Result<Response, AppError> {
    by.require(Right::ReadAudit, None)?;
    Ok(file("audit.jsonl", "application/jsonl", Body::from_stream(audit::file::export(app))))
}

/// `GET /audit.csv`
pub(in crate::page) async fn csv(
    by: Allowed<ReadAudit>,
    State(app): State<App>,
    Query(asked): Query<Asked>,
) -> Result<Response, AppError> {
    by.require(Right::ReadAudit, None)?;
    let rows = list_newest(&mut *app.store.read().await?, &asked.wanted()?, i64::MAX, ROWS_MAX).await?;
    let head = ["row", "at", "actor", "action", "object", "before", "after", "hash"].map(str::to_owned);
    let lines = rows.into_iter().map(|row| {
        let [at, row_number] = [number::iso(&row.at_us), row.seq.to_string()];
        let texts =
            [row.actor, row.action, row.object, row.before_json, row.after_json].map(|cell| text(&cell));
        let mut line = vec![row_number, at];
        line.extend(texts);
        line.push(row.hash);
        line
    });
    sheet("audit.csv", std::iter::once(head.to_vec()).chain(lines))
}
