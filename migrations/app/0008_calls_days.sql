-- How long a workspace's calls are kept, one by one. What was kept before stays: the archive keeps 400 days of any.
ALTER TABLE workspace ADD COLUMN calls_days BIGINT NOT NULL DEFAULT 400;
