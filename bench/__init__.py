"""Measures: how fast the voices speak, how soon, how many at a time, and at what price. `python -m bench --help`.

Imports `server` and `convert`; nothing imports it.
"""

import os

# Before numpy is imported: the matrix product beside each figure is that of one core.
for _library in ("OPENBLAS", "OMP", "MKL"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")
