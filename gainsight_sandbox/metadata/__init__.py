"""Describing objects: the metadata API."""
