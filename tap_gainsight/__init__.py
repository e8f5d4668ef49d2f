"""Singer tap for Gainsight CS."""
