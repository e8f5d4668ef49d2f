"""The results, as tables and pictures."""
