"""`gainsight check`: whether a run of a connector will find what its settings name."""
