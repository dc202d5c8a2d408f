"""Which precision a graph runs in: what suits the provider, of what the voice has, unless the configuration says."""

from collections.abc import Collection
from dataclasses import dataclass

from server.config import Precision, PrecisionSetting
from server.cpus import integer_dot_products


@dataclass(frozen=True, slots=True)
class Choice:
    """A precision, and why it is this one."""

    precision: Precision
    reason: str


def choose(provider: str, there: Collection[Precision], setting: PrecisionSetting = "auto") -> Choice:
    """The precision for a provider, of those that are there; fp32 always is.

    8 bits pay only where the CPU multiplies and adds them in one instruction. Older x86 CPUs lose bits on the way: two
    products are added in 16 bits and may not fit.
    """
    if setting != "auto":
        return Choice(setting, "runtime.precision says so")
    if provider in ("tensorrt", "cuda"):
        if "fp16" in there:
            return Choice("fp16", "half precision is for GPUs")
        return Choice("fp32", "the voice has no fp16 variant")
    if "int8" not in there:
        return Choice("fp32", "the voice has no int8 variant")
    instructions = integer_dot_products()
    if instructions is None:
        return Choice("fp32", "this CPU has no instructions for int8 (VNNI, or dot products on ARM)")
    return Choice("int8", f"this CPU has {instructions}")
