"""The acoustic model of one voice (Sambert): units -> prosody -> mel, chunk by chunk."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from server.runtime.runtime import Runtime
from server.synthesis.acoustic.decoder import Decoder, DecoderState
from server.synthesis.acoustic.length_regulator import regulate_length
from server.synthesis.acoustic.prosody_targets import ProsodyTargets
from server.synthesis.acoustic.text_encoder import TextEncoder
from server.synthesis.acoustic.unit_kinds import UnitKinds
from server.synthesis.acoustic.variance_adaptor import ProsodyPrediction, VarianceAdaptor
from server.synthesis.streaming_graph import GraphState, StreamingGraph
from server.types import Floats, Mel, Style, Units
from server.voices.voice import Voice


@dataclass(frozen=True, slots=True)
class AcousticState:
    """The state of an utterance between two chunks: an argument and a result of `AcousticModel.advance`."""

    decoder: DecoderState
    postnet: GraphState
    decoded_frames: int
    frames: int | None
    """Of the utterance; None while only the prosody of its prefix is known."""

    @property
    def is_finished(self) -> bool:
        """Whether all frames are decoded."""
        return self.decoded_frames == self.frames

    @property
    def independent_steps(self) -> int:
        """Decoder steps that do not depend on the prosody behind the prefix."""
        return self.decoder.independent_steps


class AcousticModel:
    """Text encoder, variance adaptor, decoder and postnet."""

    def __init__(self, voice: Voice, runtime: Runtime, filled_pauses: tuple[Units, ...]) -> None:
        settings = voice.manifest.acoustic
        self.frames_per_step = settings.frames_per_step
        self._kinds = UnitKinds(voice.manifest.units)
        self._encoder = TextEncoder(runtime.open(voice.graph("text_encoder")), filled_pauses)
        self._variance_adaptor = VarianceAdaptor(
            contour_predictor=runtime.open(voice.graph("contour_predictor")),
            contour_embedding=runtime.open(voice.graph("contour_embedding")),
            duration_predictor=runtime.open(voice.graph("duration_predictor"), threads=1),
            frames_per_step=settings.frames_per_step,
            f0=settings.f0,
            speaker_embedding=voice.speaker_embedding,
        )
        memory = runtime.open(voice.graph("decoder_memory"), threads=1)
        variants = voice.variants("mel_decoder")
        self._decoder = Decoder(memory, runtime.open(voice.graph("mel_decoder"), variants=variants, threads=1))
        self._postnet = StreamingGraph(runtime.open(voice.graph("postnet")))

    @property
    def lookahead(self) -> int:
        """Frames that must be decoded before the first one is final."""
        return self._postnet.lookahead

    async def predict_prosody(
        self,
        units: Units,
        style: Style | Sequence[Style],
        speaker: Floats | None = None,
        targets: ProsodyTargets | None = None,
    ) -> ProsodyPrediction:
        """The prosody of a whole utterance; `style` is one for all, or one for each unit.

        `speaker` is an embedding (1, size) instead of that of the voice, which must take one. The style changes
        `targets` as it changes a prediction.
        """
        if not isinstance(style, Style) and len(style) != len(units):
            raise ValueError(f"{len(style)} styles for {len(units)} units")
        text = await self._encoder.encode(units, keep_positions=isinstance(style, Style))
        kinds = self._kinds.rows(units.features, text.unit_indices)
        return await self._variance_adaptor.predict(text, style, kinds, speaker, targets)

    def start(self, prosody: ProsodyPrediction, *, is_whole: bool = True) -> AcousticState:
        """The state before the first frame of an utterance, or of one of which this is the prefix."""
        memory = regulate_length(prosody, self.frames_per_step)
        if not is_whole:
            memory = memory[: prosody.frames // self.frames_per_step]  # the last step may have frames of what follows
        decoder = self._decoder.start(memory, prosody.attention_band, is_whole=is_whole)
        return AcousticState(decoder, self._postnet.start(), 0, prosody.frames if is_whole else None)

    def extend(self, state: AcousticState, prosody: ProsodyPrediction) -> AcousticState:
        """The same state with the prosody of the whole utterance, which begins with that of the prefix.

        No more than the `independent_steps` may have been run.
        """
        memory = regulate_length(prosody, self.frames_per_step)
        decoder = self._decoder.extend(state.decoder, memory, prosody.attention_band)
        return replace(state, decoder=decoder, frames=prosody.frames)

    async def advance(self, state: AcousticState, steps: int) -> tuple[Mel | None, AcousticState]:
        """Runs up to `steps` decoder steps. Returns the mel that is final then (None at first), and the new state."""
        frames, decoder = await self._decoder.advance(state.decoder, steps)
        if state.frames is not None:
            frames = frames[: state.frames - state.decoded_frames]  # the last step is padded to r frames
        decoded = state.decoded_frames + len(frames)
        is_last = decoded == state.frames
        outputs, postnet = await self._postnet.advance(state.postnet, {"frames": frames[None]}, final=is_last)
        return Mel(outputs["mel"][0]) if outputs else None, AcousticState(decoder, postnet, decoded, state.frames)
