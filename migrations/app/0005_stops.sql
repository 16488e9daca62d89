-- What is stopped at once: a customer, key, model or endpoint. A row is gone when it may go on; the audit has both.
CREATE TABLE stop (
  id           TEXT   NOT NULL PRIMARY KEY,
  kind         TEXT   NOT NULL,
  -- The customer's own id, or the id of the key, model or endpoint.
  target       TEXT   NOT NULL,
  -- '' for what all workspaces share.
  workspace_id TEXT   NOT NULL,
  -- What people call it.
  name         TEXT   NOT NULL,
  -- The names a model is asked for by, JSON.
  names_json   TEXT   NOT NULL,
  reason       TEXT   NOT NULL,
  created_us   BIGINT NOT NULL,
  created_by   TEXT   NOT NULL,
  UNIQUE (kind, workspace_id, target)
);
