"""The store of jobs in Redis, for servers and workers on several machines."""
