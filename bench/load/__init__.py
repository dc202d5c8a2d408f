"""Concurrent clients that play in real time, against the engine and over HTTP."""
