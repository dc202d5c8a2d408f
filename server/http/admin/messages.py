"""What administrators send and get, as JSON."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from server.http.response_model import ResponseModel

ConversionState = Literal["queued", "running", "done", "failed", "cancelled"]


class ConversionRequest(BaseModel):
    """A package to convert."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str = Field(
        min_length=1,
        max_length=500,
        description="A folder below `models.import_from`, or a model of ModelScope, as owner/name.",
        examples=["iic/speech_sambert-hifigan_tts_zhibei_emo_zh-cn_16k"],
    )
    name: str | None = Field(
        default=None,
        description="Which voice of the package, or another name for its only one; without it, all of them.",
        examples=["zhibei"],
    )
    precision: tuple[Literal["fp32", "int8", "fp16"], ...] = Field(
        default=("fp32", "int8"), max_length=3, description="fp32 is always written."
    )
    replace: bool = Field(default=False, description="Whether voices that exist are replaced.")


class Conversion(ResponseModel):
    """A conversion, queued, running or finished."""

    id: str
    source: str
    name: str | None
    status: ConversionState
    step: str | None = Field(description="What it is doing, in the converter's words.")
    voices: tuple[str, ...] = Field(description="The voices that were installed.")
    notes: tuple[str, ...] = Field(description="The converter's notes.")
    error: str | None = Field(description="Why it failed, in the converter's words.")


class AdministeredVoice(ResponseModel):
    """A voice with its state."""

    id: str
    status: Literal["loaded", "unloaded", "broken"]
    default: bool
    version: str | None = Field(description="SHA-256 of voice.yaml; null for a broken voice.")
    precision: str | None = Field(description="The one that it runs in; null for a broken voice.")
    license: str | None
    memory_mb: float = Field(description="Estimated, or measured when it was loaded, in MiB.")
    streams: int = Field(description="Requests and streams that use it, those of replaced versions included.")
    problem: str | None = Field(description="Why it is broken, or why the folder's new version is not in service.")


class VoiceMemory(ResponseModel):
    """The memory of all voices, in MiB, and how they came and went."""

    used_mb: float
    budget_mb: float = Field(description="0: none.")
    loads: int
    evictions: int
    waiting: int = Field(description="Requests that wait for a voice.")


class AdministeredVoices(ResponseModel):
    """All voices, and the conversions of this server."""

    voices: tuple[AdministeredVoice, ...]
    memory: VoiceMemory
    conversions: tuple[Conversion, ...]


class Reloaded(ResponseModel):
    """What a look at the folder has changed."""

    added: tuple[str, ...]
    replaced: tuple[str, ...]
    removed: tuple[str, ...]
    broken: dict[str, str] = Field(description="Folder -> why it cannot be used.")
    kept: tuple[str, ...] = Field(description="Broken ones whose old version stays in service.")


class RemovedVoice(ResponseModel):
    """A voice that was taken out of service."""

    id: str
    moved_to: str = Field(description="Where its folder is now, in the models folder.")


class ConversionStep(ResponseModel):
    """The next step."""

    type: Literal["conversion.step"] = "conversion.step"
    step: str


class ConversionEnd(ResponseModel):
    """The last event: how it ended."""

    type: Literal["conversion.end"] = "conversion.end"
    conversion: Conversion


ADMIN_MESSAGES = (AdministeredVoices, Conversion, ConversionStep, ConversionEnd, Reloaded, RemovedVoice)
"""All that the server sends."""

ConversionEvent = Annotated[ConversionStep | ConversionEnd, Field(discriminator="type")]
