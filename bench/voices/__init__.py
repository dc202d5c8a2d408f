"""Voices, texts and the engine of the benchmarks, and a full-size voice with random weights."""
