"""Computes jobs in the process of the server, beside its live streams."""
