"""Recordings as references: decoding, analysis, and the store of those that clients keep."""
