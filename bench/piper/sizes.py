"""Sizes of Piper's networks."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PiperSizes:
    """Sizes of a VITS network, as Piper trains it.

    The values of `MEDIUM` are those of rhasspy/piper: the defaults of `src/python/piper_train/vits/config.py`
    (`ModelConfig`, `MelAudioConfig`, and its `low_quality` audio, which `--quality medium` trains), except where
    another file is named. Without the posterior encoder, which only training needs, they give 15.7 M parameters.
    """

    sampling_rate: int
    """Hz."""
    hop_length: int
    """Samples of a frame."""
    symbols: int
    """Rows of the embedding; `num_symbols` of published voices."""
    channels: int
    """Of the text encoder, the durations and the flow."""
    filter_channels: int
    heads: int
    layers: int
    kernel: int
    """Of the text encoder's convolutions and of the duration predictor's; the latter in `models.py`."""
    attention_window: int
    """Distance up to which positions have a relative embedding (`Encoder` in `attentions.py`)."""
    flows: int
    """Couplings of the flow, with `wavenet_layers` layers each, and of the duration predictor (`models.py`)."""
    wavenet_layers: int
    wavenet_kernel: int
    duration_layers: int
    """Of each stack of separable convolutions (`models.py`)."""
    spline_bins: int
    """Of the duration predictor's splines (`ConvFlow` in `modules.py`)."""
    generator_channels: int
    """After the generator's first convolution; each upsampling halves them."""
    upsample_rates: tuple[int, ...]
    upsample_kernels: tuple[int, ...]
    residual_kernels: tuple[int, ...]
    residual_dilations: tuple[tuple[int, ...], ...]


MEDIUM = PiperSizes(
    sampling_rate=22050,
    hop_length=256,
    symbols=256,
    channels=192,
    filter_channels=768,
    heads=2,
    layers=6,
    kernel=3,
    attention_window=4,
    flows=4,
    wavenet_layers=4,
    wavenet_kernel=5,
    duration_layers=3,
    spline_bins=10,
    generator_channels=256,
    upsample_rates=(8, 8, 4),
    upsample_kernels=(16, 16, 8),
    residual_kernels=(3, 5, 7),
    residual_dilations=((1, 2), (2, 6), (3, 12)),
)
