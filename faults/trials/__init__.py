"""One cell: its tenant, its runs, and what is wrong in the end."""
