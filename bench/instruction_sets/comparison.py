"""The results of all cases on this CPU and on emulated ones."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from bench.instruction_sets.cases import Array, Case, cases
from bench.instruction_sets.emulated_cpus import emulated_cpus
from bench.instruction_sets.run_cases import run

THIS_CPU = "this CPU"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One case on one CPU."""

    cpu: str
    case: Case
    y: Array
    alone: Array | None
    """The rows of a product, computed one by one."""

    @property
    def largest_difference(self) -> float:
        """From the exact result."""
        return self.case.largest_difference(self.y)

    @property
    def batch_difference(self) -> float:
        """Of the rows in a batch from those alone, as a part of the largest value; 0 for convolutions."""
        if self.alone is None:
            return 0.0
        return float(np.abs(self.y - self.alone).max() / np.abs(self.case.exact).max())


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One case on all CPUs."""

    outcomes: tuple[Outcome, ...]

    @property
    def cells(self) -> dict[str, str]:
        """The cells of a table."""
        return {"operator": self.outcomes[0].case.name} | {each.cpu: _cell(each) for each in self.outcomes}


def compare() -> Iterator[CaseRow]:
    """Yields a row for each case. Raises `EmulationError`."""
    given = list(cases())
    by_cpu = {THIS_CPU: outcomes(THIS_CPU, given, run)}
    by_cpu |= {cpu.name: outcomes(cpu.name, given, cpu.run) for cpu in emulated_cpus()}
    yield from map(CaseRow, zip(*by_cpu.values(), strict=True))


def outcomes(cpu: str, given: list[Case], run_on_cpu: Callable[[Path], None]) -> list[Outcome]:
    """Runs the cases on a CPU."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for index, case in enumerate(given):
            onnx.save(case.model, folder / f"{index}.onnx")
            np.save(folder / f"{index}.npy", case.x)
        run_on_cpu(folder)
        return [
            Outcome(cpu, case, np.load(folder / f"{index}.y.npy"), _load(folder / f"{index}.alone.npy"))
            for index, case in enumerate(given)
        ]


def _load(path: Path) -> Array | None:
    return np.load(path) if path.is_file() else None


def _cell(outcome: Outcome) -> str:
    difference = outcome.largest_difference
    if not outcome.case.is_integer:
        return f"{difference:.1e}"
    return f"{difference:.0f} ({outcome.case.wrong_share(outcome.y):.0%})" if difference else "0"
