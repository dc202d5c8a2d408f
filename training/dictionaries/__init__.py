"""Packs the dictionaries of words and readings for the server."""
