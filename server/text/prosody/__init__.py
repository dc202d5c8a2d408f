"""Predicts the breaks between words: prosodic words, phrases and pauses."""
