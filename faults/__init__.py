"""Both connectors, struck by every fault in every phase; `python -m faults` runs them."""
