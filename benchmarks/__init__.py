"""How fast the connectors are, beside other ways to do the same."""
