-- Facts that come beside or after a call, each as a row of its own: nothing here ever changes a call.

-- One row per guardrail evaluation that did something, and a share of the others for their latency. Never the matched
-- text: only where in the body it stands.
CREATE TABLE IF NOT EXISTS {{db}}.guardrail_events{{local}}{{on_cluster}} (
  at                 DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)),
  request_id         UUID,
  trace_id           String CODEC(ZSTD(1)),
  span_id            String CODEC(ZSTD(1)),
  workspace_id       LowCardinality(String),
  customer_id        String CODEC(ZSTD(1)),
  key_id             LowCardinality(String),
  model              LowCardinality(String),
  guardrail_id       LowCardinality(String),
  guardrail_version  UInt32 CODEC(T64, ZSTD(1)),
  stage              LowCardinality(String), -- input, output, tool, stream
  action             LowCardinality(String), -- none, flag, redact, block, error
  category           LowCardinality(String),
  score              Float32,
  reason             String CODEC(ZSTD(3)),
  latency_us         UInt32 CODEC(T64, ZSTD(1)),
  spans              Array(Tuple(UInt32, UInt32)) CODEC(ZSTD(1)),
  ingest_batch       String CODEC(ZSTD(1))
) ENGINE = {{engine:MergeTree}}
PARTITION BY toYYYYMM(at)
ORDER BY (workspace_id, guardrail_id, toStartOfHour(at), at)
TTL toDateTime(at) + INTERVAL 400 DAY
SETTINGS ttl_only_drop_parts = 1, {{window}};

{{distributed:guardrail_events:cityHash64(trace_id)}};

-- Money that changes after the fact: added to the call's, never written over it. Kept as long as statements are.
CREATE TABLE IF NOT EXISTS {{db}}.llm_adjustments{{local}}{{on_cluster}} (
  at              DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)),
  adjustment_id   UUID,
  request_id      UUID, -- nil: not about one call
  attempt         UInt8,
  workspace_id    LowCardinality(String),
  customer_id     String CODEC(ZSTD(1)),
  key_id          LowCardinality(String),
  model           LowCardinality(String),
  provider        LowCardinality(String),
  origin          LowCardinality(String),
  kind            LowCardinality(String), -- rerate, credit, late, reconcile
  reason          String CODEC(ZSTD(1)),
  price_version   LowCardinality(String),
  billing_period  UInt32 CODEC(T64, ZSTD(1)), -- YYYYMM
  cost            Decimal(18, 9) CODEC(T64, ZSTD(1)), -- differences: may be negative
  billed          Decimal(18, 9) CODEC(T64, ZSTD(1)),
  saved           Decimal(18, 9) CODEC(T64, ZSTD(1)),
  author          LowCardinality(String),
  ingest_batch    String CODEC(ZSTD(1)),

  INDEX a_request request_id TYPE bloom_filter(0.001) GRANULARITY 1
) ENGINE = {{engine:MergeTree}}
PARTITION BY toYYYYMM(at)
ORDER BY (workspace_id, billing_period, customer_id, at)
SETTINGS {{window}};

{{distributed:llm_adjustments:cityHash64(request_id)}};

-- What people and programs thought of an answer.
CREATE TABLE IF NOT EXISTS {{db}}.feedback{{local}}{{on_cluster}} (
  at            DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)),
  feedback_id   UUID,
  request_id    UUID,
  workspace_id  LowCardinality(String),
  customer_id   String CODEC(ZSTD(1)),
  name          LowCardinality(String),
  value         Float64,
  comment       String CODEC(ZSTD(3)),
  author        LowCardinality(String),

  INDEX f_request request_id TYPE bloom_filter(0.001) GRANULARITY 1
) ENGINE = {{engine:MergeTree}}
PARTITION BY toYYYYMM(at)
ORDER BY (workspace_id, name, toStartOfHour(at), at)
TTL toDateTime(at) + INTERVAL 400 DAY
SETTINGS ttl_only_drop_parts = 1, {{window}};

{{distributed:feedback:cityHash64(request_id)}};
