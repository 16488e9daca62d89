-- Latency of final rows as histograms: 16 buckets per octave, bucket b holds values from 2^(b/16) to 2^((b+1)/16).
-- Summing them is exact and needs no order, their counts tie out with the log, and OpenTelemetry's exponential
-- histograms have the same shape.
CREATE TABLE IF NOT EXISTS {{db}}.latency_5m{{local}}{{on_cluster}} (
  t DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
  workspace_id LowCardinality(String),
  model LowCardinality(String), provider LowCardinality(String), endpoint_id LowCardinality(String), stream Bool, origin LowCardinality(String),
  n        SimpleAggregateFunction(sum, UInt64),
  errors   SimpleAggregateFunction(sum, UInt64),
  duration SimpleAggregateFunction(sumMap, Map(Int16, UInt64)), -- microseconds
  ttft     SimpleAggregateFunction(sumMap, Map(Int16, UInt64)), -- microseconds; only where content came
  overhead SimpleAggregateFunction(sumMap, Map(Int16, UInt64)), -- microseconds
  out_tps  SimpleAggregateFunction(sumMap, Map(Int16, UInt64))  -- tokens per second after the first content
) ENGINE = {{engine:AggregatingMergeTree}}
PARTITION BY toYYYYMM(t)
ORDER BY (workspace_id, t, model, provider, endpoint_id, stream, origin)
SETTINGS {{window}};

CREATE MATERIALIZED VIEW IF NOT EXISTS {{db}}.latency_5m_mv{{on_cluster}} TO {{db}}.latency_5m{{local}} AS
SELECT toStartOfFiveMinutes(c.started_at) AS t, c.workspace_id AS workspace_id,
  c.model AS model, c.provider AS provider, c.endpoint_id AS endpoint_id, c.stream AS stream, c.origin AS origin,
  count() AS n,
  sum(toUInt64(c.outcome NOT IN ('ok', 'blocked'))) AS errors,
  sumMap(map(toInt16(floor(log2(greatest(c.duration_us, 1)) * 16)), toUInt64(1))) AS duration,
  sumMap(if(c.ttft_us > 0, map(toInt16(floor(log2(greatest(c.ttft_us, 1)) * 16)), toUInt64(1)), map()::Map(Int16, UInt64))) AS ttft,
  sumMap(map(toInt16(floor(log2(greatest(c.overhead_us, 1)) * 16)), toUInt64(1))) AS overhead,
  sumMap(if((c.output_tokens + c.reasoning_tokens + c.audio_output_tokens + c.image_output_tokens) > 0 AND c.duration_us > c.ttft_us,
    map(toInt16(floor(log2((c.output_tokens + c.reasoning_tokens + c.audio_output_tokens + c.image_output_tokens) * 1000000. / (c.duration_us - c.ttft_us)) * 16)), toUInt64(1)),
    map()::Map(Int16, UInt64))) AS out_tps
FROM {{db}}.llm_calls{{local}} AS c
WHERE c.final AND c.weight = 1
GROUP BY t, workspace_id, model, provider, endpoint_id, stream, origin;

{{distributed:latency_5m:rand()}};
