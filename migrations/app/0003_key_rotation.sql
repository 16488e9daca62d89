-- The secret a key had before its last rotation: it works beside the new one until previous_until_us.
ALTER TABLE key ADD COLUMN previous_hash TEXT;
ALTER TABLE key ADD COLUMN previous_ends_with TEXT;
ALTER TABLE key ADD COLUMN previous_until_us BIGINT;
-- What was done to one object, for its own page.
CREATE INDEX audit_by_object ON audit (object, seq);
