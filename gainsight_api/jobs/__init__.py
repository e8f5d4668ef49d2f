"""Bulk jobs: submit, watch, fetch, and what is remembered of them between runs."""
