"""The acoustic model of one voice: units -> score -> mel, chunk by chunk."""

from collections.abc import Iterable, Iterator, Sequence

from server.acoustic.decoder import Decoder
from server.acoustic.memory import decoder_memory
from server.acoustic.score import Composer, Score
from server.acoustic.text import TextEncoder
from server.runtime import Runtime
from server.signals import Mel, Style, Units
from server.streamed import StreamedGraph
from server.voice import Voice


class AcousticModel:
    """Composes encoder, variance adaptor, decoder and postnet."""

    def __init__(self, voice: Voice, runtime: Runtime, fillers: tuple[Units, ...]) -> None:
        facts = voice.manifest.acoustic
        self.frames_per_step = facts.frames_per_step
        self._encoder = TextEncoder(runtime.open(voice.graph("text_encoder")), fillers)
        self._composer = Composer(
            contour_predictor=runtime.open(voice.graph("contour_predictor")),
            contour_embedding=runtime.open(voice.graph("contour_embedding")),
            duration_predictor=runtime.open(voice.graph("duration_predictor"), threads=1),
            frames_per_step=facts.frames_per_step,
            f0=facts.f0,
            speaker_embedding=voice.speaker_embedding,
        )
        memory = runtime.open(voice.graph("decoder_memory"), threads=1)
        self._decoder = Decoder(memory, runtime.open(voice.graph("mel_decoder"), threads=1))
        self._postnet = StreamedGraph(runtime.open(voice.graph("postnet")))

    @property
    def lookahead(self) -> int:
        """Frames that must be decoded before the first one is ready."""
        return self._postnet.lookahead

    def compose(self, units: Units, style: Style | Sequence[Style]) -> Score:
        """Melody and timing of a whole utterance; `style` is one for all, or one for each unit."""
        if not isinstance(style, Style) and len(style) != len(units):
            raise ValueError(f"{len(style)} styles for {len(units)} units")
        text = self._encoder.encode(units, as_original=isinstance(style, Style))
        return self._composer.compose(text, style)

    def perform(self, score: Score, chunks: Iterable[int]) -> Iterator[tuple[Mel, bool]]:
        """The mel of a score, `chunks` decoder steps at a time, and whether a stretch is the last one."""
        if not score.frames:
            return
        decoding = self._decoder.start(decoder_memory(score, self.frames_per_step), score.band)
        progress, sizes, done = self._postnet.start(), iter(chunks), 0
        while decoding.left:
            frames, decoding = self._decoder.advance(decoding, next(sizes))
            frames = frames[: score.frames - done]  # the last step is filled up to r frames
            done += len(frames)
            outputs, progress = self._postnet.advance(progress, {"frames": frames[None]}, final=not decoding.left)
            if outputs is not None:
                yield Mel(outputs["mel"][0]), not decoding.left
