"""The fields of a request for a job, with their validation."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from server.api.fields import DEFAULT_FORMAT, CommonFields, Name
from server.audio.encoders import ENCODERS

JobKind = Literal["text", "ssml", "lines", "srt", "jsonl"]

MAX_INSTRUCTIONS = 4096
"""Characters, as in a request for speech."""
MAX_URL = 2000
"""Characters."""


def _require_printable(name: str) -> str:
    if not name.isprintable():
        raise ValueError("text without control characters")
    return name


class JobRequest(CommonFields):
    """A validated request for a job: its text, the fields of speech for all of it, and the files that it gives."""

    input: str | None = Field(
        default=None,
        description="The text, of the kind that `kind` says. Without it: `lines`.",
        examples=["第一章\n\n从前有座山。"],
    )
    lines: tuple[str, ...] | None = Field(
        default=None, strict=False, min_length=1, description="Texts, each spoken into its own file, for `kind` lines."
    )
    kind: JobKind = Field(
        default="text",
        description="What `input` is. text: plain text of any length, with inline marks. ssml: one SSML document. "
        "lines: each line by itself. srt: subtitles, whose times the speech keeps. jsonl: each line is an object with "
        "`input` and fields of speech.",
    )
    voice: Name | None = Field(
        default=None,
        description="A voice of `/v1/audio/voices`, an alias, or `voice/speaker`.",
        examples=["demo"],
    )
    instructions: str | None = Field(
        default=None, max_length=MAX_INSTRUCTIONS, description="An emotion and a pace in plain words."
    )
    reference: Name | None = Field(
        default=None,
        description="The id of a recording of `/v1/audio/references`. When the job is made, the emotion of the "
        "recording becomes `emotion`, `speed` and the like; timbre and delivery are for live speech.",
    )
    reference_strength: float = Field(
        default=1.0, ge=0, le=1, description="How much of the emotion of `reference` is taken over; 0: nothing of it."
    )
    response_format: Name = Field(
        default=DEFAULT_FORMAT, description="The format of the audio.", json_schema_extra={"enum": list(ENCODERS)}
    )
    bit_rate: int | None = Field(default=None, description="Bits per second, for compressed formats.")
    output: Literal["file", "zip"] | None = Field(
        default=None,
        description="file: all parts joined in one audio file; zip: a ZIP with one file for each line. By default zip "
        "for lines and jsonl, else file.",
    )
    timestamps: Literal["json", "srt", "vtt", "textgrid"] | None = Field(
        default=None, description="Also files with times, in this format; the result is a ZIP then."
    )
    name: Annotated[str, Field(max_length=200), AfterValidator(_require_printable)] = Field(
        default="", description="A name for people; the file of the result has it too.", examples=["西游记"]
    )
    webhook: Annotated[str, Field(max_length=MAX_URL)] = Field(
        default="",
        description="An address that is told when the job ends; its host must be in `jobs.webhook_hosts`.",
        examples=["https://example.com/hooks/speech"],
    )
