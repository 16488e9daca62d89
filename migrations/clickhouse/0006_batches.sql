-- The manifest of every sealed batch and table: what the archive must add up to. Without it nobody could say that
-- nothing is missing. Replacing is harmless here: the same key always comes with the same content.
CREATE TABLE IF NOT EXISTS {{db}}.ingest_batches{{on_cluster}} (
  batch       String,
  gateway_id  LowCardinality(String),
  sealed_at   DateTime64(3, 'UTC'),
  table_name  LowCardinality(String),
  rows        UInt64,
  cost        Decimal(38, 9),
  billed      Decimal(38, 9),
  min_ts      DateTime64(6, 'UTC'),
  max_ts      DateTime64(6, 'UTC'),
  crc         UInt32
) ENGINE = {{engine:ReplacingMergeTree}}
PARTITION BY toYYYYMM(sealed_at)
ORDER BY (batch, table_name)
SETTINGS {{window}};
