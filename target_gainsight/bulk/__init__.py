"""Loading by bulk import jobs: CSV files."""
