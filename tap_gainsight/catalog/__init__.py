"""Which streams there are: objects, custom streams, and the catalog a user gives."""
