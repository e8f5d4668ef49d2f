"""Both connectors, killed at instants drawn by lot and run again until they are done."""
