"""8-bit operators on this CPU and on those that QEMU emulates: which are exact, and where sums overflow."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from bench.instruction_sets.__main__ import main
from bench.instruction_sets.comparison import THIS_CPU, CaseRow, Outcome, compare
from bench.instruction_sets.emulated_cpus import EmulatedCpu, EmulationError
from convert.quantization.saturation import products_saturate
from server.runtime import cpu
from tests.conftest import EMBEDDED

QEMU = shutil.which("qemu-x86_64")
needs_qemu = pytest.mark.skipif(QEMU is None, reason="needs qemu-x86_64 (qemu-user)")


@pytest.fixture(scope="module")
def rows() -> list[CaseRow]:
    return list(compare())


def outcomes(rows: list[CaseRow], case: str, on: str = "") -> list[Outcome]:
    found = [each for row in rows for each in row.outcomes if each.case.name.startswith(case) and on in each.cpu]
    assert found
    return found


def test_convolutions_with_7_bit_weights_are_exact_on_every_cpu(rows: list[CaseRow]) -> None:
    for each in outcomes(rows, "convolution, 7-bit"):
        assert each.largest_difference == 0, (each.case.name, each.cpu)


def test_convolutions_with_8_bit_weights_are_exact_except_on_x86_without_vnni(rows: list[CaseRow]) -> None:
    for each in outcomes(rows, "convolution, 8-bit"):
        saturates = cpu.products_saturate() if each.cpu == THIS_CPU else "without VNNI" in each.cpu
        assert (each.largest_difference > 5) == saturates, (each.case.name, each.cpu)
        assert saturates or each.largest_difference == 0


def test_products_are_right_on_every_cpu_and_rows_do_not_depend_on_their_batch(rows: list[CaseRow]) -> None:
    for each in outcomes(rows, "product, 8-bit"):
        # The activations are rounded to 8 bits where the CPU has instructions for it.
        assert each.largest_difference < (1e-5 if "extreme" in each.case.name else 0.01), (each.case.name, each.cpu)
        assert each.batch_difference < 1e-5, (each.case.name, each.cpu)


def test_the_converter_and_the_server_agree_about_this_cpu() -> None:
    assert products_saturate() == cpu.products_saturate()


@needs_qemu
def test_the_converter_finds_an_emulated_cpu_without_vnni() -> None:
    assert QEMU is not None
    program = "from convert.quantization.saturation import products_saturate; print(products_saturate())"
    command = [QEMU, "-cpu", "Haswell", str(Path(sys.executable).resolve()), "-c", program]
    environment = {**os.environ, "PYTHONPATH": sysconfig.get_paths()["purelib"]}
    ran = subprocess.run(command, env=environment, cwd=EMBEDDED.parents[1], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "True"


def test_the_command_prints_a_row_for_each_operator(
    rows: list[CaseRow], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bench.instruction_sets.__main__.compare", lambda: iter(rows))
    assert main() == 0
    printed = capsys.readouterr().out
    assert printed.count("| convolution") == 8
    assert "rows alone" in printed


def test_a_program_that_fails_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    (tmp_path / "0.onnx").write_bytes(b"no graph")
    with pytest.raises(EmulationError, match="this Python: the emulated Python exited with 1"):
        EmulatedCpu("this Python", [sys.executable]).run(tmp_path)
