"""Writing records: inserts, updates, upserts and deletions of up to 50 records a call."""
