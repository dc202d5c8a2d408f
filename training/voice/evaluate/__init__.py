"""Evaluation of a converted voice with a speech recognizer and objective metrics."""
