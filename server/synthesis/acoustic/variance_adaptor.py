"""Encoded text -> prosody: pitch, energy and duration of each unit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from server.errors import SynthesisError
from server.runtime.session import Session
from server.runtime.tensors import Array
from server.scheduling.graph_run import GraphRun
from server.synthesis.acoustic.contours import mean_f0, scale_contour, scale_range
from server.synthesis.acoustic.prosody_targets import ProsodyTargets, TargetRows, Values, contour_per_frame
from server.synthesis.acoustic.text_encoder import EncodedText
from server.synthesis.acoustic.unit_kinds import RowKinds
from server.types import Floats, Ids, Style
from server.voices.manifest import MeanDeviation, Range

MAX_UNIT_FRAMES = 2000
"""No phone or pause lasts 20 seconds. A model that predicts more is broken, and would fill the memory."""
TYPICAL_F0 = MeanDeviation(kind="mean_deviation", mean=200.0, deviation=50.0)
"""Hz; assumed for voices that do not specify how F0 was normalized, as most without NSF do not."""
TYPICAL_ENERGY = MeanDeviation(kind="mean_deviation", mean=1.0, deviation=0.8)
"""Assumed for all: energy is normalized by statistics that no package contains."""


@dataclass(frozen=True, slots=True)
class ProsodyPrediction:
    """The output of the variance adaptor for one utterance. Rows are units, filled pauses included."""

    text: Floats
    """(units, size): hidden states with the embeddings of pitch and energy added."""
    conditioning: Floats
    """(units, size): embeddings of speaker and emotion."""
    pitch: Floats
    """(units,), normalized as in training"""
    energy: Floats
    """(units,), normalized as in training"""
    durations: NDArray[np.int64]
    """(units,), frames"""
    attention_band: int
    """Decoder steps that attention reaches back, and ahead."""
    styles: tuple[Style, ...]
    """One for each row, or a single one for all of them."""
    unit_indices: Ids
    """(units,): the index of the input unit that a row belongs to; a pause that is filled, or inserted, belongs to the
    unit after it."""
    mean_f0: float
    """Hz: of the predicted contour, before any style; `TYPICAL_F0` is assumed where the normalization is unknown."""
    contours: Values | None = None
    """(units, points): F0 in Hz for the harmonic source; NaN where it is that of the decoder. None: everywhere."""

    @property
    def frames(self) -> int:
        """Mel frames of the utterance."""
        return int(self.durations.sum())

    def per_frame(self, setting: Callable[[Style], float]) -> NDArray[np.float64]:
        """(frames,): a setting of each frame's style; (1,) when it is the same for all."""
        values = np.array([setting(style) for style in self.styles], np.float64)
        return values if len(values) == 1 else np.repeat(values, self.durations)

    def f0_per_frame(self) -> NDArray[np.float64] | None:
        """(frames,): F0 in Hz for the harmonic source, in the style; NaN where it is that of the decoder."""
        if self.contours is None:
            return None
        shift = self.per_frame(lambda style: 2 ** (style.pitch / 12))
        exponent = self.per_frame(lambda style: style.pitch_range)
        f0: NDArray[np.float64] = contour_per_frame(self.contours, self.durations) / self.mean_f0
        return self.mean_f0 * shift * f0**exponent

    def with_pauses(self, frames: NDArray[np.int64], silent_row: int) -> "ProsodyPrediction":
        """With pauses of that many frames before each row, (units,), which are copies of a silent row."""
        paused = np.flatnonzero(frames)
        order = np.insert(np.arange(len(frames)), paused, silent_row)
        places = paused + np.arange(len(paused))
        durations, indices = self.durations[order], self.unit_indices[order]
        durations[places], indices[places] = frames[paused], self.unit_indices[paused]
        contours = None if self.contours is None else self.contours[order]
        if contours is not None:
            contours[places] = np.nan
        return replace(
            self,
            text=self.text[order],
            conditioning=self.conditioning[order],
            pitch=self.pitch[order],
            energy=self.energy[order],
            durations=durations,
            styles=self.styles if len(self.styles) == 1 else tuple(self.styles[row] for row in order),
            unit_indices=indices,
            contours=contours,
        )

    def prefix(self, units: int) -> "ProsodyPrediction":
        """That of the first `units` units."""
        return self._rows(self.unit_indices < units)

    def after(self, prefix: "ProsodyPrediction", units: int) -> "ProsodyPrediction":
        """That of the whole utterance, whose first `units` units have the prosody of `prefix`; without `contours`."""
        rest = self._rows(self.unit_indices >= units)
        styles = {*prefix.styles, *rest.styles}
        return replace(
            self,
            text=np.concatenate([prefix.text, rest.text]),
            conditioning=np.concatenate([prefix.conditioning, rest.conditioning]),
            pitch=np.concatenate([prefix.pitch, rest.pitch]),
            energy=np.concatenate([prefix.energy, rest.energy]),
            durations=np.concatenate([prefix.durations, rest.durations]),
            styles=tuple(styles) if len(styles) == 1 else (*prefix.row_styles, *rest.row_styles),
            unit_indices=np.concatenate([prefix.unit_indices, rest.unit_indices]),
        )

    @property
    def row_styles(self) -> tuple[Style, ...]:
        """One for each row."""
        return self.styles * len(self.durations) if len(self.styles) == 1 else self.styles

    def _rows(self, chosen: NDArray[np.bool_]) -> "ProsodyPrediction":
        return replace(
            self,
            text=self.text[chosen],
            conditioning=self.conditioning[chosen],
            pitch=self.pitch[chosen],
            energy=self.energy[chosen],
            durations=self.durations[chosen],
            styles=self.styles if len(self.styles) == 1 else tuple(compress(self.styles, chosen)),
            unit_indices=self.unit_indices[chosen],
            contours=None if self.contours is None else self.contours[chosen],
        )

    def truncated(self, units: int, frames: int) -> "ProsodyPrediction":
        """With the last `units` units together no longer than `frames`; the excess is cut from their end."""
        kept, last = np.split(self.durations, [len(self.durations) - units])
        ends = np.minimum(np.cumsum(last), frames)
        return replace(self, durations=np.concatenate([kept, np.diff(ends, prepend=0)]))


