-- Spend, summed as it arrives. Narrow keys: one wide hourly cube would have about as many rows as the log itself.
-- Every view reads llm_calls directly, so that each can be rebuilt alone. `calls` and money count every row, `requests`,
-- `errors` and `cache_hits` count final rows; `unrated` counts rows without a known price.

-- By customer: audits, statements, the customer pages.
CREATE TABLE IF NOT EXISTS {{db}}.spend_customer_1h{{local}}{{on_cluster}} (
  t DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
  workspace_id LowCardinality(String),
  customer_id String, model LowCardinality(String), provider LowCardinality(String), origin LowCardinality(String), billing_period UInt32,
  requests SimpleAggregateFunction(sum, UInt64), calls SimpleAggregateFunction(sum, UInt64), unrated SimpleAggregateFunction(sum, UInt64),
  errors SimpleAggregateFunction(sum, UInt64), cache_hits SimpleAggregateFunction(sum, UInt64), input_tokens SimpleAggregateFunction(sum, UInt64),
  cache_read_tokens SimpleAggregateFunction(sum, UInt64), cache_write_5m_tokens SimpleAggregateFunction(sum, UInt64), cache_write_1h_tokens SimpleAggregateFunction(sum, UInt64),
  audio_input_tokens SimpleAggregateFunction(sum, UInt64), image_input_tokens SimpleAggregateFunction(sum, UInt64), output_tokens SimpleAggregateFunction(sum, UInt64),
  reasoning_tokens SimpleAggregateFunction(sum, UInt64), audio_output_tokens SimpleAggregateFunction(sum, UInt64), image_output_tokens SimpleAggregateFunction(sum, UInt64),
  cost SimpleAggregateFunction(sum, Decimal(38, 9)), billed SimpleAggregateFunction(sum, Decimal(38, 9)), saved SimpleAggregateFunction(sum, Decimal(38, 9))
) ENGINE = {{engine:AggregatingMergeTree}}
PARTITION BY toYYYYMM(t)
ORDER BY (workspace_id, customer_id, t, model, provider, origin, billing_period)
SETTINGS {{window}};

CREATE MATERIALIZED VIEW IF NOT EXISTS {{db}}.spend_customer_1h_mv{{on_cluster}} TO {{db}}.spend_customer_1h{{local}} AS
SELECT toStartOfHour(c.started_at) AS t, c.workspace_id AS workspace_id,
  c.customer_id AS customer_id, c.model AS model, c.provider AS provider, c.origin AS origin, c.billing_period AS billing_period,
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
GROUP BY t, workspace_id, customer_id, model, provider, origin, billing_period;

{{distributed:spend_customer_1h:rand()}};

-- By key.
CREATE TABLE IF NOT EXISTS {{db}}.spend_key_1h{{local}}{{on_cluster}} (
  t DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
  workspace_id LowCardinality(String),
  key_id LowCardinality(String), environment LowCardinality(String), model LowCardinality(String), provider LowCardinality(String), origin LowCardinality(String), billing_period UInt32,
  requests SimpleAggregateFunction(sum, UInt64), calls SimpleAggregateFunction(sum, UInt64), unrated SimpleAggregateFunction(sum, UInt64),
  errors SimpleAggregateFunction(sum, UInt64), cache_hits SimpleAggregateFunction(sum, UInt64), input_tokens SimpleAggregateFunction(sum, UInt64),
  cache_read_tokens SimpleAggregateFunction(sum, UInt64), cache_write_5m_tokens SimpleAggregateFunction(sum, UInt64), cache_write_1h_tokens SimpleAggregateFunction(sum, UInt64),
  audio_input_tokens SimpleAggregateFunction(sum, UInt64), image_input_tokens SimpleAggregateFunction(sum, UInt64), output_tokens SimpleAggregateFunction(sum, UInt64),
  reasoning_tokens SimpleAggregateFunction(sum, UInt64), audio_output_tokens SimpleAggregateFunction(sum, UInt64), image_output_tokens SimpleAggregateFunction(sum, UInt64),
  cost SimpleAggregateFunction(sum, Decimal(38, 9)), billed SimpleAggregateFunction(sum, Decimal(38, 9)), saved SimpleAggregateFunction(sum, Decimal(38, 9))
) ENGINE = {{engine:AggregatingMergeTree}}
PARTITION BY toYYYYMM(t)
ORDER BY (workspace_id, key_id, t, environment, model, provider, origin, billing_period)
SETTINGS {{window}};

