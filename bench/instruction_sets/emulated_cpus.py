"""CPUs that QEMU emulates in user mode, and the Python that runs on them."""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ARM_ROOT = Path(__file__).parents[2] / "build/arm64"
"""A Debian with Python, numpy and onnxruntime for ARM; `arm64_root.sh` makes it."""
_ARM_FEATURES = "fp asimd evtstrm aes pmull sha1 sha2 crc32 cpuid"
_PROGRAM = Path(__file__).with_name("run_cases.py")


class EmulationError(Exception):
    """An emulated program failed."""


@dataclass(frozen=True, slots=True)
class EmulatedCpu:
    """A CPU, and how a Python program is run on it."""

    name: str
    command: Sequence[str]
    """Up to the program."""
    environment: Mapping[str, str] = field(default_factory=dict)
    cpuinfo: str = ""
    """What /proc/cpuinfo must contain: ONNX Runtime reads it on ARM, and QEMU shows that of this machine."""

    def run(self, folder: Path) -> None:
        """Runs the graphs of a folder, see `run_cases`. Raises `EmulationError`."""
        if self.cpuinfo:
            (ARM_ROOT / "proc").mkdir(exist_ok=True)
            (ARM_ROOT / "proc/cpuinfo").write_text(self.cpuinfo, encoding="utf-8")
        environment = {**os.environ, **self.environment}
        command = [*self.command, str(_PROGRAM), str(folder)]
        # S603: QEMU and a program of this package
        ran = subprocess.run(command, env=environment, capture_output=True, text=True)  # noqa: S603, PLW1510
        if ran.returncode:
            raise EmulationError(f"{self.name}: the emulated Python exited with {ran.returncode}: {ran.stderr[-500:]}")


def emulated_cpus() -> Iterator[EmulatedCpu]:
    """Yields the CPUs for which this machine has QEMU, and ARM ones if `ARM_ROOT` is there."""
    # QEMU 7.2 emulates AVX2, but neither AVX-512 nor VNNI.
    if (qemu := shutil.which("qemu-x86_64")) and sys.platform == "linux":
        python = str(Path(sys.executable).resolve())
        packages = {"PYTHONPATH": sysconfig.get_paths()["purelib"]}
        for name, model in (("AVX2 without VNNI", "Haswell"), ("SSE 4.2", "Nehalem")):
            yield EmulatedCpu(f"x86-64, {name} ({model})", [qemu, "-cpu", model, python], packages)
    if (qemu := shutil.which("qemu-aarch64")) and ARM_ROOT.is_dir():
        root = str(ARM_ROOT)
        environment = {"PYTHONHOME": f"{root}/usr", "PYTHONPATH": f"{root}/opt/packages"}
        dot = f"{_ARM_FEATURES} fphp asimdhp atomics asimdrdm lrcpc dcpop asimddp"
        for name, model, part, features in (
            ("without dot products (Cortex-A72)", "cortex-a72", "0xd08", _ARM_FEATURES),
            ("dot products (Neoverse N1)", "neoverse-n1", "0xd0c", dot),
            ("8-bit matrix products (i8mm)", "max", "0xd0c", f"{dot} i8mm bf16"),
        ):
            command = [qemu, "-cpu", model, "-L", root, f"{root}/usr/bin/python3"]
            yield EmulatedCpu(f"ARM, {name}", command, environment, _cpuinfo(part, features))


def _cpuinfo(part: str, features: str) -> str:
    fields = {
        "Features": features,
        "CPU implementer": "0x41",
        "CPU architecture": "8",
        "CPU variant": "0x0",
        "CPU part": part,
        "CPU revision": "3",
    }
    lines = "".join(f"{key}\t: {value}\n" for key, value in fields.items())
    return "".join(f"processor\t: {index}\n{lines}\n" for index in range(os.cpu_count() or 1))
