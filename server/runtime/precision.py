"""Selects the precision of the graphs for an execution provider."""

from collections.abc import Collection
from dataclasses import dataclass

from server.config import Precision, PrecisionSetting
from server.errors import ConfigurationError
from server.runtime.cpu import integer_dot_products, products_saturate


@dataclass(frozen=True, slots=True)
class PrecisionChoice:
    """A precision, and the reason for it."""

    precision: Precision
    reason: str


def choose_precision(
    provider: str, available: Collection[Precision], setting: PrecisionSetting = "auto"
) -> PrecisionChoice:
    """Selects one of the `available` precisions, which always include fp32; a forced `setting` wins.

    int8 is faster only with CPU instructions for 8-bit dot products. Raises `ConfigurationError` like `require_exact`.
    """
    require_exact(setting)
    if setting != "auto":
        return PrecisionChoice(setting, "set by runtime.precision")
    if provider in ("tensorrt", "cuda"):
        if "fp16" in available:
            return PrecisionChoice("fp16", "best for GPUs")
        return PrecisionChoice("fp32", "the voice has no fp16 variant")
    if "int8" not in available:
        return PrecisionChoice("fp32", "the voice has no int8 variant")
    instructions = integer_dot_products()
    if instructions is None:
        return PrecisionChoice("fp32", "this CPU has no instructions for int8 (VNNI, or dot products on ARM)")
    return PrecisionChoice("int8", f"this CPU has {instructions}")


def require_exact(setting: PrecisionSetting) -> None:
    """Raises `ConfigurationError` for int8 on older x86 CPUs, which add two 8-bit products in 16 bits."""
    if setting == "int8" and products_saturate():
        raise ConfigurationError(
            "runtime.precision: int8 cannot be used on this CPU: without VNNI it adds 8-bit products in 16 bits, which "
            "overflow and distort the audio; set it to auto or fp32"
        )
