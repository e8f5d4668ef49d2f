"""HTTP: the server, access, envelopes, and the gateway that counts calls."""
