"""How texts are read and spoken, and how the speech is labeled."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, PrivateAttr, model_validator

from server.config.sections.section import Reloadable, Section


class SynthesisSection(Section):
    """Chunk sizes, pauses and the limit of the text length."""

    first_chunk_steps: Reloadable[int] = Field(default=0, ge=0)
    """Of the first chunk; 0: what the lookahead of the voice needs, and 2 or more."""
    chunk_steps: Reloadable[int] = Field(default=16, ge=1)
    """Of the largest chunk."""
    sentence_silence: Reloadable[float] = Field(default=0.28, ge=0, le=10)
    """Seconds."""
    early_clause: Reloadable[bool] = True
    """Of a text that arrives in pieces, the first clause may be spoken before its sentence is complete."""
    max_characters: int = Field(default=10000, ge=1)


class TextSection(Section):
    """User lexicon, emoji and inline marks."""

    lexicon: Reloadable[dict[str, str]] = Field(default={})
    """Word -> pinyin with tone digits."""
    emoji: Reloadable[Literal["drop", "name"]] = "drop"
    """drop: removed with a warning; name: replaced by their Chinese names."""
    marks: Reloadable[bool] = True
    """Read `重[chong2]庆` and `[pause:300ms]` in plain text as marks."""
    _locations: dict[str, str] = PrivateAttr(default_factory=dict)

    def location_of(self, word: str) -> str:
        """Returns the location of a lexicon entry, such as `config.yaml, line 12`."""
        return self._locations.get(word, "the lexicon")

    def set_locations(self, locations: Mapping[str, str]) -> None:
        """Sets the locations of lexicon entries, by word."""
        self._locations.update(locations)


def _require_notice(notice: str) -> str:
    if not any(word in notice for word in ("人工智能", "AI")) or not any(word in notice for word in ("生成", "合成")):
        raise ValueError("a text with 人工智能 or AI, and with 生成 or 合成")
    return notice


class LabelSection(Section):
    """Labels that say that the speech is generated (China, GB 45438-2025)."""

    enabled: Reloadable[bool] = False
    producer: Reloadable[str] = Field(default="", max_length=200)
    """Name or code of the service provider."""
    audible: Reloadable[Literal["none", "rhythm", "notice"]] = "none"
    """What a listener hears: nothing, the rhythm sign, or the notice."""
    notice: Reloadable[Annotated[str, AfterValidator(_require_notice)]] = Field(
        default="本音频由人工智能生成。", min_length=1, max_length=200
    )
    position: Reloadable[Literal["start", "end"]] = "end"
    """Where a listener hears it."""

    @model_validator(mode="after")
    def _require_producer(self) -> Self:
        if self.enabled and not self.producer.strip():
            raise ValueError("a section with a producer when it is enabled, the name or code of the service provider")
        return self
