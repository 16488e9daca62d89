-- The control plane's tables, for SQLite and PostgreSQL alike: BIGINT and TEXT only, times in µs UTC, money in
-- nano-dollars, flags 0/1, JSON and binary as text, ids made by the program.

-- Numbers handed out without a gap, inside the transaction that uses them.
CREATE TABLE counter (
  name  TEXT   NOT NULL PRIMARY KEY,
  value BIGINT NOT NULL
);
INSERT INTO counter (name, value) VALUES ('revision', 0);

-- Append-only and hash-chained: each row's hash covers the row and the hash before it.
CREATE TABLE audit (
  seq           BIGINT NOT NULL PRIMARY KEY,
  at_us         BIGINT NOT NULL,
  actor         TEXT   NOT NULL,
  action        TEXT   NOT NULL,
  object        TEXT   NOT NULL,
  before_json   TEXT   NOT NULL,
  after_json    TEXT   NOT NULL,
  previous_hash TEXT   NOT NULL,
  hash          TEXT   NOT NULL
);
-- The end of the chain, kept apart so that rows cut off at the end are missed.
CREATE TABLE audit_head (
  id   BIGINT NOT NULL PRIMARY KEY,
  seq  BIGINT NOT NULL,
  hash TEXT   NOT NULL
);
INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, '');

-- Whoever signs in. (`user` is the caller's own word for its end users.)
CREATE TABLE person (
  id            TEXT   NOT NULL PRIMARY KEY,
  email         TEXT   NOT NULL UNIQUE,
  name          TEXT   NOT NULL,
  password_hash TEXT   NOT NULL,
  created_us    BIGINT NOT NULL,
  disabled_us   BIGINT
);
-- What a person may do, and where: workspace '*' is everywhere.
CREATE TABLE person_role (
  person_id    TEXT   NOT NULL REFERENCES person (id),
  workspace_id TEXT   NOT NULL,
  role         TEXT   NOT NULL,
  read_bodies  BIGINT NOT NULL,
  PRIMARY KEY (person_id, workspace_id)
);
CREATE TABLE session (
  token_hash   TEXT   NOT NULL PRIMARY KEY,
  person_id    TEXT   NOT NULL REFERENCES person (id),
  created_us   BIGINT NOT NULL,
  last_seen_us BIGINT NOT NULL,
  expires_us   BIGINT NOT NULL,
  address      TEXT   NOT NULL,
  agent        TEXT   NOT NULL
);
CREATE INDEX session_by_expiry ON session (expires_us);
CREATE TABLE one_time_link (
  token_hash TEXT   NOT NULL PRIMARY KEY,
  purpose    TEXT   NOT NULL,
  created_us BIGINT NOT NULL,
  expires_us BIGINT NOT NULL
);
CREATE TABLE api_token (
  id           TEXT   NOT NULL PRIMARY KEY,
  name         TEXT   NOT NULL,
  hash         TEXT   NOT NULL UNIQUE,
  ends_with    TEXT   NOT NULL,
  workspace_id TEXT   NOT NULL,
  role         TEXT   NOT NULL,
  read_bodies  BIGINT NOT NULL,
  created_us   BIGINT NOT NULL,
  created_by   TEXT   NOT NULL,
  expires_us   BIGINT,
  revoked_us   BIGINT
);

CREATE TABLE workspace (
  id             TEXT   NOT NULL PRIMARY KEY,
  name           TEXT   NOT NULL UNIQUE,
  environment    TEXT   NOT NULL,
  log_level      TEXT   NOT NULL,
  retention_days BIGINT NOT NULL,
  created_us     BIGINT NOT NULL
);
CREATE TABLE key (
  id            TEXT   NOT NULL PRIMARY KEY,
  workspace_id  TEXT   NOT NULL REFERENCES workspace (id),
  name          TEXT   NOT NULL,
  hash          TEXT   NOT NULL UNIQUE,
  ends_with     TEXT   NOT NULL,
  settings_json TEXT   NOT NULL,
  created_us    BIGINT NOT NULL,
  created_by    TEXT   NOT NULL,
  expires_us    BIGINT,
  revoked_us    BIGINT,
  last_used_us  BIGINT
);
CREATE INDEX key_by_workspace ON key (workspace_id, created_us);

-- Drafts people edit: endpoints and models now, rules, prompts, guardrails and budgets by the same pattern.
-- Workspace '' is shared by all.
CREATE TABLE object (
  kind         TEXT   NOT NULL,
  id           TEXT   NOT NULL,
  workspace_id TEXT   NOT NULL,
  name         TEXT   NOT NULL,
  version      BIGINT NOT NULL,
  managed_by   TEXT   NOT NULL,
  body_json    TEXT   NOT NULL,
  updated_us   BIGINT NOT NULL,
  updated_by   TEXT   NOT NULL,
  PRIMARY KEY (kind, id),
  UNIQUE (kind, workspace_id, name)
);
-- Every version of every object; an empty body is its deletion.
CREATE TABLE object_version (
  kind         TEXT   NOT NULL,
  object_id    TEXT   NOT NULL,
  version      BIGINT NOT NULL,
  name         TEXT   NOT NULL,
  workspace_id TEXT   NOT NULL,
  managed_by   TEXT   NOT NULL,
  body_json    TEXT   NOT NULL,
  author       TEXT   NOT NULL,
  note         TEXT   NOT NULL,
  created_us   BIGINT NOT NULL,
  PRIMARY KEY (kind, object_id, version)
);
-- Envelope-encrypted: `sealed` under a key of its own, that key (`wrapped`) under the master key `key_id`.
CREATE TABLE secret (
  id         TEXT   NOT NULL PRIMARY KEY,
  place      TEXT   NOT NULL,
  key_id     TEXT   NOT NULL,
  wrapped    TEXT   NOT NULL,
  sealed     TEXT   NOT NULL,
  created_us BIGINT NOT NULL
);

-- Every revision ever published, with the text of its sections.
CREATE TABLE snapshot (
  revision      BIGINT NOT NULL PRIMARY KEY,
  header        TEXT   NOT NULL,
  signature     TEXT   NOT NULL,
  cause         TEXT   NOT NULL,
  note          TEXT   NOT NULL,
  author        TEXT   NOT NULL,
  restored_from BIGINT,
  -- Which version of each draft is in it, JSON: what a restoration brings back.
  objects_json  TEXT   NOT NULL,
  created_us    BIGINT NOT NULL
);
CREATE TABLE section (
  hash TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  text TEXT NOT NULL
);

-- A token lets one gateway in; it is tied to the name the gateway gives at first use.
CREATE TABLE gateway_token (
  id         TEXT   NOT NULL PRIMARY KEY,
  hash       TEXT   NOT NULL UNIQUE,
  name       TEXT   NOT NULL,
  gateway_id TEXT,
  created_us BIGINT NOT NULL,
  created_by TEXT   NOT NULL,
  revoked_us BIGINT
);
CREATE TABLE gateway (
  id               TEXT   NOT NULL PRIMARY KEY,
  incarnation      TEXT   NOT NULL,
  version          TEXT   NOT NULL,
  revision         BIGINT NOT NULL,
  applied_at_us    BIGINT,
  refused_revision BIGINT,
  refusal          TEXT   NOT NULL,
  status_json      TEXT   NOT NULL,
  clock_off_us     BIGINT NOT NULL,
  hello_us         BIGINT NOT NULL,
  contact_us       BIGINT NOT NULL
);

CREATE TABLE customer (
  workspace_id  TEXT   NOT NULL,
  id            TEXT   NOT NULL,
  name          TEXT   NOT NULL,
  first_key     TEXT   NOT NULL,
  first_seen_us BIGINT NOT NULL,
  last_seen_us  BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, id)
);
CREATE INDEX customer_by_last_seen ON customer (workspace_id, last_seen_us);
-- How many customers a key brought into being on a day, and how many the bound refused.
CREATE TABLE customer_bound (
  key_id  TEXT   NOT NULL,
  day     BIGINT NOT NULL,
  created BIGINT NOT NULL,
  refused BIGINT NOT NULL,
  PRIMARY KEY (key_id, day)
);

