"""Encoded text -> a score: how high, how loud, how long each unit is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from server.errors import SynthesisError
from server.runtime.session import Session
from server.runtime.tensors import Array
from server.scheduling.task import Work, run
from server.synthesis.acoustic.text_encoder import EncodedText
from server.types import Floats, Style
from server.voices.manifest import MeanDeviation, Range

LONGEST_UNIT = 2000
"""Frames. No phone or pause lasts 20 seconds; a model that says so is broken, and would fill the memory."""
TYPICAL_F0 = MeanDeviation(kind="mean_deviation", mean=200.0, deviation=50.0)
"""Hz; a guess that stands in where a voice does not say how its F0 was normalised, as most without NSF do not."""
TYPICAL_ENERGY = MeanDeviation(kind="mean_deviation", mean=1.0, deviation=0.8)
"""A guess: energy is normalised by statistics that no package carries."""


@dataclass(frozen=True, slots=True)
class ProsodyPrediction:
    """An utterance with its melody. Units include fillers."""

    text: Floats
    """(units, size): hidden states coloured by pitch and energy."""
    style: Floats
    """(units, size): embeddings of speaker and emotion."""
    pitch: Floats
    """(units,), normalised as in training"""
    energy: Floats
    """(units,), normalised as in training"""
    durations: NDArray[np.int64]
    """(units,), frames"""
    band: int
    """Decoder steps that attention may look back, and ahead."""
    wanted: tuple[Style, ...]
    """How each unit is to sound, or a single one for all of them."""

    @property
    def frames(self) -> int:
        return int(self.durations.sum())

    def by_frame(self, setting: Callable[[Style], float]) -> NDArray[np.float64]:
        """(frames,): a setting of each frame's style; (1,) when it is the same for all."""
        values = np.array([setting(style) for style in self.wanted], np.float64)
        return values if len(values) == 1 else np.repeat(values, self.durations)

    def shortened(self, units: int, frames: int) -> "ProsodyPrediction":
        """The last `units` units together no longer than `frames`; what is too long is taken from their end."""
        kept, last = np.split(self.durations, [len(self.durations) - units])
        ends = np.minimum(np.cumsum(last), frames)
        return replace(self, durations=np.concatenate([kept, np.diff(ends, prepend=0)]))


@dataclass(frozen=True, slots=True)
class VarianceAdaptor:
    """Runs the variance adaptor."""

    contour_predictor: Session
    contour_embedding: Session
    duration_predictor: Session
    frames_per_step: int
    f0: MeanDeviation | Range | None
    speaker_embedding: Floats | None

    def compose(self, text: EncodedText, style: Style | Sequence[Style]) -> Work[ProsodyPrediction]:
        """`style` is one for all, or one for each unit of the text before fillers came in."""
        wanted = (style,) if isinstance(style, Style) else tuple(style[owner] for owner in text.owners)
        if len(set(wanted)) == 1:
            wanted = wanted[:1]
        inputs: dict[str, Array] = {"text": text.hidden[None], "emotion": text.emotions[None]}
        if self.speaker_embedding is None:
            inputs["speaker"] = text.speakers[None]
        else:
            inputs["speaker_embedding"] = self.speaker_embedding
        contours = yield from run(self.contour_predictor, inputs, size=len(text.hidden))
        pitch = scaled(contours["pitch"], [2 ** (style.pitch / 12) for style in wanted], self.f0 or TYPICAL_F0)
        energy = scaled(contours["energy"], [10 ** (style.energy / 20) for style in wanted], TYPICAL_ENERGY)
        colours = {"text": text.hidden[None], "pitch": pitch, "energy": energy}
        coloured = (yield from run(self.contour_embedding, colours, size=len(text.hidden)))["coloured_text"]

        lengths = yield from self._lengths(np.concatenate([coloured, contours["style"]], axis=2))
        lengths /= np.array([style.speed for style in wanted], np.float32)
        durations = np.floor(lengths + np.float32(0.5)).astype(np.int64)
        band = int(lengths.max() / self.frames_per_step + 0.5)
        return ProsodyPrediction(coloured[0], contours["style"][0], pitch[0], energy[0], durations, band, wanted)

    def _lengths(self, condition: Floats) -> Work[Floats]:
        """(units,): frames at normal speed, not yet rounded."""
        outputs = yield from run(self.duration_predictor, {"condition": condition}, size=condition.shape[1])
        with np.errstate(over="ignore"):
            lengths: Floats = np.exp(outputs["log_durations"][0]) - 1
        if not (lengths < LONGEST_UNIT).all():
            raise SynthesisError(
                "the voice predicted a unit that never ends; its checkpoint is damaged or does not fit"
            )
        return lengths


def scaled(contour: Floats, factors: Sequence[float], scale: MeanDeviation | Range) -> Floats:
    """A normalised contour (1, units) whose real values are multiplied by `factors`: one for each unit, or for all."""
    factor = np.array(factors, np.float64)
    if (factor == 1).all():
        return contour
    if isinstance(scale, Range):
        scale = MeanDeviation(kind="mean_deviation", mean=scale.minimum, deviation=scale.maximum - scale.minimum)
    offset = (factor - 1) * scale.mean / scale.deviation
    moved: Floats = contour * factor.astype(np.float32) + offset.astype(np.float32)
    return moved