CREATE MATERIALIZED VIEW IF NOT EXISTS {{db}}.spend_key_1h_mv{{on_cluster}} TO {{db}}.spend_key_1h{{local}} AS
SELECT toStartOfHour(c.started_at) AS t, c.workspace_id AS workspace_id,
  c.key_id AS key_id, c.environment AS environment, c.model AS model, c.provider AS provider, c.origin AS origin, c.billing_period AS billing_period,
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
GROUP BY t, workspace_id, key_id, environment, model, provider, origin, billing_period;

{{distributed:spend_key_1h:rand()}};

-- By user of the caller.
CREATE TABLE IF NOT EXISTS {{db}}.spend_user_1h{{local}}{{on_cluster}} (
  t DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
  workspace_id LowCardinality(String),
  user_id String, model LowCardinality(String), origin LowCardinality(String), billing_period UInt32,
  requests SimpleAggregateFunction(sum, UInt64), calls SimpleAggregateFunction(sum, UInt64), unrated SimpleAggregateFunction(sum, UInt64),
  errors SimpleAggregateFunction(sum, UInt64), cache_hits SimpleAggregateFunction(sum, UInt64), input_tokens SimpleAggregateFunction(sum, UInt64),
  cache_read_tokens SimpleAggregateFunction(sum, UInt64), cache_write_5m_tokens SimpleAggregateFunction(sum, UInt64), cache_write_1h_tokens SimpleAggregateFunction(sum, UInt64),
  audio_input_tokens SimpleAggregateFunction(sum, UInt64), image_input_tokens SimpleAggregateFunction(sum, UInt64), output_tokens SimpleAggregateFunction(sum, UInt64),
  reasoning_tokens SimpleAggregateFunction(sum, UInt64), audio_output_tokens SimpleAggregateFunction(sum, UInt64), image_output_tokens SimpleAggregateFunction(sum, UInt64),
  cost SimpleAggregateFunction(sum, Decimal(38, 9)), billed SimpleAggregateFunction(sum, Decimal(38, 9)), saved SimpleAggregateFunction(sum, Decimal(38, 9))
) ENGINE = {{engine:AggregatingMergeTree}}
PARTITION BY toYYYYMM(t)
ORDER BY (workspace_id, user_id, t, model, origin, billing_period)
SETTINGS {{window}};

CREATE MATERIALIZED VIEW IF NOT EXISTS {{db}}.spend_user_1h_mv{{on_cluster}} TO {{db}}.spend_user_1h{{local}} AS
SELECT toStartOfHour(c.started_at) AS t, c.workspace_id AS workspace_id,
  c.user_id AS user_id, c.model AS model, c.origin AS origin, c.billing_period AS billing_period,
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
GROUP BY t, workspace_id, user_id, model, origin, billing_period;

{{distributed:spend_user_1h:rand()}};

-- By model and where it ran: provider invoices.
CREATE TABLE IF NOT EXISTS {{db}}.spend_model_1h{{local}}{{on_cluster}} (
  t DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
  workspace_id LowCardinality(String),
  model LowCardinality(String), provider LowCardinality(String), endpoint_id LowCardinality(String), origin LowCardinality(String), billing_period UInt32,
  requests SimpleAggregateFunction(sum, UInt64), calls SimpleAggregateFunction(sum, UInt64), unrated SimpleAggregateFunction(sum, UInt64),
  errors SimpleAggregateFunction(sum, UInt64), cache_hits SimpleAggregateFunction(sum, UInt64), input_tokens SimpleAggregateFunction(sum, UInt64),
  cache_read_tokens SimpleAggregateFunction(sum, UInt64), cache_write_5m_tokens SimpleAggregateFunction(sum, UInt64), cache_write_1h_tokens SimpleAggregateFunction(sum, UInt64),
  audio_input_tokens SimpleAggregateFunction(sum, UInt64), image_input_tokens SimpleAggregateFunction(sum, UInt64), output_tokens SimpleAggregateFunction(sum, UInt64),
  reasoning_tokens SimpleAggregateFunction(sum, UInt64), audio_output_tokens SimpleAggregateFunction(sum, UInt64), image_output_tokens SimpleAggregateFunction(sum, UInt64),
  cost SimpleAggregateFunction(sum, Decimal(38, 9)), billed SimpleAggregateFunction(sum, Decimal(38, 9)), saved SimpleAggregateFunction(sum, Decimal(38, 9))
) ENGINE = {{engine:AggregatingMergeTree}}
PARTITION BY toYYYYMM(t)
ORDER BY (workspace_id, model, t, provider, endpoint_id, origin, billing_period)
SETTINGS {{window}};

