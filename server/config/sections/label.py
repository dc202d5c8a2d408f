"""Labels of generated speech."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from server.config.sections.section import Section


def _require_notice(notice: str) -> str:
    if not any(word in notice for word in ("人工智能", "AI")) or not any(word in notice for word in ("生成", "合成")):
        raise ValueError("a text with 人工智能 or AI, and with 生成 or 合成")
    return notice


class LabelSection(Section):
    """Labels that say that the speech is generated (China, GB 45438-2025)."""

    enabled: bool = False
    producer: str = Field(default="", max_length=200)
    """Name or code of the service provider."""
    audible: Literal["none", "rhythm", "notice"] = "none"
    """What a listener hears: nothing, the rhythm sign, or the notice."""
    notice: Annotated[str, AfterValidator(_require_notice)] = Field(
        default="本音频由人工智能生成。", min_length=1, max_length=200
    )
    position: Literal["start", "end"] = "end"
    """Where a listener hears it."""

    @model_validator(mode="after")
    def _require_producer(self) -> Self:
        if self.enabled and not self.producer.strip():
            raise ValueError("a section with a producer when it is enabled, the name or code of the service provider")
        return self
