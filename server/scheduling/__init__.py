"""Computes many streams on one device: tasks, batching, admission, playback clocks, worker threads."""
