"""The command `gainsight`."""