CREATE MATERIALIZED VIEW IF NOT EXISTS {{db}}.spend_model_1h_mv{{on_cluster}} TO {{db}}.spend_model_1h{{local}} AS
SELECT toStartOfHour(c.started_at) AS t, c.workspace_id AS workspace_id,
  c.model AS model, c.provider AS provider, c.endpoint_id AS endpoint_id, c.origin AS origin, c.billing_period AS billing_period,
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
GROUP BY t, workspace_id, model, provider, endpoint_id, origin, billing_period;

{{distributed:spend_model_1h:rand()}};

-- By tag. A call with three tags counts under each of them, one without under none.
CREATE TABLE IF NOT EXISTS {{db}}.spend_tag_1h{{local}}{{on_cluster}} (
  t DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
  workspace_id LowCardinality(String),
  tag LowCardinality(String), tag_value String, model LowCardinality(String), origin LowCardinality(String), billing_period UInt32,
  requests SimpleAggregateFunction(sum, UInt64), calls SimpleAggregateFunction(sum, UInt64), unrated SimpleAggregateFunction(sum, UInt64),
  errors SimpleAggregateFunction(sum, UInt64), cache_hits SimpleAggregateFunction(sum, UInt64), input_tokens SimpleAggregateFunction(sum, UInt64),
  cache_read_tokens SimpleAggregateFunction(sum, UInt64), cache_write_5m_tokens SimpleAggregateFunction(sum, UInt64), cache_write_1h_tokens SimpleAggregateFunction(sum, UInt64),
  audio_input_tokens SimpleAggregateFunction(sum, UInt64), image_input_tokens SimpleAggregateFunction(sum, UInt64), output_tokens SimpleAggregateFunction(sum, UInt64),
  reasoning_tokens SimpleAggregateFunction(sum, UInt64), audio_output_tokens SimpleAggregateFunction(sum, UInt64), image_output_tokens SimpleAggregateFunction(sum, UInt64),
  cost SimpleAggregateFunction(sum, Decimal(38, 9)), billed SimpleAggregateFunction(sum, Decimal(38, 9)), saved SimpleAggregateFunction(sum, Decimal(38, 9))
) ENGINE = {{engine:AggregatingMergeTree}}
PARTITION BY toYYYYMM(t)
ORDER BY (workspace_id, tag, t, tag_value, model, origin, billing_period)
SETTINGS {{window}};

CREATE MATERIALIZED VIEW IF NOT EXISTS {{db}}.spend_tag_1h_mv{{on_cluster}} TO {{db}}.spend_tag_1h{{local}} AS
SELECT toStartOfHour(c.started_at) AS t, c.workspace_id AS workspace_id,
  tag, tag_value, c.model AS model, c.origin AS origin, c.billing_period AS billing_period,
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
ARRAY JOIN mapKeys(c.tags) AS tag, mapValues(c.tags) AS tag_value
GROUP BY t, workspace_id, tag, tag_value, model, origin, billing_period;

{{distributed:spend_tag_1h:rand()}};

-- By prompt and version.
CREATE TABLE IF NOT EXISTS {{db}}.spend_prompt_1h{{local}}{{on_cluster}} (
  t DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
  workspace_id LowCardinality(String),
  prompt_name LowCardinality(String), prompt_version UInt32, model LowCardinality(String), origin LowCardinality(String), billing_period UInt32,
  requests SimpleAggregateFunction(sum, UInt64), calls SimpleAggregateFunction(sum, UInt64), unrated SimpleAggregateFunction(sum, UInt64),
  errors SimpleAggregateFunction(sum, UInt64), cache_hits SimpleAggregateFunction(sum, UInt64), input_tokens SimpleAggregateFunction(sum, UInt64),
  cache_read_tokens SimpleAggregateFunction(sum, UInt64), cache_write_5m_tokens SimpleAggregateFunction(sum, UInt64), cache_write_1h_tokens SimpleAggregateFunction(sum, UInt64),
  audio_input_tokens SimpleAggregateFunction(sum, UInt64), image_input_tokens SimpleAggregateFunction(sum, UInt64), output_tokens SimpleAggregateFunction(sum, UInt64),
  reasoning_tokens SimpleAggregateFunction(sum, UInt64), audio_output_tokens SimpleAggregateFunction(sum, UInt64), image_output_tokens SimpleAggregateFunction(sum, UInt64),
  cost SimpleAggregateFunction(sum, Decimal(38, 9)), billed SimpleAggregateFunction(sum, Decimal(38, 9)), saved SimpleAggregateFunction(sum, Decimal(38, 9))
) ENGINE = {{engine:AggregatingMergeTree}}
PARTITION BY toYYYYMM(t)
ORDER BY (workspace_id, prompt_name, t, prompt_version, model, origin, billing_period)
SETTINGS {{window}};

