"""Connections of clients: their number, their limits of time, and their end when the server stops."""
