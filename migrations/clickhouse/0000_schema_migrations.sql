-- What has been applied. Run before every other file and at every start; not recorded itself.
CREATE DATABASE IF NOT EXISTS {{db}}{{on_cluster}};

CREATE TABLE IF NOT EXISTS {{db}}.schema_migrations{{on_cluster}} (
  version     UInt32,
  name        String,
  applied_at  DateTime64(3, 'UTC') DEFAULT now64(3),
  checksum    String -- SHA-256 of the file as it stands in the repository, holes unfilled
) ENGINE = {{engine:ReplacingMergeTree}}
ORDER BY version;
