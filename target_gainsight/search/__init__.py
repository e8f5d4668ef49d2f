"""Finding records in the tenant: by key, by value, for lookups."""
