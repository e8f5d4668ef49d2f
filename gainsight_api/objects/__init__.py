"""Objects and their records: metadata, data types, queries, and writes of a few records."""
