//! Requests: the list under a filter, and one request with its calls. Figures and facts; bodies are a right of their own
//! and are not here.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use weir_contract::filter::Filter;
use weir_contract::money::Money;

use super::models::During;
use crate::api::json::{List, Paging};
use crate::app::App;
use crate::archive::request::{Call, Request};
use crate::archive::requests::{Ask, Cursor, Place, RequestLine};
use crate::archive::{Names, Scope, Window};
use crate::auth::{Allowed, ReadFigures};
use crate::error::AppError;

/// Which requests.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Which {
    /// The filter, as on the page.
    q: String,
    range: String,
    from: String,
    to: String,
    #[serde(flatten)]
    paging: Paging,
}

/// One request.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RequestItem {
    /// Its id.
    request_id: String,
    /// When it came, µs UTC.
    started_us: i64,
    workspace: String,
    environment: String,
    key: String,
    customer: String,
    user: String,
    session: String,
    origin: String,
    api: String,
    stream: bool,
    /// The model asked for.
    model_requested: String,
    /// The model that answered.
    model: String,
    provider: String,
    endpoint: String,
    outcome: String,
    http_status: u16,
    error_type: String,
    cache_status: String,
    /// Number of calls made for it.
    calls: u32,
    tokens_in: u64,
    tokens_out: u64,
    /// µs; 0 when no content came.
    first_token_us: u64,
    /// µs.
    duration_us: u64,
    /// Dollars with nine decimals, all calls together; `null` when one of them has no known price.
    cost_usd: Option<String>,
    /// Dollars with nine decimals.
    billed_usd: Option<String>,
}

/// One request with its calls.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RequestWhole {
    /// Its id.
    request_id: String,
    /// When it came, µs UTC.
    started_us: i64,
    workspace: String,
    environment: String,
    key: String,
    customer: String,
    customer_source: String,
    user: String,
    session: String,
    origin: String,
    operation: String,
    api: String,
    stream: bool,
    trace: String,
    gateway: String,
    model_requested: String,
    policy_revision: u64,
    rule: String,
    rule_version: u32,
    cache_status: String,
    guardrail_action: String,
    /// The phase in which it ended.
    stage: String,
    outcome: String,
    http_status: u16,
    /// µs.
    duration_us: u64,
    /// µs; 0 when no content came.
    first_token_us: u32,
    /// Spent in the gateway itself, µs.
    overhead_us: u32,
    /// Where the bodies are.
    body_state: String,
    request_bytes: u32,
    response_bytes: u32,
    /// Tags by name.
    #[schema(value_type = Object)]
    tags: std::collections::BTreeMap<String, String>,
    /// Sampling parameters as sent.
    #[schema(value_type = Object)]
    params: serde_json::Value,
    /// The decision trace.
    #[schema(value_type = Object)]
    explain: serde_json::Value,
    /// Dollars with nine decimals, all calls together; `null` when one of them has no known price.
    cost_usd: Option<String>,
    /// Dollars with nine decimals.
    billed_usd: String,
    /// What was held for it, dollars with nine decimals.
    hold_usd: String,
    /// Its calls, in order.
    calls: Vec<CallItem>,
}

/// One call: an upstream attempt, or the one local answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CallItem {
    attempt: u8,
    target_no: u8,
    try_no: u8,
    #[serde(rename = "final")]
    is_final: bool,
    /// When it was sent, µs UTC.
    started_us: i64,
    /// µs.
    duration_us: u64,
    span: String,
    endpoint: String,
    provider: String,
    region: String,
    model: String,
    service_tier: String,
    provider_request_id: String,
    action: String,
    outcome: String,
    http_status: u16,
    error_type: String,
    error_side: String,
    error_message: String,
    finish_reasons: Vec<String>,
    /// Units by bucket; buckets do not overlap.
    #[schema(value_type = Object)]
    usage: std::collections::BTreeMap<&'static str, u32>,
    usage_source: String,
    usage_mismatch: bool,
    usage_raw: String,
    price_version: String,
    /// Dollars with nine decimals; `null` when no price is known.
    cost_usd: Option<String>,
    saved_usd: String,
    lines: Vec<LineItem>,
}

/// One line of a call's cost.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LineItem {
    kind: String,
    units: u64,
    /// Dollars per million units.
    price_usd: String,
    amount_usd: String,
}

/// Requests under a filter, newest first.
#[utoipa::path(get, path = "/api/v1/requests", tag = "requests",
    params(("q" = Option<String>, Query, description = "A filter, as on the page", example = "customer:acme"), During, Paging),
    responses((status = 200, body = List<RequestItem>), (status = 400, body = crate::error::Problem)))]
pub(crate) async fn list(
    by: Allowed<ReadFigures>,
    State(app): State<App>,
    Query(which): Query<Which>,
) -> Result<Json<List<RequestItem>>, AppError> {
    let unreadable = |error: &dyn std::fmt::Display| AppError::BadRequest(error.to_string());
    let window = Window::resolve(&which.range, &which.from, &which.to, app.clock.now_us())
        .map_err(|error| unreadable(&error))?;
    let filter = Filter::parse(&which.q).map_err(|error| unreadable(&error))?;
    let filter = Names::of(&app, &by).await?.resolve(filter);
    let place = which.paging.after::<Cursor>()?;
    let place = place.map(Cursor::within_history).map_or(Place::Newest, Place::Before);
    let scope = Scope::of(&app, &by, "api.requests").await?;
    let limit = usize::try_from(which.paging.limit()).unwrap_or(50);
    let found = app.archive.list_requests(&scope, Ask { window, filter: &filter, place, limit }).await?;
    let last = found.rows.last().filter(|_| found.more).map(RequestLine::cursor);
    Ok(Json(List::behind(found.rows.into_iter().map(RequestItem::from).collect(), last.as_ref())))
}