@dataclass(frozen=True, slots=True)
class VarianceAdaptor:
    """Runs the predictors of pitch, energy and duration."""

    contour_predictor: Session
    contour_embedding: Session
    duration_predictor: Session
    frames_per_step: int
    f0: MeanDeviation | Range | None
    speaker_embedding: Floats | None
    """(1, size), for a voice that takes one instead of a speaker id."""

    async def predict(
        self,
        text: EncodedText,
        style: Style | Sequence[Style],
        kinds: RowKinds,
        speaker: Floats | None = None,
        targets: ProsodyTargets | None = None,
    ) -> ProsodyPrediction:
        """`style` is one for all, or one for each unit before filled pauses were inserted; `kinds` are of the rows.

        `speaker` is an embedding instead of `speaker_embedding`; `targets` are for the units, as the styles.
        """
        styles = (style,) if isinstance(style, Style) else tuple(style[index] for index in text.unit_indices)
        if len(set(styles)) == 1:
            styles = styles[:1]
        inputs: dict[str, Array] = {"text": text.hidden[None], "emotion": text.emotions[None]}
        if self.speaker_embedding is None:
            inputs["speaker"] = text.speakers[None]
        else:
            inputs["speaker_embedding"] = self.speaker_embedding if speaker is None else speaker
        units = len(text.hidden)
        contours = await GraphRun(self.contour_predictor, inputs, units)
        f0 = self.f0 or TYPICAL_F0
        shifts = [2 ** (style.pitch / 12) for style in styles]
        center = mean_f0(contours["pitch"], kinds.tonal, f0)
        rows = None if targets is None else TargetRows(targets, text.unit_indices, kinds)
        pitch, levels = contours["pitch"], np.array([style.energy for style in styles])
        if rows:
            pitch, levels = rows.pitch(pitch, f0), levels + rows.energy
        pitch = scale_contour(pitch, shifts, f0)
        pitch = scale_range(pitch, [style.pitch_range for style in styles], center * np.array(shifts), kinds.voiced, f0)
        energy = scale_contour(contours["energy"], list(10 ** (levels / 20)), TYPICAL_ENERGY)
        embedding_inputs = {"text": text.hidden[None], "pitch": pitch, "energy": energy}
        adapted = (await GraphRun(self.contour_embedding, embedding_inputs, units))["coloured_text"]

        lengths = await self._predict_lengths(np.concatenate([adapted, contours["style"]], axis=2))
        speeds = np.array([style.speed for style in styles], np.float32)
        pauses = np.array([style.pauses for style in styles], np.float32)
        stretch = np.where(kinds.silent, pauses, np.float32(1))
        longest = (lengths / speeds * stretch).max()
        if rows:
            lengths = rows.lengths(lengths)
            longest = max(longest, rows.longest_spoken(lengths / speeds))
        lengths = lengths / speeds * stretch
        durations = np.floor(lengths + np.float32(0.5)).astype(np.int64)
        band = int(longest / self.frames_per_step + 0.5)
        prosody = ProsodyPrediction(
            adapted[0], contours["style"][0], pitch[0], energy[0], durations, band, styles, text.unit_indices, center
        )
        return prosody if rows is None else _with_targets(prosody, rows, pauses / speeds)

    async def _predict_lengths(self, condition: Floats) -> Floats:
        """(units,): frames at normal speed, not yet rounded."""
        outputs = await GraphRun(self.duration_predictor, {"condition": condition}, condition.shape[1])
        with np.errstate(over="ignore"):
            lengths: Floats = np.exp(outputs["log_durations"][0]) - 1
        if not (lengths < MAX_UNIT_FRAMES).all():
            raise SynthesisError(
                f"the voice predicted a unit of more than {MAX_UNIT_FRAMES} frames; its checkpoint is damaged or does "
                "not match its configuration"
            )
        return lengths


def _with_targets(prosody: ProsodyPrediction, rows: TargetRows, factors: Floats) -> ProsodyPrediction:
    """With the contours and the pauses of the targets; `factors` on the inserted ones."""
    prosody = replace(prosody, contours=rows.contours)
    if rows.silent_row is None:
        return prosody
    silent = np.where(rows.recorded_pauses, rows.silent_row, np.arange(len(prosody.text)))
    prosody = replace(prosody, text=prosody.text[silent], conditioning=prosody.conditioning[silent])
    return prosody.with_pauses(rows.pauses(factors), rows.silent_row)
