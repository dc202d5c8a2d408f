"""Calibration: what is measured of a voice when it is first loaded."""
