"""Pronunciation of English words and Latin letters: ARPAbet phones and syllables."""
