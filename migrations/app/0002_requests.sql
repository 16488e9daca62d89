-- Filters kept by name. `workspace_id` is '' for one's own; `place` is whose names must differ: the owner's or the
-- workspace's.
CREATE TABLE saved_view (
  id           TEXT   NOT NULL PRIMARY KEY,
  owner        TEXT   NOT NULL,
  workspace_id TEXT   NOT NULL,
  place        TEXT   NOT NULL,
  name         TEXT   NOT NULL,
  query_json   TEXT   NOT NULL,
  created_us   BIGINT NOT NULL,
  updated_us   BIGINT NOT NULL,
  UNIQUE (place, name)
);
