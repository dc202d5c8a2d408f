"""The acoustic model of one voice: units -> score -> mel, chunk by chunk."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from server.runtime.runtime import Runtime
from server.scheduling.task import Work
from server.synthesis.acoustic.decoder import Decoder, DecoderState
from server.synthesis.acoustic.decoder_memory import decoder_memory
from server.synthesis.acoustic.text_encoder import TextEncoder
from server.synthesis.acoustic.variance_adaptor import ProsodyPrediction, VarianceAdaptor
from server.synthesis.streaming_graph import Progress, StreamingGraph
from server.types import Mel, Style, Units
from server.voices.voice import Voice


@dataclass(frozen=True, slots=True)
class AcousticState:
    """Where a score stands: an argument and a result of `AcousticModel.advance`."""

    decoding: DecoderState
    postnet: Progress
    frames_left: int

    @property
    def over(self) -> bool:
        return not self.frames_left


class AcousticModel:
    """Composes encoder, variance adaptor, decoder and postnet."""

    def __init__(self, voice: Voice, runtime: Runtime, fillers: tuple[Units, ...]) -> None:
        facts = voice.manifest.acoustic
        self.frames_per_step = facts.frames_per_step
        self._encoder = TextEncoder(runtime.open(voice.graph("text_encoder")), fillers)
        self._composer = VarianceAdaptor(
            contour_predictor=runtime.open(voice.graph("contour_predictor")),
            contour_embedding=runtime.open(voice.graph("contour_embedding")),
            duration_predictor=runtime.open(voice.graph("duration_predictor"), threads=1),
            frames_per_step=facts.frames_per_step,
            f0=facts.f0,
            speaker_embedding=voice.speaker_embedding,
        )
        memory = runtime.open(voice.graph("decoder_memory"), threads=1)
        self._decoder = Decoder(memory, runtime.open(voice.graph("mel_decoder"), threads=1))
        self._postnet = StreamingGraph(runtime.open(voice.graph("postnet")))

    @property
    def lookahead(self) -> int:
        """Frames that must be decoded before the first one is ready."""
        return self._postnet.lookahead

    def compose(self, units: Units, style: Style | Sequence[Style]) -> Work[ProsodyPrediction]:
        """Melody and timing of a whole utterance; `style` is one for all, or one for each unit."""
        if not isinstance(style, Style) and len(style) != len(units):
            raise ValueError(f"{len(style)} styles for {len(units)} units")
        text = yield from self._encoder.encode(units, as_original=isinstance(style, Style))
        return (yield from self._composer.compose(text, style))

    def start(self, score: ProsodyPrediction) -> AcousticState:
        decoding = self._decoder.start(decoder_memory(score, self.frames_per_step), score.band)
        return AcousticState(decoding, self._postnet.start(), score.frames)

    def advance(self, performance: AcousticState, steps: int) -> Work[tuple[Mel | None, AcousticState]]:
        """The mel that is certain after up to `steps` more decoder steps, None as long as there is none."""
        frames, decoding = yield from self._decoder.advance(performance.decoding, steps)
        frames = frames[: performance.frames_left]  # the last step is filled up to r frames
        following = replace(performance, decoding=decoding, frames_left=performance.frames_left - len(frames))
        chunk = {"frames": frames[None]}
        outputs, postnet = yield from self._postnet.advance(performance.postnet, chunk, final=following.over)
        return Mel(outputs["mel"][0]) if outputs else None, replace(following, postnet=postnet)
