"""Reading records: the Query API, export jobs and their chunks."""
