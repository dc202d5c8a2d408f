"""Keys: who may use the server, for what and how much. Knows nothing of HTTP."""
