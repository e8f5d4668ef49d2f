"""Convert Singer records to the rows that are sent to Gainsight."""
