"""Extracting one stream: runs of pages in key order, by query or by export job."""
