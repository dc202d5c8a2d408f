"""Variants of the vocoder in 8 and 16 bits: calibration, metrics, and the decision to keep one."""
