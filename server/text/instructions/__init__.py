"""Instructions in plain words that choose an emotion and a pace."""
