"""Runs the graphs of a converted voice to compute vocoder inputs for calibration and evaluation.

Each graph runs once over a whole sentence, in one thread, so that the same voice gives the same numbers. The modules in
`convert.models` describe the inputs and outputs. The server's synthesis is not used: it computes in chunks and batches,
its results differ in the last bits with both, and the bytes of the variants depend on them.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from convert.errors import ConvertError
from convert.quantization.sentences import EncodedSentence
from server.voices.manifest import Manifest, Range

Array = NDArray[Any]
Arrays = dict[str, Array]

MAX_UNIT_FRAMES = 60
"""Limits the durations of a voice whose predictor diverges."""
MASKED_SCORE = np.float32(-1e9)
VOICED_THRESHOLD, MIN_F0 = 0.6, 30.0
"""As in KAN-TTS `denorm_f0`; Hz."""


class CalibrationSession:
    """One graph, run by ONNX Runtime on the CPU in one thread."""

    def __init__(self, model: Path | bytes) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.enable_mem_pattern = False
        source = model if isinstance(model, bytes) else str(model)
        self._session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
        metadata = self._session.get_modelmeta().custom_metadata_map
        self._initial_shapes: dict[str, list[int | str]] = json.loads(metadata["initial_state"])
        encodings = json.loads(metadata.get("state_encodings", "{}"))
        self._zeros = {name: each["zero"] for name, each in encodings.items() if each["zero"] is not None}
        """The states in uint8, with the value that stands for zero."""

    def initial_state(self, **sizes: int) -> Arrays:
        """Zeros for every state; `sizes` are the sizes of dynamic axes."""
        sizes = {"batch": 1} | sizes
        shapes = {
            name: [sizes[axis] if isinstance(axis, str) else axis for axis in shape]
            for name, shape in self._initial_shapes.items()
        }
        return {
            name: np.full(shape, self._zeros.get(name, 0), np.uint8 if name in self._zeros else np.float32)
            for name, shape in shapes.items()
        }

    def run(self, inputs: Arrays, *names: str) -> Arrays:
        """The outputs of these names, by default all."""
        requested = names or [output.name for output in self._session.get_outputs()]
        return dict(zip(requested, self._session.run(requested, inputs), strict=True))


class OfflineAcousticModel:
    """The acoustic model of the voice in `folder`, for whole sentences."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self._manifest = manifest
        names = manifest.graphs.keys() - {"vocoder"}
        self._graphs = {name: CalibrationSession(folder / f"{name}.onnx") for name in names}
        file = manifest.acoustic.speaker_embedding
        self._embedding = np.load(folder / file) if file else None

    @property
    def has_f0(self) -> bool:
        """Whether the last two channels of the mel are F0 and voicing."""
        return bool(self._manifest.vocoder.harmonics)

    def vocoder_inputs(self, sentence: EncodedSentence) -> Arrays:
        """The inputs of the vocoder for a whole sentence, without states; the source's noise is zero.

        Raises `ConvertError` if the mel is not finite.
        """
        mel = self.mel(self.decoder_inputs(sentence))
        if not np.isfinite(mel).all():
            raise ConvertError("the acoustic model computes values that are not finite; its checkpoint is damaged")
        inputs = {"final": np.ones(1, np.int64), "mel": np.ascontiguousarray(self.without_f0(mel))}
        if not self.has_f0:
            return inputs
        f0, voiced = self.f0_track(mel)
        hop = self._manifest.vocoder.samples_per_frame
        cycles = np.cumsum(np.repeat(f0, hop)) / self._manifest.sample_rate % 1
        return inputs | {
            "phase": cycles[None].astype(np.float32),
            "voiced": np.repeat(voiced, hop)[None].astype(np.float32),
            "noise": np.zeros((1, len(cycles)), np.float32),
            "harmonic_phases": np.zeros((1, self._manifest.vocoder.harmonics), np.float32),
        }

    def without_f0(self, mel: Array) -> Array:
        """(1, frames, channels) of the spectrum."""
        return mel[:, :, :-2] if self.has_f0 else mel

    def f0_track(self, mel: Array) -> tuple[Array, Array]:
        """F0 in Hz and voicing, both (frames,); of voices with F0."""
        *_, f0, voicing = mel[0].T
        return self._hertz(f0), voicing >= VOICED_THRESHOLD

    def decoder_inputs(self, sentence: EncodedSentence) -> tuple[Array, Array, Array]:
        """(units, size) text with pitch and energy, (units, size) style, (units,) durations in frames."""
        graphs = self._graphs
        text = graphs["text_encoder"].run({"units": sentence.features}, "text")
        speaker = {"speaker": sentence.speakers} if self._embedding is None else {"speaker_embedding": self._embedding}
        contours = graphs["contour_predictor"].run({**text, "emotion": sentence.emotions, **speaker})
        style = contours.pop("style")
        adapted = graphs["contour_embedding"].run(text | contours)["coloured_text"]
        condition = np.concatenate([adapted, style], axis=2)
        log_durations = graphs["duration_predictor"].run({"condition": condition})["log_durations"][0]
        durations = np.exp(np.minimum(log_durations, np.log(1 + MAX_UNIT_FRAMES))) - 1
        return adapted[0], style[0], durations

    def mel(self, inputs: tuple[Array, Array, Array], decoder: CalibrationSession | None = None) -> Array:
        """(1, frames, channels), after the postnet, of `decoder_inputs`; `decoder` is that of a variant."""
        text, style, durations = inputs
        r = self._manifest.acoustic.frames_per_step
        frame_counts = np.floor(durations + 0.5).astype(np.int64)
        frame_counts[-1] += max(0, r - frame_counts.sum())  # at least one decoder step
        band = int(durations.max() / r + 0.5)
        memory = decoder_memory(text, style, frame_counts, r)
        padding = np.zeros((band, memory.shape[1]), np.float32)
        ahead = self._graphs["decoder_memory"].run({"memory": np.concatenate([memory, padding])[None]})["window"]
        decoder = decoder or self._graphs["mel_decoder"]
        state, frames = decoder.initial_state(window=band), []
        for step, row in enumerate(memory):
            window = np.arange(band + 1)
            mask = np.full((1, 1, 2, 2 * (band + 1)), MASKED_SCORE)
            mask[0, 0, 1, : band + 1][window < len(memory) - step] = 0
            mask[0, 0, 0, band + 1 :][window >= band - step] = 0
            run = {"memory": row[None, None], "ahead": ahead[:, :, :, step : step + band + 1], "mask": mask}
            outputs = decoder.run(run | state)
            state = {name: outputs[f"next_{name}"] for name in state}
            frames.append(outputs["frames"][0, 0])
        decoded = np.concatenate(frames)[None, : frame_counts.sum()]
        postnet = self._graphs["postnet"]
        run = {"frames": decoded, "final": np.ones(1, np.int64), **postnet.initial_state()}
        return postnet.run(run, "mel")["mel"]

    def _hertz(self, f0: Array) -> Array:
        scale = self._manifest.acoustic.f0
        assert scale is not None  # `find_voices` requires it for voices with a harmonic source
        if isinstance(scale, Range):
            factor, offset = scale.maximum - scale.minimum, scale.minimum
        else:
            factor, offset = scale.deviation, scale.mean
        hertz: Array = np.maximum(f0.astype(np.float64) * factor + offset, MIN_F0)
        return hertz


def decoder_memory(text: Array, style: Array, frame_counts: Array, r: int) -> Array:
    """(steps, size): the text of r frames plus their position codes, and the style of the first frame (KAN-TTS)."""
    units = np.repeat(np.arange(len(text)), frame_counts)
    positions = np.concatenate([np.arange(1, count + 1) for count in frame_counts])
    padding = -len(units) % r
    size = text.shape[1]
    positions = np.pad(positions, (0, padding))
    angles = positions[:, None] / 10000.0 ** (2 * (np.arange(size) // 2) / size)
    code = np.where(np.arange(size) % 2 == 0, np.sin(angles), np.cos(angles)).astype(np.float32)
    folded = (np.pad(text[units], ((0, padding), (0, 0))) + code).reshape(-1, r * size)
    return np.concatenate([folded, style[units][::r]], axis=1)
