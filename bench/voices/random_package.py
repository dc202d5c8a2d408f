"""A source package with random weights and the dimensions of a released voice. Speed does not depend on the weights.

There is no list of weights here: the converter builds its graphs from `RandomWeights`, which draws each weight when the
converter reads it. The weights read are then written as the package, which is converted like any other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from bench.voices.checkpoint_file import write_checkpoint
from convert.checkpoint.weights import Weights
from convert.models.hifigan import DEFAULTS, hifigan
from convert.models.mel_decoder import decoder_memory, mel_decoder
from convert.models.postnet import postnet
from convert.models.text_encoder import TABLES, text_encoder
from convert.models.variance_adaptor import contour_embedding, contour_predictor, duration_predictor
from convert.output.inventory import SPECIALS, load_inventory
from convert.source.config_files import model_settings

Array = NDArray[np.float32]

SAMPLING_RATE, HOP_LENGTH = 16000, 200
"""Hz and samples."""
LANGUAGE, SPEAKER = "PinYin", "F7"
FRAMES_PER_UNIT = 7.3
"""Average of the released voices; determines the duration of the audio."""
_VOCODER_GAIN = 1.3
"""Factor on the vocoder's weights that keeps the signal level constant from layer to layer."""


@dataclass(frozen=True, slots=True)
class Dimensions:
    """Parameters of both networks, with the names of KAN-TTS's configuration files."""

    acoustic: Mapping[str, Any]
    vocoder: Mapping[str, Any]


STANDARD = Dimensions(
    acoustic={
        "max_len": 800,
        "embedding_dim": 512,
        "encoder_num_layers": 8,
        "encoder_num_heads": 8,
        "encoder_num_units": 128,
        "encoder_ffn_inner_dim": 1024,
        "encoder_projection_units": 32,
        "speaker_units": 32,
        "emotion_units": 32,
        "predictor_filter_size": 41,
        "predictor_fsmn_num_layers": 3,
        "predictor_num_memory_units": 128,
        "predictor_ffn_inner_dim": 256,
        "predictor_shift": 0,
        "predictor_lstm_units": 128,
        "dur_pred_prenet_units": [128, 128],
        "dur_pred_lstm_units": 128,
        "decoder_prenet_units": [256, 256],
        "decoder_num_layers": 12,
        "decoder_num_heads": 8,
        "decoder_num_units": 128,
        "decoder_ffn_inner_dim": 1024,
        "outputs_per_step": 3,
        "num_mels": 80,
        "postnet_filter_size": 41,
        "postnet_fsmn_num_layers": 4,
        "postnet_num_memory_units": 256,
        "postnet_ffn_inner_dim": 512,
        "postnet_shift": 17,
        "postnet_lstm_units": 128,
    },
    vocoder={
        "in_channels": 80,
        "channels": 256,
        "kernel_size": 7,
        "upsample_scales": [10, 5, 2, 2],
        "upsample_kernal_sizes": [20, 11, 4, 4],
        "resblock_kernel_sizes": [3, 7, 11],
        "resblock_dilations": [[1, 3, 5, 7]] * 3,
        "causal": False,
        "nonlinear_activation_params": {"negative_slope": 0.1},
    },
)
"""KAN-TTS's sambert_16k and hifigan_noncausal_v1_16k, the configuration of the released 16 kHz voices."""


class RandomWeights(Weights):
    """A checkpoint that contains every requested weight, drawn with a fixed seed."""

    def __init__(self, label: str, gain: float) -> None:
        self.arrays: dict[str, Array] = {}
        self._random = np.random.default_rng(0)
        self._gain = gain
        super().__init__(self.arrays, label)

    def take(self, name: str, *shape: int) -> Array:
        """Returns the weight `name`, drawn at the first call."""
        full = self._prefix + name
        if full not in self.arrays:
            self.arrays[full] = self._draw(full, shape)
        return super().take(name, *shape)

    def _draw(self, name: str, shape: tuple[int, ...]) -> Array:
        if name == "variance_adaptor.duration_predictor.fc.bias":
            return np.full(shape, np.log1p(FRAMES_PER_UNIT), np.float32)
        if len(shape) == 1:  # biases, and the scales of normalization layers
            return np.full(shape, name.endswith("weight"), np.float32)
        bound = self._gain / float(np.prod(shape[1:])) ** 0.5
        return self._random.uniform(-bound, bound, shape).astype(np.float32)


def write_package(folder: Path, name: str, dimensions: Dimensions = STANDARD) -> Path:
    """Writes a source package of one voice for `convert`; returns `folder`."""
    voice = folder / "voices" / name
    am_config = {
        "model_type": "sambert",
        "Model": {"KanTtsSAMBERT": {"params": dict(dimensions.acoustic)}},
        "linguistic_unit": {"speaker_list": SPEAKER, "language": LANGUAGE},
    }
    voc_config = {"model_type": "hifigan", "Model": {"Generator": {"params": dict(dimensions.vocoder)}}}
    audio_config = {"audio_config": {"sampling_rate": SAMPLING_RATE, "hop_length": HOP_LENGTH}}
    am_weights, voc_weights = voice / "am/ckpt/checkpoint_0.pth", voice / "voc/ckpt/checkpoint_0.pth"

    acoustic = RandomWeights("acoustic model", 1.0)
    config = model_settings(am_config, am_weights, "KanTtsSAMBERT")
    rows = _embedding_rows()
    text_encoder(config, acoustic, rows)
    contour_predictor(config, acoustic, rows)
    for build in (contour_embedding, duration_predictor, decoder_memory, mel_decoder, postnet):
        build(config, acoustic)
    vocoder = RandomWeights("vocoder", _VOCODER_GAIN)
    hifigan(model_settings(voc_config, voc_weights, "Generator", DEFAULTS), vocoder)

    write_checkpoint(am_weights, acoustic.arrays, "model")
    write_checkpoint(voc_weights, vocoder.arrays, "model", "generator")
    contents = {"am/config.yaml": am_config, "voc/config.yaml": voc_config, "audio_config.yaml": audio_config}
    for path, content in contents.items():
        (voice / path).write_text(yaml.safe_dump(content), encoding="utf-8")
    return folder


def _embedding_rows() -> dict[str, int]:
    """Returns the number of rows of each embedding table."""
    inventory = load_inventory(LANGUAGE)
    sizes = {kind: len(getattr(inventory, kind)) for kind in (*TABLES.values(), "emotions")} | {"speakers": 1}
    return {kind: size + len(SPECIALS) for kind, size in sizes.items()}
