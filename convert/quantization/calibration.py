"""A converted voice says whole sentences, so that its vocoder can be tuned and judged on what it will really hear.

Runs the graphs of a voice folder one after the other, each over a whole sentence, in one thread, so that the same voice
gives the same numbers. What the graphs mean is told by `text_encoder`, `variance_adaptor`, `mel_decoder`, `postnet` and
`hifigan`, which build them.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from convert.errors import ConvertError
from convert.quantization.sentences import Lines

Array = NDArray[Any]
Arrays = dict[str, Array]

LONGEST_UNIT = 60
"""Frames; of a voice whose durations are out of hand the rest is of no use here."""
HIDDEN = np.float32(-1e9)
VOICED_FROM, LOWEST_F0 = 0.6, 30.0
"""As KAN-TTS `denorm_f0` has them; Hz."""


class Player:
    """One graph, run by onnxruntime on the CPU."""

    def __init__(self, model: Path | bytes) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.enable_mem_pattern = False
        source = model if isinstance(model, bytes) else str(model)
        self._session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
        facts = self._session.get_modelmeta().custom_metadata_map
        self._initial: dict[str, list[int | str]] = json.loads(facts["initial_state"])
        self.outputs = [output.name for output in self._session.get_outputs()]

    def start(self, **sizes: int) -> Arrays:
        """Zeros for every state; `sizes` fills in the axes that the graph leaves open."""
        sizes = {"batch": 1} | sizes
        return {
            name: np.zeros([sizes[axis] if isinstance(axis, str) else axis for axis in shape], np.float32)
            for name, shape in self._initial.items()
        }

    def run(self, inputs: Arrays, *names: str) -> Arrays:
        """The outputs of these names, without any all of them."""
        wanted = list(names) or self.outputs
        return dict(zip(wanted, self._session.run(wanted, inputs), strict=True))

    def step(self, inputs: Arrays, state: Arrays) -> tuple[Arrays, Arrays]:
        outputs = self.run(inputs | state)
        return outputs, {name: outputs[f"next_{name}"] for name in state}


class Rehearsal:
    """The acoustic model of the voice in `folder`, described by `manifest`."""

    def __init__(self, folder: Path, manifest: dict[str, Any]) -> None:
        self._manifest = manifest
        self._graphs = {name: Player(folder / f"{name}.onnx") for name in manifest["graphs"] if name != "vocoder"}
        file = manifest["acoustic"]["speaker_embedding"]
        self._embedding = np.load(folder / file) if file else None

    def vocoder_inputs(self, lines: Lines) -> Arrays:
        """All that the vocoder takes for one sentence as a whole; the source has no noise. States are left out."""
        mel = self._mel(*self._compose(lines))
        if not np.isfinite(mel).all():
            raise ConvertError("the acoustic model puts out numbers that are not finite; its checkpoint is damaged")
        final = {"final": np.ones(1, np.int64)}
        harmonics = self._manifest["vocoder"]["harmonics"]
        if not harmonics:
            return final | {"mel": mel[None]}
        *_, f0, voicing = mel.T
        hop = self._manifest["vocoder"]["samples_per_frame"]
        cycles = np.cumsum(np.repeat(self._hertz(f0), hop)) / self._manifest["sample_rate"] % 1
        return final | {
            "mel": np.ascontiguousarray(mel[None, :, :-2]),
            "phase": cycles[None].astype(np.float32),
            "voiced": np.repeat(voicing >= VOICED_FROM, hop)[None].astype(np.float32),
            "noise": np.zeros((1, len(cycles)), np.float32),
            "harmonic_phases": np.zeros((1, harmonics), np.float32),
        }

    def _compose(self, lines: Lines) -> tuple[Array, Array, Array]:
        """(units, size) coloured text, (units, size) style, (units,) durations in frames."""
        graphs = self._graphs
        text = graphs["text_encoder"].run({"units": lines.features}, "text")
        speaker = {"speaker": lines.speakers} if self._embedding is None else {"speaker_embedding": self._embedding}
        contours = graphs["contour_predictor"].run({**text, "emotion": lines.emotions, **speaker})
        style = contours.pop("style")
        coloured = graphs["contour_embedding"].run(text | contours)["coloured_text"]
        condition = np.concatenate([coloured, style], axis=2)
        logs = graphs["duration_predictor"].run({"condition": condition})["log_durations"][0]
        lengths = np.exp(np.minimum(logs, np.log(1 + LONGEST_UNIT))) - 1
        return coloured[0], style[0], lengths

    def _mel(self, text: Array, style: Array, lengths: Array) -> Array:
        """(frames, channels), after the postnet"""
        r = self._manifest["acoustic"]["frames_per_step"]
        durations = np.floor(lengths + 0.5).astype(np.int64)
        durations[-1] += max(0, r - durations.sum())  # a voice that says nothing gives one step of sound
        band = int(lengths.max() / r + 0.5)
        memory = memory_of(text, style, durations, r)
        past_end = np.zeros((band, memory.shape[1]), np.float32)
        known = self._graphs["decoder_memory"].run({"memory": np.concatenate([memory, past_end])[None]})
        decoder = self._graphs["mel_decoder"]
        state, frames, places = decoder.start(window=band), [], np.arange(band + 1)
        for step, row in enumerate(memory):
            exists = np.stack([places >= band - step, places < len(memory) - step])
            inputs = {
                "memory": row[None],
                "memory_keys": known["keys"][..., step : step + band + 1],
                "memory_values": known["values"][..., step : step + band + 1, :],
                "mask": np.where(exists, np.float32(0), HIDDEN)[None],
            }
            outputs, state = decoder.step(inputs, state)
            frames.append(outputs["frames"][0])
        decoded = np.concatenate(frames)[None, : durations.sum()]
        postnet = self._graphs["postnet"]
        return postnet.run({"frames": decoded, "final": np.ones(1, np.int64), **postnet.start()}, "mel")["mel"][0]

    def _hertz(self, f0: Array) -> Array:
        scale = self._manifest["acoustic"]["f0"]
        if scale["kind"] == "range":
            low, high = scale["minimum"], scale["maximum"]
            return np.maximum(f0.astype(np.float64) * (high - low) + low, LOWEST_F0)
        return np.maximum(f0.astype(np.float64) * scale["deviation"] + scale["mean"], LOWEST_F0)


def memory_of(text: Array, style: Array, durations: Array, r: int) -> Array:
    """(steps, size): the text of r frames with the code of their places, and the style of the first (KAN-TTS)."""
    units = np.repeat(np.arange(len(text)), durations)
    places = np.concatenate([np.arange(1, count + 1) for count in durations])
    padding = -len(units) % r
    size = text.shape[1]
    places = np.pad(places, (0, padding))
    angles = places[:, None] / 10000.0 ** (2 * (np.arange(size) // 2) / size)
    code = np.where(np.arange(size) % 2 == 0, np.sin(angles), np.cos(angles)).astype(np.float32)
    folded = (np.pad(text[units], ((0, padding), (0, 0))) + code).reshape(-1, r * size)
    return np.concatenate([folded, style[units][::r]], axis=1)
