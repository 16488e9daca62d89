-- Since when a gateway is asked to take no new requests; NULL when it is not. A gateway that starts again is not.
ALTER TABLE gateway ADD COLUMN drain_us BIGINT;
