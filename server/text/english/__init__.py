"""English words and Latin letters -> phones."""
