-- Spend by customer and day, without models: what the list of customers and its months are made of. A month of the hourly
-- table has a row for every customer, hour and model; this one has one for every customer and day.
CREATE TABLE IF NOT EXISTS {{db}}.spend_customer_1d{{local}}{{on_cluster}} (
  t DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
  workspace_id LowCardinality(String),
  customer_id String, origin LowCardinality(String), billing_period UInt32,
  last_at SimpleAggregateFunction(max, DateTime64(6, 'UTC')), -- arrival of the newest request of that day
  requests SimpleAggregateFunction(sum, UInt64), calls SimpleAggregateFunction(sum, UInt64), unrated SimpleAggregateFunction(sum, UInt64),
  errors SimpleAggregateFunction(sum, UInt64), cache_hits SimpleAggregateFunction(sum, UInt64), input_tokens SimpleAggregateFunction(sum, UInt64),
  cache_read_tokens SimpleAggregateFunction(sum, UInt64), cache_write_5m_tokens SimpleAggregateFunction(sum, UInt64), cache_write_1h_tokens SimpleAggregateFunction(sum, UInt64),
  audio_input_tokens SimpleAggregateFunction(sum, UInt64), image_input_tokens SimpleAggregateFunction(sum, UInt64), output_tokens SimpleAggregateFunction(sum, UInt64),
  reasoning_tokens SimpleAggregateFunction(sum, UInt64), audio_output_tokens SimpleAggregateFunction(sum, UInt64), image_output_tokens SimpleAggregateFunction(sum, UInt64),
  cost SimpleAggregateFunction(sum, Decimal(38, 9)), billed SimpleAggregateFunction(sum, Decimal(38, 9)), saved SimpleAggregateFunction(sum, Decimal(38, 9))
) ENGINE = {{engine:AggregatingMergeTree}}
PARTITION BY toYYYYMM(t)
ORDER BY (workspace_id, customer_id, t, origin, billing_period)
TTL t + INTERVAL 10 YEAR
SETTINGS ttl_only_drop_parts = 1, {{window}};

CREATE MATERIALIZED VIEW IF NOT EXISTS {{db}}.spend_customer_1d_mv{{on_cluster}} TO {{db}}.spend_customer_1d{{local}} AS
SELECT toStartOfDay(c.started_at) AS t, c.workspace_id AS workspace_id,
  c.customer_id AS customer_id, c.origin AS origin, c.billing_period AS billing_period,
  max(c.started_at) AS last_at,
  sum(toUInt64(c.final) * c.weight) AS requests,
  sum(toUInt64(c.weight)) AS calls,
  sum(toUInt64(NOT c.rated) * c.weight) AS unrated,
  sum(toUInt64(c.final AND c.outcome NOT IN ('ok', 'blocked')) * c.weight) AS errors,
  sum(toUInt64(c.final AND c.cache_status IN ('hit', 'semantic_hit')) * c.weight) AS cache_hits,
  sum(toUInt64(c.input_tokens)) AS input_tokens, sum(toUInt64(c.cache_read_tokens)) AS cache_read_tokens,
  sum(toUInt64(c.cache_write_5m_tokens)) AS cache_write_5m_tokens, sum(toUInt64(c.cache_write_1h_tokens)) AS cache_write_1h_tokens,
  sum(toUInt64(c.audio_input_tokens)) AS audio_input_tokens, sum(toUInt64(c.image_input_tokens)) AS image_input_tokens,
  sum(toUInt64(c.output_tokens)) AS output_tokens, sum(toUInt64(c.reasoning_tokens)) AS reasoning_tokens,
  sum(toUInt64(c.audio_output_tokens)) AS audio_output_tokens, sum(toUInt64(c.image_output_tokens)) AS image_output_tokens,
  sum(c.cost) AS cost, sum(c.billed) AS billed, sum(c.saved) AS saved
FROM {{db}}.llm_calls{{local}} AS c
GROUP BY t, workspace_id, customer_id, origin, billing_period;

{{distributed:spend_customer_1d:rand()}};

-- From which day on a rollup knows every call. One that was made with the first tables knows all of them; one that came
-- later knows what was written after it, and is not filled up behind the back of gateways that write at the same time.
CREATE TABLE IF NOT EXISTS {{db}}.rollup_starts{{on_cluster}} (
  name String,
  t    DateTime('UTC')
) ENGINE = {{engine:ReplacingMergeTree}}
ORDER BY (name, t);

-- The day after tomorrow, because a gateway's clock and the archive's may differ; run again, the latest of them counts.
INSERT INTO {{db}}.rollup_starts
SELECT 'spend_customer_1d', if((SELECT count() FROM {{db}}.llm_calls) = 0 AND (SELECT count() FROM {{db}}.spend_1d) = 0,
  toDateTime(0, 'UTC'), toStartOfDay(now('UTC')) + INTERVAL 2 DAY);
