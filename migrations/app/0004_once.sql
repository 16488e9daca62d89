-- Requests that came with an Idempotency-Key; the answer lies sealed in `secret` under the same id.
CREATE TABLE once (
  id           TEXT   NOT NULL PRIMARY KEY,
  request_hash TEXT   NOT NULL,
  created_us   BIGINT NOT NULL
);
CREATE INDEX once_by_age ON once (created_us);