/// One request with its calls.
#[utoipa::path(get, path = "/api/v1/requests/{id}", tag = "requests", params(("id" = String, Path)),
    responses((status = 200, body = RequestWhole), (status = 404, body = crate::error::Problem)))]
pub(crate) async fn show(
    by: Allowed<ReadFigures>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<RequestWhole>, AppError> {
    let missing = || AppError::not_found("request", &id);
    let uuid: Uuid = id.parse().map_err(|_| missing())?;
    let scope = Scope::of(&app, &by, "api.request").await?;
    let request = app.archive.find_request(&scope, uuid).await?.ok_or_else(missing)?;
    Ok(Json(RequestWhole::from(request)))
}

impl From<RequestLine> for RequestItem {
    fn from(line: RequestLine) -> Self {
        let (cost, billed) = (line.cost(), line.billed());
        Self {
            cost_usd: cost.map(Money::usd_exact),
            billed_usd: cost.and(Some(billed.usd_exact())),
            request_id: line.request_id.to_string(),
            started_us: line.started_us,
            workspace: line.workspace_id,
            environment: line.environment,
            key: line.key_id,
            customer: line.customer_id,
            user: line.user_id,
            session: line.session_id,
            origin: line.origin,
            api: line.api,
            stream: line.stream,
            model_requested: line.model_requested,
            model: line.model,
            provider: line.provider,
            endpoint: line.endpoint_id,
            outcome: line.outcome,
            http_status: line.http_status,
            error_type: line.error_type,
            cache_status: line.cache_status,
            calls: u32::from(line.attempt) + 1,
            tokens_in: line.tokens_in,
            tokens_out: line.tokens_out,
            first_token_us: line.first_token_us,
            duration_us: line.duration_us,
        }
    }
}

impl From<Request> for RequestWhole {
    fn from(request: Request) -> Self {
        let (cost, billed) = (request.cost(), request.billed());
        let last = request.last().clone();
        let json = |text: &str| serde_json::from_str(text).unwrap_or(serde_json::Value::Null);
        Self {
            params: json(&last.params),
            explain: json(&last.explain),
            cost_usd: cost.map(Money::usd_exact),
            billed_usd: billed.usd_exact(),
            hold_usd: Money::from_nano(last.hold).usd_exact(),
            request_id: last.request_id.to_string(),
            started_us: last.started_us,
            workspace: last.workspace_id,
            environment: last.environment,
            key: last.key_id,
            customer: last.customer_id,
            customer_source: last.customer_source,
            user: last.user_id,
            session: last.session_id,
            origin: last.origin,
            operation: last.operation,
            api: last.api,
            stream: last.stream,
            trace: last.trace_id,
            gateway: last.gateway_id,
            model_requested: last.model_requested,
            policy_revision: last.policy_revision,
            rule: last.rule_id,
            rule_version: last.rule_version,
            cache_status: last.cache_status,
            guardrail_action: last.guardrail_action,
            stage: last.stage,
            outcome: last.outcome,
            http_status: last.http_status,
            duration_us: last.duration_us,
            first_token_us: last.ttft_us,
            overhead_us: last.overhead_us,
            body_state: last.body_state,
            request_bytes: last.request_bytes,
            response_bytes: last.response_bytes,
            tags: last.tags.into_iter().collect(),
            calls: request.calls.into_iter().map(CallItem::from).collect(),
        }
    }
}

impl From<Call> for CallItem {
    fn from(call: Call) -> Self {
        let usage = call.usage().into_iter().filter(|(_, units)| *units > 0).collect();
        let amounts = call.line_units.iter().zip(&call.line_prices).zip(&call.line_amounts);
        let lines = call.line_kinds.iter().zip(amounts).map(|(kind, ((units, price), amount))| LineItem {
            kind: kind.clone(),
            units: *units,
            price_usd: Money::from_nano(*price).usd_exact(),
            amount_usd: Money::from_nano(*amount).usd_exact(),
        });
        Self {
            usage,
            lines: lines.collect(),
            cost_usd: call.rated.then(|| Money::from_nano(call.cost).usd_exact()),
            saved_usd: Money::from_nano(call.saved).usd_exact(),
            attempt: call.attempt,
            target_no: call.target_no,
            try_no: call.try_no,
            is_final: call.is_final,
            started_us: call.attempt_started_us,
            duration_us: call.attempt_us,
            span: call.span_id,
            endpoint: call.endpoint_id,
            provider: call.provider,
            region: call.region,
            model: call.model,
            service_tier: call.service_tier,
            provider_request_id: call.provider_request_id,
            action: call.action,
            outcome: call.outcome,
            http_status: call.http_status,
            error_type: call.error_type,
            error_side: call.error_side,
            error_message: call.error_message,
            finish_reasons: call.finish_reasons,
            usage_source: call.usage_source,
            usage_mismatch: call.usage_mismatch,
            usage_raw: call.usage_raw,
            price_version: call.price_version,
        }
    }
}
