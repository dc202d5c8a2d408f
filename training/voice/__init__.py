"""Trains the embedded demo voice on speech synthesised with espeak-ng; see README.md."""
