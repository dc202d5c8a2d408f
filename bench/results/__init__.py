"""Results of the benchmarks as dataclasses, and the statistics in them."""