-- The books: one row per sealed batch and account; posted once.
CREATE TABLE ledger_batch (
  batch_id     TEXT   NOT NULL PRIMARY KEY,
  gateway_id   TEXT   NOT NULL,
  sealed_at_us BIGINT NOT NULL,
  posted_us    BIGINT NOT NULL,
  lines        BIGINT NOT NULL,
  cost_nano    BIGINT NOT NULL,
  billed_nano  BIGINT NOT NULL
);
CREATE TABLE ledger_entry (
  batch_id       TEXT   NOT NULL,
  workspace_id   TEXT   NOT NULL,
  customer_id    TEXT   NOT NULL,
  key_id         TEXT   NOT NULL,
  origin         TEXT   NOT NULL,
  hour_us        BIGINT NOT NULL,
  billing_period BIGINT NOT NULL,
  price_version  TEXT   NOT NULL,
  requests       BIGINT NOT NULL,
  calls          BIGINT NOT NULL,
  cost_nano      BIGINT NOT NULL,
  billed_nano    BIGINT NOT NULL,
  PRIMARY KEY (batch_id, workspace_id, customer_id, key_id, origin, hour_us, billing_period, price_version)
);
CREATE INDEX ledger_entry_by_account ON ledger_entry (workspace_id, billing_period, customer_id);

-- What must leave the house exactly once (alerts).
CREATE TABLE outbox (
  id         TEXT   NOT NULL PRIMARY KEY,
  topic      TEXT   NOT NULL,
  body_json  TEXT   NOT NULL,
  created_us BIGINT NOT NULL,
  sent_us    BIGINT,
  tries      BIGINT NOT NULL
);
CREATE INDEX outbox_unsent ON outbox (sent_us, created_us);

CREATE TABLE setting (
  name       TEXT   NOT NULL PRIMARY KEY,
  value      TEXT   NOT NULL,
  updated_us BIGINT NOT NULL
);
