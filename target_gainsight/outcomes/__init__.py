"""What becomes of each record, and who is told."""
