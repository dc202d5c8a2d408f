"""Speech in frames of 25 ms, one every 10 ms: mel cepstra that two speakers can be compared by, and silence."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from server.references.analysis.frames import SHIFT_SECONDS, decibels
from server.synthesis.speaker_encoder.fbank import EMPHASIS, mel_triangles
from server.types import Audio

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]

LENGTH_SECONDS = 0.025
BINS, COEFFICIENTS = 30, 12
FLOOR_DB = 50.0
"""Below the loudest frames: what is quieter is equal for the cepstra."""
SILENCE_DB, NOISE_MARGIN_DB, MIN_SILENCE_DB = 35.0, 8.0, 18.0
"""A frame is silent that far below the loud ones, or less than the margin above the quietest ones, if those are at
least `MIN_SILENCE_DB` below: then they are the noise of the room."""
SLOPE_WEIGHT, LEVEL_WEIGHT = 0.5, 1.0
_SLOPE_FRAMES = 2


@dataclass(frozen=True)
class SpeechFrames:
    """Frame n is centered n * 10 ms after the beginning, as those of the contours of a recording are."""

    power: Floats
    """(frames, bins): spectra."""
    rate: int
    """Hz"""
    level: Floats
    """(frames,): decibels."""

    @classmethod
    def of(cls, audio: Audio) -> "SpeechFrames":
        """The frames of mono audio at any rate."""
        length, shift = round(audio.rate * LENGTH_SECONDS), round(audio.rate * SHIFT_SECONDS)
        count = len(audio.samples) // shift + 1
        samples = np.pad(audio.samples.astype(np.float64), (length // 2 + 1, length))
        frames = sliding_window_view(samples[1:] - EMPHASIS * samples[:-1], length)[::shift][:count]
        size = 1 << (length - 1).bit_length()
        power = np.abs(np.fft.rfft(frames * np.hanning(length), size)) ** 2 / size
        return cls(power.astype(np.float32), audio.rate, decibels(power.sum(axis=1)).astype(np.float32))

    def __len__(self) -> int:
        return len(self.power)

    @cached_property
    def loud(self) -> float:
        """Decibels, of the loud frames."""
        return float(np.percentile(self.level, 95))

    @cached_property
    def silent(self) -> Flags:
        """(frames,): which have no sound."""
        noise = min(float(np.percentile(self.level, 5)) + NOISE_MARGIN_DB, self.loud - MIN_SILENCE_DB)
        return self.level < max(self.loud - SILENCE_DB, noise)

    def features(self, highest: float, scale: float = 1.0) -> Floats:
        """(frames, 25): cepstra, their slopes and the level, relative to those of the whole speech.

        `highest` in Hz; `scale` is that of the filters, to compare vocal tracts of different lengths.
        """
        size = 2 * (self.power.shape[1] - 1)
        energies = self.power @ mel_triangles(self.rate, size, BINS, highest, scale).T.astype(np.float32)
        floor = 10 ** ((self.loud - FLOOR_DB) / 10) / BINS
        cepstra = _standardized(np.log(energies + floor) @ _cosines(), ~self.silent)
        padded = np.pad(cepstra, ((_SLOPE_FRAMES, _SLOPE_FRAMES), (0, 0)), mode="edge")
        slopes = _standardized(padded[2 * _SLOPE_FRAMES :] - padded[: -2 * _SLOPE_FRAMES], ~self.silent)
        level = np.clip((self.level - self.loud) / 10, -FLOOR_DB / 10, 0)
        parts = [cepstra, SLOPE_WEIGHT * slopes, LEVEL_WEIGHT * level[:, None]]
        features: Floats = np.concatenate(parts, axis=1).astype(np.float32)
        return features


def _standardized(values: Floats, speech: Flags) -> Floats:
    """Mean 0 and deviation 1 over the frames of speech; all frames if there are few."""
    part = values[speech] if speech.sum() > 1 else values
    result: Floats = ((values - part.mean(axis=0)) / np.maximum(part.std(axis=0), 1e-6)).astype(np.float32)
    return result


def _cosines() -> Floats:
    """(bins, coefficients): the discrete cosine transform, without its first coefficient, which is the level."""
    places = np.arange(BINS)[:, None] + 0.5
    cosines = np.cos(np.pi / BINS * places * np.arange(1, COEFFICIENTS + 1)) * np.sqrt(2 / BINS)
    table: Floats = cosines.astype(np.float32)
    return table
