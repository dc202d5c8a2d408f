"""Which precision a graph runs in: what suits the provider, of what the voice has, unless the configuration says."""

from collections.abc import Collection
from dataclasses import dataclass

from server.config import Precision, PrecisionSetting
from server.runtime.cpu import integer_dot_products


@dataclass(frozen=True, slots=True)
class PrecisionChoice:
    """A precision, and why it is this one."""

    precision: Precision
    reason: str


def choose_precision(
    provider: str, available: Collection[Precision], setting: PrecisionSetting = "auto"
) -> PrecisionChoice:
    """The precision for a provider, of those that are there; fp32 always is.

    8 bits pay only where the CPU multiplies and adds them in one instruction. Older x86 CPUs lose bits on the way: two
    products are added in 16 bits and may not fit.
    """
    if setting != "auto":
        return PrecisionChoice(setting, "runtime.precision says so")
    if provider in ("tensorrt", "cuda"):
        if "fp16" in available:
            return PrecisionChoice("fp16", "half precision is for GPUs")
        return PrecisionChoice("fp32", "the voice has no fp16 variant")
    if "int8" not in available:
        return PrecisionChoice("fp32", "the voice has no int8 variant")
    instructions = integer_dot_products()
    if instructions is None:
        return PrecisionChoice("fp32", "this CPU has no instructions for int8 (VNNI, or dot products on ARM)")
    return PrecisionChoice("int8", f"this CPU has {instructions}")
