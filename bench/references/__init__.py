"""Recordings as references: what a voice takes over from them, measured on speech by espeak-ng."""
