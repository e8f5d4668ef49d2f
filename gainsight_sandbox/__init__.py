"""A local Gainsight CS tenant to try and to test the connectors on."""
