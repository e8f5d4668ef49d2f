"""Loading by REST calls of up to 50 records."""
