"""Benchmarks of one voice: real-time factor, latency, chunking, batching, the news text, and cost."""
