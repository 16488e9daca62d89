-- When a person was last here: it stays when their sessions are gone.
ALTER TABLE person ADD COLUMN last_seen_us BIGINT;
UPDATE person SET last_seen_us = (SELECT MAX(last_seen_us) FROM session WHERE session.person_id = person.id);
CREATE INDEX person_role_by_workspace ON person_role (workspace_id);
-- Links by which people come in: an invitation makes an account, a reset gives one a new password. A row is an open
-- link; it is gone when the link was used or withdrawn, and the audit has both.
CREATE TABLE person_link (
  id          TEXT   NOT NULL PRIMARY KEY,
  -- 'invitation' or 'reset'
  purpose     TEXT   NOT NULL,
  token_hash  TEXT   NOT NULL UNIQUE,
  email       TEXT   NOT NULL,
  -- Whose password it resets; '' for an invitation.
  person_id   TEXT   NOT NULL,
  -- What an invitation gives, JSON.
  roles_json  TEXT   NOT NULL,
  created_us  BIGINT NOT NULL,
  created_by  TEXT   NOT NULL,
  expires_us  BIGINT NOT NULL
);
CREATE INDEX person_link_by_expiry ON person_link (expires_us);
