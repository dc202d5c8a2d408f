"""The mel decoder in 8 bits, with the largest blocks of a common scale that meet the quality limit.

It feeds itself, so it is judged in whole sentences: the mel after the postnet, when every step continues from frames
and keys of the same decoder. The durations are predicted before it and stay equal.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx

from convert.quantization.calibration import Array, CalibrationSession, OfflineAcousticModel
from convert.quantization.graph_rewriting import fold_casts
from convert.quantization.int8_weights import block_weights, product_share, quantize_weights
from convert.quantization.metrics import signal_to_noise_ratio
from convert.quantization.sentences import EncodedSentence
from server.voices.manifest import DecoderReport

GRAPH = "mel_decoder"
BLOCK_SIZES = (64, 32, 16)
"""Inputs with a common scale, of weights and of what they are multiplied by: smaller is slower and more exact."""
MIN_PRODUCTS = 512 * 1024
"""Of one step in the blocks; with fewer the matrices fit the cache in float32, too, and little is gained."""
CENTS = 1200
"""In an octave."""


@dataclass(frozen=True, slots=True)
class MelMetrics:
    """The mel of a variant compared with that of float32."""

    snr_db: float
    """Mean over sentences; the signal is what differs from the mean of its channel."""
    voicing_errors: int = 0
    """Frames that are voiced in one of them only; of voices with F0."""
    f0_cents: float = 0.0
    """Root mean square of the difference of F0, over the frames that are voiced in both."""

    def meets(self, limit: "MelMetrics") -> bool:
        """Whether the SNR is at least, and the rest at most, that of `limit`."""
        is_pitch_equal = self.voicing_errors <= limit.voicing_errors and self.f0_cents <= limit.f0_cents
        return self.snr_db >= limit.snr_db and is_pitch_equal

    def __str__(self) -> str:
        pitch = f"{self.voicing_errors} frames with other voicing, F0 {self.f0_cents:.1f} cents"
        return f"mel SNR {self.snr_db:.1f} dB, {pitch}"


QUALITY_LIMIT = MelMetrics(snr_db=38.0, voicing_errors=0, f0_cents=6.0)
"""Six cents are a seventeenth of a semitone (docs/precision.md)."""


@dataclass(frozen=True, slots=True)
class DecoderCandidate:
    """A variant of the mel decoder with its quality."""

    model: onnx.ModelProto
    metrics: MelMetrics
    report: DecoderReport


class DecoderEvaluator:
    """The float32 decoder of a voice, and its mels of the evaluation sentences."""

    def __init__(self, acoustic: OfflineAcousticModel, model: onnx.ModelProto, sentences: Sequence[EncodedSentence]):
        self.model = fold_casts(model)
        self._acoustic = acoustic
        self._decoded = [acoustic.decoder_inputs(sentence) for sentence in sentences]
        self._reference = [acoustic.mel(inputs) for inputs in self._decoded]

    @property
    def products(self) -> int:
        """Multiplications of a step that can be done in 8 bits."""
        return sum(block_weights(self.model).values())

    def candidate(self) -> DecoderCandidate:
        """The variant with the largest blocks that meets the quality limit; else that with the smallest ones."""
        for block in BLOCK_SIZES:
            candidate = self.evaluate(block)
            if candidate.metrics.meets(QUALITY_LIMIT):
                break
        return candidate

    def evaluate(self, block: int) -> DecoderCandidate:
        """The decoder with this size of blocks, running free."""
        model = quantize_weights(self.model, block)
        session = CalibrationSession(model.SerializeToString())
        mels = [self._acoustic.mel(inputs, session) for inputs in self._decoded]
        metrics = self.compare(mels)
        report = DecoderReport(
            snr_db=round(metrics.snr_db, 1),
            f0_cents=round(metrics.f0_cents, 1) if self._acoustic.has_f0 else None,
            sentences=len(mels),
            frames=sum(mel.shape[1] for mel in mels),
            block=block,
            share_of_decoder=round(product_share(self.model), 2),
        )
        return DecoderCandidate(model, metrics, report)

    def compare(self, mels: Sequence[Array]) -> MelMetrics:
        """The metrics of other mels (1, frames, channels) of the same sentences."""
        pairs = list(zip(self._reference, mels, strict=True))
        snr = float(np.mean([_mel_snr(*(self._acoustic.without_f0(mel)[0] for mel in pair)) for pair in pairs]))
        if not self._acoustic.has_f0:
            return MelMetrics(snr)
        (f0, voiced), (other_f0, other_voiced) = (
            [np.concatenate(part) for part in zip(*map(self._acoustic.f0_track, version), strict=True)]
            for version in (self._reference, mels)
        )
        both = voiced & other_voiced
        cents = CENTS * np.log2(other_f0[both] / f0[both])
        deviation = float(np.sqrt(np.mean(np.square(cents)))) if both.any() else 0.0
        return MelMetrics(snr, int((voiced != other_voiced).sum()), deviation)


def rejection(candidate: DecoderCandidate) -> str | None:
    """Why a candidate misses the quality limit, with its metrics; None if it meets the limit."""
    if candidate.metrics.meets(QUALITY_LIMIT):
        return None
    return (
        f"it differs too much from fp32 ({candidate.metrics}; required are at least {QUALITY_LIMIT.snr_db:g} dB, no "
        f"other voicing, and at most {QUALITY_LIMIT.f0_cents:g} cents)"
    )


def _mel_snr(reference: Array, other: Array) -> float:
    """dB, of mels (frames, channels); the means of the channels do not count as signal."""
    means = reference.mean(axis=0)
    return signal_to_noise_ratio(reference - means, other - means)
