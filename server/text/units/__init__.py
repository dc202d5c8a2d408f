"""Pinyin and phones -> rows of a voice's embedding tables."""
