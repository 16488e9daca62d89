-- What was said. Apart from the calls because it is ten times the bytes, has rights and a retention of its own, and is
-- what gets erased. Ordered by session: a history is resent at each turn, and neighbours compress to a third.
CREATE TABLE IF NOT EXISTS {{db}}.llm_bodies{{local}}{{on_cluster}} (
  started_at         DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)), -- the call row's
  request_id         UUID,
  attempt            UInt8,
  workspace_id       LowCardinality(String),
  customer_id        String CODEC(ZSTD(1)),
  session_id         String CODEC(ZSTD(1)),
  retention_days     UInt16, -- 1, 7, 30, 90 or 365: each class has partitions of its own, which are dropped whole
  request            String CODEC(ZSTD(3)),
  response           String CODEC(ZSTD(3)),
  upstream_request   String CODEC(ZSTD(3)), -- empty: equals request
  upstream_response  String CODEC(ZSTD(3)), -- empty: equals response
  body_format        LowCardinality(String),
  content_type       LowCardinality(String),
  redaction_version  UInt32 CODEC(T64, ZSTD(1)),
  stream_marks       Array(UInt32) CODEC(ZSTD(1)), -- milliseconds from the start to each chunk
  request_headers    Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  response_headers   Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  search_text        String CODEC(ZSTD(3)), -- the newest user turn and the answer, bounded
  ingest_batch       String CODEC(ZSTD(1)),

  INDEX b_request  request_id TYPE bloom_filter(0.001) GRANULARITY 1,
  INDEX b_customer customer_id TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX b_text     search_text TYPE text(tokenizer = 'splitByNonAlpha', preprocessor = lower(search_text))
) ENGINE = {{engine:MergeTree}}
PARTITION BY (toYYYYMMDD(started_at), retention_days)
ORDER BY (workspace_id, toStartOfHour(started_at), cityHash64(session_id), started_at)
TTL toDateTime(started_at) + toIntervalDay(retention_days)
SETTINGS ttl_only_drop_parts = 1, index_granularity_bytes = 67108864, merge_max_block_size_bytes = 67108864, {{window}};

{{distributed:llm_bodies:cityHash64(request_id)}};
