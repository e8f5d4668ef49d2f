"""Objects that are written by APIs of their own."""
