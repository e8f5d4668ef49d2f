"""The tenant itself: its objects, and the store of their records."""
