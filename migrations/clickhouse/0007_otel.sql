-- The calls as OpenTelemetry traces, in the schema of the collector's ClickHouse exporter, so that Grafana and others read
-- them as they are: a view, because a copy would cost 131 bytes per span and answer no faster.

-- Spans of others (applications around ours) land here: by our OTLP receiver, or by a collector set to this table.
CREATE TABLE IF NOT EXISTS {{db}}.otel_spans{{local}}{{on_cluster}} (
  Timestamp           DateTime64(9) CODEC(Delta(8), ZSTD(1)),
  TraceId             String CODEC(ZSTD(1)),
  SpanId              String CODEC(ZSTD(1)),
  ParentSpanId        String CODEC(ZSTD(1)),
  TraceState          String CODEC(ZSTD(1)),
  SpanName            LowCardinality(String) CODEC(ZSTD(1)),
  SpanKind            LowCardinality(String) CODEC(ZSTD(1)),
  ServiceName         LowCardinality(String) CODEC(ZSTD(1)),
  ResourceAttributes  Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  ScopeName           String CODEC(ZSTD(1)),
  ScopeVersion        String CODEC(ZSTD(1)),
  SpanAttributes      Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  Duration            UInt64 CODEC(T64, ZSTD(1)),
  StatusCode          LowCardinality(String) CODEC(ZSTD(1)),
  StatusMessage       String CODEC(ZSTD(1)),
  Events Nested (Timestamp DateTime64(9), Name LowCardinality(String), Attributes Map(LowCardinality(String), String)) CODEC(ZSTD(1)),
  Links Nested (TraceId String, SpanId String, TraceState String, Attributes Map(LowCardinality(String), String)) CODEC(ZSTD(1)),

  INDEX s_trace TraceId TYPE bloom_filter(0.001) GRANULARITY 1,
  INDEX s_value mapValues(SpanAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX s_duration Duration TYPE minmax GRANULARITY 1
) ENGINE = {{engine:MergeTree}}
PARTITION BY toDate(Timestamp)
ORDER BY (ServiceName, SpanName, toDateTime(Timestamp), Timestamp)
TTL toDateTime(Timestamp) + INTERVAL 30 DAY
SETTINGS ttl_only_drop_parts = 1, {{window}};

{{distributed:otel_spans:cityHash64(TraceId)}};

-- Three kinds of span: one CLIENT span per upstream call, one SERVER span per request (its final row), and the foreign ones.
-- Token counts are inclusive here, as the conventions want them; in llm_calls they are disjoint. A local answer has
-- no CLIENT span, or tokens would count twice. A SERVER span tells money only where one call made the request: with
-- several, each call's own span tells its share. Empty attributes are left out. ParentSpanId of a SERVER span is empty
-- unless the caller sent traceparent: that is how tools find the roots.
CREATE OR REPLACE VIEW {{db}}.otel_traces{{on_cluster}} AS
SELECT
  toDateTime64(attempt_started_at, 9) AS Timestamp, trace_id AS TraceId, span_id AS SpanId, parent_span_id AS ParentSpanId, '' AS TraceState,
  concat(operation, ' ', model_requested)::LowCardinality(String) AS SpanName, 'Client'::LowCardinality(String) AS SpanKind,
  'weir-gateway'::LowCardinality(String) AS ServiceName,
  mapFilter((k, v) -> v != '', map(
    'service.name', 'weir-gateway',
    'service.instance.id', gateway_id::String,
    'deployment.environment.name', environment::String
  ))::Map(LowCardinality(String), String) AS ResourceAttributes,
  'weir' AS ScopeName, '' AS ScopeVersion,
  mapFilter((k, v) -> v != '', map(
    'gen_ai.operation.name', operation::String,
    'gen_ai.provider.name', provider::String,
    'gen_ai.request.model', model_requested::String,
    'gen_ai.response.model', model::String,
    'gen_ai.request.stream', if(stream, 'true', ''),
    'gen_ai.request.seed', JSONExtractRaw(params, 'seed'),
    'gen_ai.request.choice.count', if(JSONExtractInt(params, 'n') > 1, JSONExtractRaw(params, 'n'), ''),
    'gen_ai.request.top_k', JSONExtractRaw(params, 'top_k'),
    'gen_ai.request.max_tokens', coalesce(nullIf(JSONExtractRaw(params, 'max_completion_tokens'), ''), nullIf(JSONExtractRaw(params, 'max_output_tokens'), ''), JSONExtractRaw(params, 'max_tokens')),
    'gen_ai.request.temperature', JSONExtractRaw(params, 'temperature'),
    'gen_ai.request.top_p', JSONExtractRaw(params, 'top_p'),
    'gen_ai.request.frequency_penalty', JSONExtractRaw(params, 'frequency_penalty'),
    'gen_ai.request.presence_penalty', JSONExtractRaw(params, 'presence_penalty'),
    'gen_ai.request.stop_sequences', coalesce(nullIf(JSONExtractRaw(params, 'stop_sequences'), ''), JSONExtractRaw(params, 'stop')),
    'gen_ai.request.reasoning.level', JSONExtractString(params, 'reasoning_effort'),
    'gen_ai.request.previous_response.id', JSONExtractString(params, 'previous_response_id'),
    'gen_ai.output.type', multiIf(JSONExtractString(params, 'response_format', 'type') LIKE 'json%', 'json', JSONExtractString(params, 'response_format', 'type')),
    'gen_ai.embeddings.dimension.count', JSONExtractRaw(params, 'dimensions'),
    'gen_ai.conversation.id', session_id,
    'gen_ai.prompt.name', prompt_name::String,
    'gen_ai.prompt.version', if(prompt_version > 0, toString(prompt_version), ''),
    'gen_ai.response.finish_reasons', if(empty(finish_reasons), '', toJSONString(finish_reasons)),
    'gen_ai.response.time_to_first_chunk', if(stream AND ttft_us > 0, toString(ttft_us / 1000000), ''),
    'gen_ai.usage.input_tokens', if(usage_source = 'none', '', toString(input_tokens + cache_read_tokens + cache_write_5m_tokens + cache_write_1h_tokens + audio_input_tokens + image_input_tokens)),
    'gen_ai.usage.output_tokens', if(usage_source = 'none', '', toString(output_tokens + reasoning_tokens + audio_output_tokens + image_output_tokens)),
    'gen_ai.usage.cache_read.input_tokens', if(cache_read_tokens > 0, toString(cache_read_tokens), ''),
    'gen_ai.usage.cache_write.input_tokens', if(cache_write_5m_tokens + cache_write_1h_tokens > 0, toString(cache_write_5m_tokens + cache_write_1h_tokens), ''),
    'gen_ai.usage.reasoning.output_tokens', if(reasoning_tokens > 0, toString(reasoning_tokens), ''),
    'gen_ai.usage.audio.input_tokens', if(audio_input_tokens > 0, toString(audio_input_tokens), ''),
    'gen_ai.usage.image.input_tokens', if(image_input_tokens > 0, toString(image_input_tokens), ''),
    'gen_ai.usage.audio.output_tokens', if(audio_output_tokens > 0, toString(audio_output_tokens), ''),
    'gen_ai.usage.image.output_tokens', if(image_output_tokens > 0, toString(image_output_tokens), ''),
    'error.type', if(outcome = 'ok', '', if(error_type = '', '_OTHER', error_type::String)),
    'http.response.status_code', if(http_status > 0, toString(http_status), ''),
    'http.request.resend_count', if(try_no > 0, toString(try_no), ''),
    'openai.api.type', multiIf(api = 'v1/chat/completions', 'chat_completions', api = 'v1/responses', 'responses', ''),
    'openai.request.service_tier', if(provider LIKE '%openai%', JSONExtractString(params, 'service_tier'), ''),
    'openai.response.service_tier', if(provider LIKE '%openai%', service_tier::String, ''),
    'weir.request.id', toString(request_id),
    'weir.workspace.id', workspace_id::String,
    'weir.customer.id', customer_id,
    'weir.key.id', key_id::String,
    'weir.origin', origin::String,
    'weir.attempt', toString(attempt),
    'weir.target', toString(target_no),
    'weir.try', toString(try_no),
    'weir.endpoint.id', endpoint_id::String,
    'weir.region', region::String,
    'weir.action', action::String,
    'weir.outcome', outcome::String,
    'weir.error.side', if(error_side = 'none', '', error_side::String),
    'weir.provider.request.id', provider_request_id,
    'weir.usage.source', usage_source::String,
    'weir.usage.mismatch', if(usage_mismatch, 'true', ''),
    'weir.price.version', price_version::String,
    'weir.rated', toString(rated),
    'weir.cost.usd', toString(cost),
    'weir.billed.usd', toString(billed),
    'weir.saved.usd', toString(saved)
  ))::Map(LowCardinality(String), String) AS SpanAttributes,
  (attempt_us * 1000)::UInt64 AS Duration,
  if(outcome = 'ok', 'Ok', 'Error')::LowCardinality(String) AS StatusCode, error_message AS StatusMessage,
  []::Array(DateTime64(9)) AS `Events.Timestamp`, []::Array(LowCardinality(String)) AS `Events.Name`,
  []::Array(Map(LowCardinality(String), String)) AS `Events.Attributes`,
  []::Array(String) AS `Links.TraceId`, []::Array(String) AS `Links.SpanId`, []::Array(String) AS `Links.TraceState`,
  []::Array(Map(LowCardinality(String), String)) AS `Links.Attributes`
FROM {{db}}.llm_calls
WHERE weight = 1 AND trace_id != '' AND span_id != ''
UNION ALL
SELECT
  toDateTime64(started_at, 9) AS Timestamp, trace_id AS TraceId, parent_span_id AS SpanId, caller_span_id AS ParentSpanId, '' AS TraceState,
  concat('POST /', api)::LowCardinality(String) AS SpanName, 'Server'::LowCardinality(String) AS SpanKind,
  'weir-gateway'::LowCardinality(String) AS ServiceName,
  mapFilter((k, v) -> v != '', map(
    'service.name', 'weir-gateway',
    'service.instance.id', gateway_id::String,
    'deployment.environment.name', environment::String
  ))::Map(LowCardinality(String), String) AS ResourceAttributes,
  'weir' AS ScopeName, '' AS ScopeVersion,
  mapFilter((k, v) -> v != '', mapConcat(map(
    'http.request.method', 'POST',
    'http.route', concat('/', api),
    'url.path', concat('/', api),
    'http.response.status_code', if(http_status > 0, toString(http_status), ''),
    'error.type', if(outcome = 'ok', '', if(error_type = '', outcome::String, error_type::String)),
    'weir.request.id', toString(request_id),
    'weir.workspace.id', workspace_id::String,
    'weir.customer.id', customer_id,
    'weir.customer.source', customer_source::String,
    'weir.key.id', key_id::String,
    'user.id', user_id,
    'session.id', session_id,
    'weir.origin', origin::String,
    'weir.model.requested', model_requested::String,
    'weir.rule.id', rule_id::String,
    'weir.policy.revision', toString(policy_revision),
    'weir.cache.status', cache_status::String,
    'weir.guardrail.action', guardrail_action::String,
    'weir.guardrail.ids', if(empty(guardrail_ids), '', toJSONString(guardrail_ids)),
    'weir.stage', stage::String,
    'weir.outcome', outcome::String,
    'weir.attempts', toString(attempt + 1),
    'weir.overhead.us', toString(overhead_us),
    'weir.hold.usd', toString(hold),
    'weir.cost.usd', if(attempt = 0, toString(cost), ''),
    'weir.billed.usd', if(attempt = 0, toString(billed), ''),
    'weir.saved.usd', if(attempt = 0, toString(saved), ''),
    'weir.body.ref', if(body_state IN ('inline', 'object'), concat('llm_bodies/', toString(request_id)), '')
  ), mapApply((k, v) -> (concat('weir.tag.', k), v), CAST(tags, 'Map(String, String)'))))::Map(LowCardinality(String), String) AS SpanAttributes,
  (duration_us * 1000)::UInt64 AS Duration,
  if(outcome = 'ok', 'Ok', 'Error')::LowCardinality(String) AS StatusCode, error_message AS StatusMessage,
  []::Array(DateTime64(9)) AS `Events.Timestamp`, []::Array(LowCardinality(String)) AS `Events.Name`,
  []::Array(Map(LowCardinality(String), String)) AS `Events.Attributes`,
  []::Array(String) AS `Links.TraceId`, []::Array(String) AS `Links.SpanId`, []::Array(String) AS `Links.TraceState`,
  []::Array(Map(LowCardinality(String), String)) AS `Links.Attributes`
FROM {{db}}.llm_calls
WHERE final AND weight = 1 AND trace_id != ''
UNION ALL
SELECT Timestamp, TraceId, SpanId, ParentSpanId, TraceState, SpanName, SpanKind, ServiceName, ResourceAttributes, ScopeName, ScopeVersion,
  SpanAttributes, Duration, StatusCode, StatusMessage, `Events.Timestamp`, `Events.Name`, `Events.Attributes`,
  `Links.TraceId`, `Links.SpanId`, `Links.TraceState`, `Links.Attributes`
FROM {{db}}.otel_spans;

CREATE OR REPLACE VIEW {{db}}.otel_traces_trace_id_ts{{on_cluster}} AS
SELECT TraceId, toDateTime(min(Timestamp)) AS Start, toDateTime(max(Timestamp)) AS End
FROM {{db}}.otel_traces
GROUP BY TraceId;
