"""The command `gainsight-sandbox`."""
