"""Delivery: a text gets the timing and the melody of a recording of the same words."""
