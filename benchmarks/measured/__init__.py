"""What is measured, and what stands in for its tenant."""
