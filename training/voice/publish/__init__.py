"""Packs the trained weights for the converter, and the converted voice for distribution."""