CREATE MATERIALIZED VIEW IF NOT EXISTS {{db}}.spend_prompt_1h_mv{{on_cluster}} TO {{db}}.spend_prompt_1h{{local}} AS
SELECT toStartOfHour(c.started_at) AS t, c.workspace_id AS workspace_id,
  c.prompt_name AS prompt_name, c.prompt_version AS prompt_version, c.model AS model, c.origin AS origin, c.billing_period AS billing_period,
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
GROUP BY t, workspace_id, prompt_name, prompt_version, model, origin, billing_period;

{{distributed:spend_prompt_1h:rand()}};

-- By what decided and how it ended.
CREATE TABLE IF NOT EXISTS {{db}}.spend_policy_1h{{local}}{{on_cluster}} (
  t DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
  workspace_id LowCardinality(String),
  rule_id LowCardinality(String), cache_status LowCardinality(String), outcome LowCardinality(String), guardrail_action LowCardinality(String), model LowCardinality(String), provider LowCardinality(String), origin LowCardinality(String), billing_period UInt32,
  requests SimpleAggregateFunction(sum, UInt64), calls SimpleAggregateFunction(sum, UInt64), unrated SimpleAggregateFunction(sum, UInt64),
  errors SimpleAggregateFunction(sum, UInt64), cache_hits SimpleAggregateFunction(sum, UInt64), input_tokens SimpleAggregateFunction(sum, UInt64),
  cache_read_tokens SimpleAggregateFunction(sum, UInt64), cache_write_5m_tokens SimpleAggregateFunction(sum, UInt64), cache_write_1h_tokens SimpleAggregateFunction(sum, UInt64),
  audio_input_tokens SimpleAggregateFunction(sum, UInt64), image_input_tokens SimpleAggregateFunction(sum, UInt64), output_tokens SimpleAggregateFunction(sum, UInt64),
  reasoning_tokens SimpleAggregateFunction(sum, UInt64), audio_output_tokens SimpleAggregateFunction(sum, UInt64), image_output_tokens SimpleAggregateFunction(sum, UInt64),
  cost SimpleAggregateFunction(sum, Decimal(38, 9)), billed SimpleAggregateFunction(sum, Decimal(38, 9)), saved SimpleAggregateFunction(sum, Decimal(38, 9))
) ENGINE = {{engine:AggregatingMergeTree}}
PARTITION BY toYYYYMM(t)
ORDER BY (workspace_id, rule_id, t, cache_status, outcome, guardrail_action, model, provider, origin, billing_period)
SETTINGS {{window}};

CREATE MATERIALIZED VIEW IF NOT EXISTS {{db}}.spend_policy_1h_mv{{on_cluster}} TO {{db}}.spend_policy_1h{{local}} AS
SELECT toStartOfHour(c.started_at) AS t, c.workspace_id AS workspace_id,
  c.rule_id AS rule_id, c.cache_status AS cache_status, c.outcome AS outcome, c.guardrail_action AS guardrail_action, c.model AS model, c.provider AS provider, c.origin AS origin, c.billing_period AS billing_period,
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
GROUP BY t, workspace_id, rule_id, cache_status, outcome, guardrail_action, model, provider, origin, billing_period;

{{distributed:spend_policy_1h:rand()}};

-- By the minute, for alerts and for now.
CREATE TABLE IF NOT EXISTS {{db}}.spend_1m{{local}}{{on_cluster}} (
  t DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
  workspace_id LowCardinality(String),
  key_id LowCardinality(String), customer_id String, model LowCardinality(String), origin LowCardinality(String), billing_period UInt32,
  requests SimpleAggregateFunction(sum, UInt64), calls SimpleAggregateFunction(sum, UInt64), unrated SimpleAggregateFunction(sum, UInt64),
  errors SimpleAggregateFunction(sum, UInt64), cache_hits SimpleAggregateFunction(sum, UInt64), input_tokens SimpleAggregateFunction(sum, UInt64),
  cache_read_tokens SimpleAggregateFunction(sum, UInt64), cache_write_5m_tokens SimpleAggregateFunction(sum, UInt64), cache_write_1h_tokens SimpleAggregateFunction(sum, UInt64),
  audio_input_tokens SimpleAggregateFunction(sum, UInt64), image_input_tokens SimpleAggregateFunction(sum, UInt64), output_tokens SimpleAggregateFunction(sum, UInt64),
  reasoning_tokens SimpleAggregateFunction(sum, UInt64), audio_output_tokens SimpleAggregateFunction(sum, UInt64), image_output_tokens SimpleAggregateFunction(sum, UInt64),
  cost SimpleAggregateFunction(sum, Decimal(38, 9)), billed SimpleAggregateFunction(sum, Decimal(38, 9)), saved SimpleAggregateFunction(sum, Decimal(38, 9))
) ENGINE = {{engine:AggregatingMergeTree}}
PARTITION BY toYYYYMMDD(t)
ORDER BY (workspace_id, key_id, t, customer_id, model, origin, billing_period)
TTL t + INTERVAL 3 DAY
SETTINGS ttl_only_drop_parts = 1, {{window}};

