"""Runs graphs: execution providers, fallback between them, sessions, precision, and what the machine has."""
