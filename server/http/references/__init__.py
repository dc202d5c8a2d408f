"""Recordings that clients keep on the server, and those that requests bring."""
