"""How one call is made: host, transport, credential, body, and the gate for replies."""