CREATE MATERIALIZED VIEW IF NOT EXISTS {{db}}.spend_1m_mv{{on_cluster}} TO {{db}}.spend_1m{{local}} AS
SELECT toStartOfMinute(c.started_at) AS t, c.workspace_id AS workspace_id,
  c.key_id AS key_id, c.customer_id AS customer_id, c.model AS model, c.origin AS origin, c.billing_period AS billing_period,
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
GROUP BY t, workspace_id, key_id, customer_id, model, origin, billing_period;

{{distributed:spend_1m:rand()}};

-- Everything by day, kept when the calls are gone. Without users: theirs is spend_user_1h.
CREATE TABLE IF NOT EXISTS {{db}}.spend_1d{{local}}{{on_cluster}} (
  t DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
  workspace_id LowCardinality(String),
  customer_id String, key_id LowCardinality(String), environment LowCardinality(String), model LowCardinality(String), provider LowCardinality(String), endpoint_id LowCardinality(String), prompt_name LowCardinality(String), prompt_version UInt32, rule_id LowCardinality(String), cache_status LowCardinality(String), outcome LowCardinality(String), guardrail_action LowCardinality(String), origin LowCardinality(String), billing_period UInt32,
  requests SimpleAggregateFunction(sum, UInt64), calls SimpleAggregateFunction(sum, UInt64), unrated SimpleAggregateFunction(sum, UInt64),
  errors SimpleAggregateFunction(sum, UInt64), cache_hits SimpleAggregateFunction(sum, UInt64), input_tokens SimpleAggregateFunction(sum, UInt64),
  cache_read_tokens SimpleAggregateFunction(sum, UInt64), cache_write_5m_tokens SimpleAggregateFunction(sum, UInt64), cache_write_1h_tokens SimpleAggregateFunction(sum, UInt64),
  audio_input_tokens SimpleAggregateFunction(sum, UInt64), image_input_tokens SimpleAggregateFunction(sum, UInt64), output_tokens SimpleAggregateFunction(sum, UInt64),
  reasoning_tokens SimpleAggregateFunction(sum, UInt64), audio_output_tokens SimpleAggregateFunction(sum, UInt64), image_output_tokens SimpleAggregateFunction(sum, UInt64),
  cost SimpleAggregateFunction(sum, Decimal(38, 9)), billed SimpleAggregateFunction(sum, Decimal(38, 9)), saved SimpleAggregateFunction(sum, Decimal(38, 9))
) ENGINE = {{engine:AggregatingMergeTree}}
PARTITION BY toYYYYMM(t)
ORDER BY (workspace_id, customer_id, t, key_id, environment, model, provider, endpoint_id, prompt_name, prompt_version, rule_id, cache_status, outcome, guardrail_action, origin, billing_period)
TTL t + INTERVAL 10 YEAR
SETTINGS ttl_only_drop_parts = 1, {{window}};

CREATE MATERIALIZED VIEW IF NOT EXISTS {{db}}.spend_1d_mv{{on_cluster}} TO {{db}}.spend_1d{{local}} AS
SELECT toStartOfDay(c.started_at) AS t, c.workspace_id AS workspace_id,
  c.customer_id AS customer_id, c.key_id AS key_id, c.environment AS environment, c.model AS model, c.provider AS provider, c.endpoint_id AS endpoint_id, c.prompt_name AS prompt_name, c.prompt_version AS prompt_version, c.rule_id AS rule_id, c.cache_status AS cache_status, c.outcome AS outcome, c.guardrail_action AS guardrail_action, c.origin AS origin, c.billing_period AS billing_period,
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
GROUP BY t, workspace_id, customer_id, key_id, environment, model, provider, endpoint_id, prompt_name, prompt_version, rule_id, cache_status, outcome, guardrail_action, origin, billing_period;

{{distributed:spend_1d:rand()}};
