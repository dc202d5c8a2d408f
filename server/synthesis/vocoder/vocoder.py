"""The vocoder of one voice (HiFi-GAN): mel -> audio, chunk by chunk."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from server.errors import VoiceError
from server.runtime.runtime import Runtime
from server.synthesis.acoustic.contours import to_hertz
from server.synthesis.streaming_graph import GraphState, StreamingGraph
from server.synthesis.vocoder.harmonic_source import VOICING_THRESHOLD, HarmonicSource, SourceState
from server.synthesis.vocoder.pitch_change import NO_PITCH_CHANGE, PitchChange
from server.types import Audio, Floats, Mel
from server.voices.voice import Voice


@dataclass(frozen=True, slots=True)
class VocoderState:
    """The state of the vocoder between two chunks: an argument and a result of `Vocoder.advance`."""

    generator: GraphState
    source: SourceState | None


class Vocoder:
    """The generator, with a harmonic source if it is an NSF voice."""

    def __init__(self, voice: Voice, runtime: Runtime) -> None:
        settings = voice.manifest.vocoder
        self._rate = voice.rate
        self._generator = StreamingGraph(runtime.open(voice.graph("vocoder"), variants=voice.variants("vocoder")))
        self._source: HarmonicSource | None = None
        if settings.harmonics:
            f0 = voice.manifest.acoustic.f0
            if f0 is None:
                raise VoiceError(
                    f"voice {voice.name!r} has a harmonic source, but its voice.yaml has no acoustic.f0 (the "
                    "normalization of F0); convert it again"
                )
            self._source = HarmonicSource(settings.harmonics, settings.samples_per_frame, voice.rate, f0)

    @property
    def lookahead(self) -> int:
        """Frames that must be there before the first sample is final."""
        return self._generator.lookahead

    def start(self, *, source_noise: bool = True, seed: int = 0) -> VocoderState:
        """The state before the first frame; `seed` is that of the source's noise."""
        source = self._source.start(noise=source_noise, seed=seed) if self._source else None
        return VocoderState(self._generator.start(), source)

    def voiced_f0(self, mel: Mel) -> NDArray[np.float64]:
        """(voiced frames,) in Hz, of an NSF voice; empty for another one."""
        if self._source is None or not len(mel.frames):
            return np.zeros(0)
        *_, f0, voicing = mel.frames.T
        voiced: NDArray[np.float64] = to_hertz(f0, self._source.f0)[voicing >= VOICING_THRESHOLD]
        return voiced

    async def advance(
        self, state: VocoderState, mel: Mel, *, final: bool, pitch: PitchChange = NO_PITCH_CHANGE
    ) -> tuple[Audio, VocoderState]:
        """The samples that are final after this chunk (none at first), and the new state.

        `pitch` changes the source's F0 in these frames; a voice without a source ignores it.
        """
        if self._source is None or state.source is None:
            outputs, generator = await self._generator.advance(state.generator, {"mel": mel.frames[None]}, final=final)
            return Audio(_samples(outputs), self._rate), VocoderState(generator, None)
        *_, f0, voicing = mel.frames.T
        excitation, source = self._source.advance(state.source, f0, voicing, pitch)
        chunk = {"mel": mel.frames[None, :, :-2], **excitation}
        constant = {"harmonic_phases": source.harmonic_phases}
        outputs, generator = await self._generator.advance(state.generator, chunk, final=final, constant=constant)
        return Audio(_samples(outputs), self._rate), VocoderState(generator, source)


def _samples(outputs: dict[str, Floats] | None) -> Floats:
    return np.zeros(0, np.float32) if outputs is None else outputs["audio"][0]
