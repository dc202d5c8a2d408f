"""A voice of Piper's medium quality with random weights: timed synthesis.

Only its network is timed. A real one also needs its phonemizer and a conversion to 16 bits, which cost little; the
figures of this project's engine include its front end and everything else.
"""

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from bench.piper.network import piper_network
from bench.piper.sizes import MEDIUM, PiperSizes
from bench.results.synthesis_timing import SynthesisTiming
from bench.system.process_usage import ProcessUsage

SYMBOLS_PER_SYLLABLE = 4
"""Initial, final (one or two symbols) and tone of a Mandarin syllable, as eSpeak NG writes it."""
SCALES = np.array([0.667, 1.5, 0.8], np.float32)
"""The scales of the noise are Piper's defaults; with this one of the durations a syllable takes 0.2 s, as in speech."""
_SENTENCE_END = re.compile(r"[。！？!?\n]")
_SYLLABLE = re.compile(r"[\u4e00-\u9fff]")


class PiperVoice:
    """One graph, run once for each sentence in one thread, with ONNX Runtime's default options."""

    def __init__(self, sizes: PiperSizes = MEDIUM) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        model = piper_network(sizes).SerializeToString()
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._sizes = sizes

    def sentences(self, text: str) -> Iterator[NDArray[np.float32]]:
        """Yields the audio of each sentence, (samples,), as long as that of a voice that can speak it."""
        for sentence in _SENTENCE_END.split(text):
            if syllables := len(_SYLLABLE.findall(sentence)):
                yield self._session.run(["output"], self._inputs(syllables))[0][0, 0]

    def speak(self, text: str) -> SynthesisTiming:
        """Synthesizes the whole text as fast as possible. The first chunk is the first sentence."""
        started = ProcessUsage.of()
        first_audio = 0.0
        lengths = []
        for audio in self.sentences(text):
            first_audio = first_audio or ProcessUsage.since(started).wall
            lengths.append(len(audio) / self._sizes.sampling_rate)
        usage = ProcessUsage.since(started)
        return SynthesisTiming(first_audio, usage.wall, sum(lengths), usage.cpu or 0.0, lengths[0])

    def _inputs(self, syllables: int) -> dict[str, NDArray[Any]]:
        """The beginning, the symbols, each followed by a pad, and the end of a sentence."""
        length = 2 * SYMBOLS_PER_SYLLABLE * syllables + 3
        ids = np.arange(length) * (np.arange(length) % 2) % self._sizes.symbols
        return {"input": ids[None], "input_lengths": np.array([length]), "scales": SCALES}
