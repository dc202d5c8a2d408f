"""The log: its format, its levels, and the request that a line belongs to."""
