"""Audio -> bytes: the level, then a format that a player understands. Knows nothing of models."""
