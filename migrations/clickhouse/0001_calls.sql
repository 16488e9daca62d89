-- One immutable row per call: an upstream attempt, or one local answer (cache hit, block, refusal).
-- Requests are counted over `final` rows, money is summed over all of them. Late facts are rows of other tables.
CREATE TABLE IF NOT EXISTS {{db}}.llm_calls{{local}}{{on_cluster}} (
  -- When and which
  started_at              DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)), -- arrival of the request: the same in all its rows
  ingested_at             DateTime('UTC') DEFAULT now() CODEC(Delta(4), ZSTD(1)),
  request_id              UUID,
  attempt                 UInt8, -- running number within the request, from 0
  target_no               UInt8, -- place in the plan, from 0
  try_no                  UInt8, -- try on that target, from 0
  final                   Bool, -- exactly one row of a request
  weight                  UInt32 DEFAULT 1 CODEC(T64, ZSTD(1)), -- requests this row stands for: above 1 in gap rows only
  origin                  LowCardinality(String), -- live, replay, shadow, judge, embedding, ingest, sample
  replay_of               UUID, -- nil: none
  parent_request_id       UUID, -- nil: none
  -- Trace
  trace_id                String CODEC(ZSTD(1)),
  span_id                 String CODEC(ZSTD(1)), -- this call's client span, empty for a local answer
  parent_span_id          String CODEC(ZSTD(1)), -- the request's server span
  caller_span_id          String CODEC(ZSTD(1)), -- what the caller sent in traceparent
  -- Who
  workspace_id            LowCardinality(String),
  environment             LowCardinality(String),
  key_id                  LowCardinality(String),
  customer_id             String CODEC(ZSTD(1)),
  customer_source         LowCardinality(String), -- none, key, signed, header, baggage, body
  user_id                 String CODEC(ZSTD(1)),
  session_id              String CODEC(ZSTD(1)),
  -- What was asked, and where it went
  operation               LowCardinality(String),
  api                     LowCardinality(String), -- route path without the leading slash
  stream                  Bool,
  model_requested         LowCardinality(String),
  model                   LowCardinality(String),
  provider                LowCardinality(String),
  endpoint_id             LowCardinality(String),
  region                  LowCardinality(String),
  service_tier            LowCardinality(String),
  provider_request_id     String CODEC(ZSTD(1)),
  -- What decided it
  prompt_name             LowCardinality(String),
  prompt_version          UInt32 CODEC(T64, ZSTD(1)),
  rule_id                 LowCardinality(String),
  rule_version            UInt32 CODEC(T64, ZSTD(1)),
  policy_revision         UInt64 CODEC(Delta(8), ZSTD(1)),
  explain                 String CODEC(ZSTD(3)), -- the decision trace, JSON
  cache_status            LowCardinality(String), -- none, bypass, miss, hit, semantic_hit, refresh
  cache_source            UUID,
  -- How it ended
  stage                   LowCardinality(String),
  action                  LowCardinality(String),
  outcome                 LowCardinality(String), -- ok, client_error, upstream_error, timeout, cancelled, blocked, rate_limited, budget_denied, lost
  http_status             UInt16 CODEC(T64, ZSTD(1)),
  error_type              LowCardinality(String),
  error_side              LowCardinality(String), -- none, client, provider, gateway
  error_message           String CODEC(ZSTD(3)),
  finish_reasons          Array(LowCardinality(String)) CODEC(ZSTD(1)),
  duration_us             UInt64 CODEC(T64, ZSTD(1)), -- arrival to last byte
  attempt_us              UInt64 CODEC(T64, ZSTD(1)), -- this call alone
  ttft_us                 UInt32 CODEC(T64, ZSTD(1)), -- 0: no content came
  overhead_us             UInt32 CODEC(T64, ZSTD(1)), -- spent in the gateway itself
  attempt_started_at      DateTime64(6, 'UTC') DEFAULT started_at CODEC(Delta(8), ZSTD(1)), -- when this call was sent
  -- Usage: disjoint buckets, together the provider's own totals
  input_tokens            UInt32 CODEC(T64, ZSTD(1)),
  cache_read_tokens       UInt32 CODEC(T64, ZSTD(1)),
  cache_write_5m_tokens   UInt32 CODEC(T64, ZSTD(1)),
  cache_write_1h_tokens   UInt32 CODEC(T64, ZSTD(1)),
  audio_input_tokens      UInt32 CODEC(T64, ZSTD(1)),
  image_input_tokens      UInt32 CODEC(T64, ZSTD(1)),
  output_tokens           UInt32 CODEC(T64, ZSTD(1)),
  reasoning_tokens        UInt32 CODEC(T64, ZSTD(1)),
  audio_output_tokens     UInt32 CODEC(T64, ZSTD(1)),
  image_output_tokens     UInt32 CODEC(T64, ZSTD(1)),
  other_units             Map(LowCardinality(String), UInt64) CODEC(ZSTD(1)),
  usage_source            LowCardinality(String), -- provider, counted, estimated, none
  usage_mismatch          Bool, -- the buckets do not add up to the provider's totals
  usage_raw               String CODEC(ZSTD(3)),
  -- Money, in dollars of nine digits; an Int64 of nano-dollars on disk
  rated                   Bool,
  price_version           LowCardinality(String),
  billing_period          UInt32 CODEC(T64, ZSTD(1)), -- YYYYMM
  line_kinds              Array(LowCardinality(String)) CODEC(ZSTD(1)),
  line_units              Array(UInt64) CODEC(ZSTD(1)),
  line_prices             Array(Int64) CODEC(ZSTD(1)), -- nano-dollars per million units
  line_amounts            Array(Decimal(18, 9)) CODEC(ZSTD(1)), -- their sum is cost
  cost                    Decimal(18, 9) CODEC(T64, ZSTD(1)), -- what the provider charges
  billed                  Decimal(18, 9) CODEC(T64, ZSTD(1)), -- what the customer is charged
  saved                   Decimal(18, 9) CODEC(T64, ZSTD(1)), -- what the cache saved
  hold                    Decimal(18, 9) CODEC(T64, ZSTD(1)), -- what was reserved
  budget_ids              Array(String) CODEC(ZSTD(1)),
  budget_before           Array(Decimal(18, 9)) CODEC(ZSTD(1)),
  budget_after            Array(Decimal(18, 9)) CODEC(ZSTD(1)),
  -- The rest
  guardrail_action        LowCardinality(String), -- none, flag, redact, block
  guardrail_ids           Array(LowCardinality(String)) CODEC(ZSTD(1)),
  tags                    Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  params                  String CODEC(ZSTD(1)), -- sampling parameters as sent, JSON
  compat                  LowCardinality(String), -- whose headers named the customer
  body_state              LowCardinality(String), -- none, inline, object, shed, deleted
  request_bytes           UInt32 CODEC(T64, ZSTD(1)),
  response_bytes          UInt32 CODEC(T64, ZSTD(1)),
  prompt_preview          String CODEC(ZSTD(3)),
  response_preview        String CODEC(ZSTD(3)),
  gateway_id              LowCardinality(String),
  ingest_batch            String CODEC(ZSTD(1)),

  INDEX i_started    started_at TYPE minmax GRANULARITY 1,
  INDEX i_attempt    attempt_started_at TYPE minmax GRANULARITY 1,
  INDEX i_request    request_id TYPE bloom_filter(0.001) GRANULARITY 1,
  INDEX i_trace      trace_id TYPE bloom_filter(0.001) GRANULARITY 1,
  INDEX i_customer   customer_id TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX i_user       user_id TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX i_session    session_id TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX i_key        key_id TYPE set(64) GRANULARITY 1,
  INDEX i_model      model TYPE set(64) GRANULARITY 4,
  INDEX i_outcome    outcome TYPE set(16) GRANULARITY 1,
  INDEX i_duration   duration_us TYPE minmax GRANULARITY 1,
  INDEX i_cost       cost TYPE minmax GRANULARITY 1,
  INDEX i_tag        mapKeys(tags) TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX i_tag_value  mapValues(tags) TYPE bloom_filter(0.01) GRANULARITY 1
) ENGINE = {{engine:MergeTree}}
PARTITION BY toYYYYMMDD(started_at)
-- A workspace's newest calls are one read from the end; a customer's sums come from the rollups.
ORDER BY (workspace_id, toStartOfHour(started_at), started_at)
TTL toDateTime(started_at) + INTERVAL 400 DAY
SETTINGS ttl_only_drop_parts = 1, {{window}};

{{distributed:llm_calls:cityHash64(trace_id)}};
