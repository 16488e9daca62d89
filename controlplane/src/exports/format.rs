//! A call as a line: CSV whose cells no spreadsheet takes for a formula, or JSON. Amounts are exact in both.

use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use weir_contract::money::Money;
use weir_web::number;

use crate::archive::ArchiveError;
use crate::archive::body::{Bodies, Part};
use crate::archive::export::CallLine;

/// How calls are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    /// Comma-separated, with a head.
    #[default]
    Csv,
    /// One JSON object a line.
    Jsonl,
}

impl Format {
    /// As stored, and the end of the file's name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
        }
    }

    /// The type the file is sent under.
    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Jsonl => "application/x-ndjson",
        }
    }
}

/// The head of a CSV file.
pub(crate) const CALL_COLUMNS: [&str; 23] = [
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
pub(crate) fn text(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

/// How many requests a line stands for.
pub(crate) const fn requests(line: &CallLine) -> u32 {
    if line.is_final { line.weight } else { 0 }
}

fn amount(line: &CallLine, nano: i64) -> Option<String> {
    line.rated.then(|| Money::from_nano(nano).usd_exact())
}

/// The cells of a call. An unknown price is an empty cell: a zero would be a statement.
pub(crate) fn cells(line: &CallLine) -> [String; CALL_COLUMNS.len()] {
    [
        line.request_id.to_string(),
        line.attempt.to_string(),
        line.is_final.to_string(),
        requests(line).to_string(),
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
        amount(line, line.cost).unwrap_or_default(),
        amount(line, line.billed).unwrap_or_default(),
        line.duration_us.to_string(),
    ]
}

/// Calls as lines of CSV, under their head when they are the first.
pub(crate) fn csv(lines: &[CallLine], with_head: bool) -> Result<Vec<u8>, ArchiveError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let failed = |error: csv::Error| ArchiveError::Refused(error.to_string());
    if with_head {
        writer.write_record(CALL_COLUMNS).map_err(failed)?;
    }
    for line in lines {
        writer.write_record(cells(line)).map_err(failed)?;
    }
    writer.into_inner().map_err(|error| ArchiveError::Refused(error.error().to_string()))
}

/// A call as one line of JSON, with its bodies when they were asked for.
pub(crate) fn json(line: &CallLine, bodies: Option<&Bodies>) -> Vec<u8> {
    let mut object = json!({
        "request_id": line.request_id, "attempt": line.attempt, "final": line.is_final, "requests": requests(line),
        "started_at": number::iso(&line.started_us), "origin": line.origin, "workspace_id": line.workspace_id,
        "key_id": line.key_id, "customer_id": line.customer_id, "user_id": line.user_id, "session_id": line.session_id,
        "api": line.api, "model_requested": line.model_requested, "model": line.model, "provider": line.provider,
        "outcome": line.outcome, "http_status": line.http_status, "tokens_in": line.tokens_in,
        "tokens_out": line.tokens_out, "price_version": line.price_version, "cost_usd": amount(line, line.cost),
        "billed_usd": amount(line, line.billed), "duration_us": line.duration_us,
    });
    if let (Some(bodies), Some(members)) = (bodies, object.as_object_mut()) {
        for part in Part::ALL {
            members.insert(part.name().to_owned(), body(bodies, part));
        }
    }
    let mut bytes = object.to_string().into_bytes();
    bytes.push(b'\n');
    bytes
}

/// A body as text; its size and what of it is here when it was too large, `null` when nothing is stored.
fn body(bodies: &Bodies, part: Part) -> serde_json::Value {
    let glimpse = bodies.part_or_twin(part);
    if glimpse.bytes == 0 {
        return serde_json::Value::Null;
    }
    let text = String::from_utf8_lossy(&glimpse.start);
    let kept = u64::try_from(glimpse.start.len()).unwrap_or(u64::MAX);
    if kept < glimpse.bytes { json!({ "start": text, "bytes": glimpse.bytes }) } else { json!(text) }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::archive::body::Glimpse;

    fn line() -> CallLine {
        CallLine {
            request_id: uuid::Uuid::from_u128(7),
            started_us: 0,
            attempt: 0,
            is_final: true,
            weight: 1,
            origin: "live".into(),
            workspace_id: "ws_a".into(),
            key_id: String::new(),
            customer_id: "=cmd|'/c calc'!A1".into(),
            user_id: "@x".into(),
            session_id: String::new(),
            api: String::new(),
            model_requested: "m".into(),
            model: "m".into(),
            provider: "p".into(),
            outcome: "ok".into(),
            http_status: 200,
            tokens_in: 1,
            tokens_out: 2,
            rated: true,
            price_version: String::new(),
            cost: 1,
            billed: -1,
            duration_us: 3,
        }
    }

    #[test]
    fn no_cell_is_a_formula() {
        for hostile in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert!(text(hostile).starts_with('\''), "{hostile:?}");
        }
        assert_eq!(text("acme"), "acme");
        let bytes = csv(&[line()], true).unwrap();
        let file = String::from_utf8(bytes).unwrap();
        assert!(file.contains(",'=cmd|'/c calc'!A1,'@x,"), "{file}");
        assert!(file.starts_with("request_id,attempt,") && file.contains(",0.000000001,"));
    }

    #[test]
    fn what_has_no_price_is_empty_and_null_never_zero() {
        let unrated = CallLine { rated: false, ..line() };
        assert_eq!(cells(&unrated)[20], "");
        let value: serde_json::Value = serde_json::from_slice(&json(&unrated, None)).unwrap();
        assert!(value["cost_usd"].is_null() && value.get("request").is_none());
    }

    #[test]
    fn a_body_that_is_cut_says_so() {
        let glimpse = |bytes, start: &[u8]| Glimpse { bytes, start: start.to_vec() };
        let bodies = Bodies::of("openai", glimpse(2, b"hi"), glimpse(900, b"a"));
        let value: serde_json::Value = serde_json::from_slice(&json(&line(), Some(&bodies))).unwrap();
        assert_eq!((&value["request"], &value["response"]["bytes"]), (&json!("hi"), &json!(900)));
        assert_eq!(value["upstream_request"], json!("hi"));
    }
}
