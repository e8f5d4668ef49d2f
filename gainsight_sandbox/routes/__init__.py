"""The tenant's APIs, each a set of endpoints."""
