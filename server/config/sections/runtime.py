"""What computes the graphs."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from server.config.sections.section import Reloadable, Section

Provider = Literal["tensorrt", "cuda", "cpu"]
Precision = Literal["fp32", "fp16", "int8"]
PrecisionSetting = Literal["auto", "fp32", "fp16", "int8"]


def _require_unique(providers: tuple[Provider, ...]) -> tuple[Provider, ...]:
    if not providers or len(set(providers)) < len(providers):
        raise ValueError("a list of at least one provider, each named once")
    return providers


class RuntimeSection(Section):
    """Execution providers, precision and memory of the ONNX graphs."""

    providers: Annotated[tuple[Provider, ...], AfterValidator(_require_unique)] = Field(
        default=("cuda", "cpu"), strict=False
    )
    """In order of preference."""
    precision: PrecisionSetting = "auto"
    """Precision of the graphs; auto: the best variant for the provider that the voice has."""
    device_id: int = Field(default=0, ge=0)
    gpu_memory_limit_mb: int = Field(default=2048, ge=0)
    """0: no limit."""
    engine_cache: Path = Field(default=Path("~/.cache/sambert-server/engines"), strict=False)
    """Folder of the TensorRT engines; ~ is the home folder of the user."""
    threads: int = Field(default=0, ge=0, le=1024)
    """Threads of one graph run; 0: one per available CPU, at most 4."""
    unload_after: Reloadable[float] = Field(default=0, ge=0)
    """Seconds without a request; 0: never."""
