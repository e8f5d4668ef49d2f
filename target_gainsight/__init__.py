"""Singer target for Gainsight CS."""
