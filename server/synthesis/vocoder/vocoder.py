"""Mel -> audio, stretch by stretch."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from server.errors import VoiceError
from server.runtime.runtime import Runtime
from server.scheduling.task import Work
from server.synthesis.streaming_graph import Progress, StreamingGraph
from server.synthesis.vocoder.harmonic_source import VOICED_FROM, HarmonicSource, Phase
from server.types import Audio, Floats, Mel
from server.voices.voice import Voice

UNMOVED = np.ones(1)
"""The pitch shift that changes nothing."""


@dataclass(frozen=True, slots=True)
class VocoderState:
    """Where the vocoder stands: an argument and a result of `Vocoder.advance`."""

    progress: Progress
    phase: Phase | None


class Vocoder:
    """The generator of one voice, with its source if it is an NSF voice."""

    def __init__(self, voice: Voice, runtime: Runtime) -> None:
        facts = voice.manifest.vocoder
        self._rate = voice.rate
        self._graph = StreamingGraph(runtime.open(voice.graph("vocoder"), variants=voice.variants("vocoder")))
        self._source: HarmonicSource | None = None
        if facts.harmonics:
            f0 = voice.manifest.acoustic.f0
            if f0 is None:
                raise VoiceError(
                    f"voice {voice.name!r} has a harmonic source, but voice.yaml does not say its F0 scale"
                )
            self._source = HarmonicSource(facts.harmonics, facts.samples_per_frame, voice.rate, f0)

    @property
    def lookahead(self) -> int:
        """Frames that must be there before the first sample is ready."""
        return self._graph.lookahead

    def start(self, *, source_noise: bool = True) -> VocoderState:
        phase = self._source.start(noise=source_noise) if self._source else None
        return VocoderState(self._graph.start(), phase)

    def median_f0(self, mel: Mel) -> float | None:
        """Hz, over the voiced frames of an NSF voice; None without any."""
        if self._source is None or not len(mel.frames):
            return None
        *_, f0, voicing = mel.frames.T
        voiced = self._source.hertz(f0)[voicing >= VOICED_FROM]
        return float(np.median(voiced)) if len(voiced) else None

    def advance(
        self, vocoding: VocoderState, mel: Mel, *, final: bool, pitch_shift: NDArray[np.float64] = UNMOVED
    ) -> Work[tuple[Audio, VocoderState]]:
        """The samples that are certain after this stretch (none at first), and where the vocoder stands then.

        `pitch_shift`, (frames,) or (1,), is a factor on the source's F0; a voice without a source ignores it.
        """
        if self._source is None or vocoding.phase is None:
            chunk = {"mel": mel.frames[None]}
            outputs, progress = yield from self._graph.advance(vocoding.progress, chunk, final=final)
            return Audio(_samples(outputs), self._rate), VocoderState(progress, None)
        *_, f0, voicing = mel.frames.T
        excitation, phase = self._source.advance(vocoding.phase, f0, voicing, pitch_shift)
        chunk = {"mel": mel.frames[None, :, :-2], **excitation}
        fixed = {"harmonic_phases": phase.offsets}
        outputs, progress = yield from self._graph.advance(vocoding.progress, chunk, final=final, fixed=fixed)
        return Audio(_samples(outputs), self._rate), VocoderState(progress, phase)


def _samples(outputs: dict[str, Floats] | None) -> Floats:
    return np.zeros(0, np.float32) if outputs is None else outputs["audio"][0]
