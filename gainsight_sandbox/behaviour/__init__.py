"""How the tenant behaves: its quirks, limits, faults and clock, and a journal of what it did."""
