"""The store of jobs in one SQLite file, for a server that runs its jobs itself."""
