"""Bulk import jobs: `/v1/bulk/jobs` and the connector's dialect."""
