"""`python -m bench.instruction_sets`: a table of the 8-bit operators on emulated CPUs and on this one.

Needs qemu-user; for ARM also build/arm64, which `bench/instruction_sets/arm64_root.sh` makes.
"""

import sys

from bench.instruction_sets.comparison import compare
from bench.instruction_sets.emulated_cpus import EmulationError
from bench.report.markdown import print_section
from bench.report.tables import Section


def main() -> int:
    """Prints the table. Returns 1 when an emulated program failed."""
    try:
        rows = list(compare())
    except EmulationError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    title = "Largest difference from the exact result, and the share of values that differ"
    print_section(Section(title, [row.cells for row in rows]))
    largest = max(outcome.batch_difference for row in rows for outcome in row.outcomes)
    print(f"\nRows of a product in a batch differ from those rows alone by at most {largest:.0e}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
