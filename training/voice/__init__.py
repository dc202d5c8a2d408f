"""Trains the embedded demo voice on speech synthesized with espeak-ng; see README.md."""
