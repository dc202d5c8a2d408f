"""Measurements of one voice and one machine."""
