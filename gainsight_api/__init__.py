"""A client for Gainsight CS: sessions, quotas, metadata, queries and bulk export jobs."""
