"""Packs the English dictionary and trains the English grapheme-to-phoneme model."""
