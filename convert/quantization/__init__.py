"""Vocoder variants in 8 and 16 bits: calibration, quality metrics, and the quality limits."""
