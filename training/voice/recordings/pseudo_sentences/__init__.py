"""Pseudo-sentences: recorded words, English words and erhua with the durations and the F0 of a sentence."""
