"""mel -> audio: the harmonic source and the generator."""
