"""From Singer records to the rows that Gainsight is sent."""
