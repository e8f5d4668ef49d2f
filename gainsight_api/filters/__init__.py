"""Filters (Gainsight's `where`): building them, and checking those that users write."""
