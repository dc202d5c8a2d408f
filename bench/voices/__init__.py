"""The voices and texts that are measured, and a full-size package with random weights."""
