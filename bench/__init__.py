"""Benchmarks of the voices: real-time factor, latency, load, batching and cost. `python -m bench --help`.

Imports `server` and `convert`; neither imports this package.
"""

import os

# Before numpy is imported: the matrix product that normalizes the figures runs on one thread.
for _library in ("OPENBLAS", "OMP", "MKL"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")
