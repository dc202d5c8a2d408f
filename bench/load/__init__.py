"""Closed-loop load test: concurrent clients that play in real time, in this process and over HTTP."""
