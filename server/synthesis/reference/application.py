"""What a voice takes over of a recording, as settings that a request could have as well."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from server.synthesis.reference.speech_reference import ReferenceUse, SpeechReference
from server.types import DEFAULT_STYLE, STYLE_LIMITS, Style

if TYPE_CHECKING:  # the HTTP package imports this module before anything that computes
    from server.synthesis.reference.expression import Expression, VoiceToMeasure

_FACTORS = ("speed", "volume", "pitch_range", "pauses")
_SHIFTS = ("pitch", "energy")
WITHOUT_STRENGTH = (
    "reference_strength: it is of the emotion, which is not among the uses; timbre and delivery have none"
)


@dataclass(frozen=True, slots=True)
class ReferenceApplication:
    """What is taken over of a reference, and what is not."""

    uses: frozenset[ReferenceUse]
    expression: "Expression | None" = None
    """Of the emotion; None: it is not used."""
    style: Style = DEFAULT_STYLE
    """Of the expression. The delivery has its own contours and pauses, so that there is none beside it."""
    ignored: tuple[str, ...] = ()
    """What the voice does not take over, and what would."""

    @property
    def summary(self) -> str:
        """What is applied, `emotion=happy; confidence=0.83; speed=1.1; timbre`; empty if nothing is."""
        return "; ".join(self._parts())

    def _parts(self) -> Iterator[str]:
        if self.expression:
            yield f"emotion={self.expression.emotion}"
            yield f"confidence={self.expression.confidence:.2f}"
        for name, value in asdict(self.style).items():
            if value != getattr(DEFAULT_STYLE, name):
                yield f"{name}={value:g}"
        for use in (ReferenceUse.TIMBRE, ReferenceUse.DELIVERY):
            if use in self.uses:
                yield use.value

    def combined(self, style: Style) -> Style:
        """The style of a request on top of that of the reference, within the limits of a style."""
        factors = {name: getattr(style, name) * getattr(self.style, name) for name in _FACTORS}
        shifts = {name: getattr(style, name) + getattr(self.style, name) for name in _SHIFTS}
        return Style(**{name: _limited(name, value) for name, value in {**factors, **shifts}.items()})


def apply_reference(
    reference: SpeechReference, synthesizer: "VoiceToMeasure", speaker: str, emotion: str | None = None
) -> ReferenceApplication:
    """What a voice takes over. An `emotion` that the request names is kept.

    It blocks: the voice may have to be measured. Raises `UnknownNameError` for the emotion.
    """
    from server.synthesis.reference.expression import express
    from server.synthesis.reference.timbre import timbre_obstacle

    uses, ignored = set(reference.uses), []
    if ReferenceUse.TIMBRE in uses and (obstacle := timbre_obstacle(synthesizer.voice)):
        uses.remove(ReferenceUse.TIMBRE)
        ignored.append(f"timbre: {obstacle}")
    if reference.strength != 1 and ReferenceUse.EMOTION not in uses:
        ignored.append(WITHOUT_STRENGTH)
    if not reference.strength:
        uses.discard(ReferenceUse.EMOTION)
    if ReferenceUse.EMOTION not in uses:
        return ReferenceApplication(frozenset(uses), ignored=tuple(ignored))
    expression = express(reference.analysis, synthesizer, speaker, reference.strength, emotion)
    style = DEFAULT_STYLE if ReferenceUse.DELIVERY in uses else expression.style
    return ReferenceApplication(frozenset(uses), expression, style, tuple(ignored))


def _limited(name: str, value: float) -> float:
    low, high = STYLE_LIMITS[name]
    return min(max(value, low), high)
