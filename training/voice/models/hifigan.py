"""The HiFi-GAN generator with a harmonic source (NSF), with KAN-TTS's architecture and tensor names; for training.

Shapes: b batch, t frames, n samples, d channels. Source: kantts/models/hifigan, MIT.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from torch.nn.utils import weight_norm

Config = dict[str, Any]
SINE_AMPLITUDE, NOISE_DEVIATION = 0.1, 0.003
"""Of the source in voiced frames; the noise of unvoiced frames has a third of the amplitude as its deviation."""
LEAKY_SLOPE, FINAL_LEAKY_SLOPE = 0.1, 0.01
WIDEST_FLOAT32 = 32
"""Channels before a stage up to which it stays in float32 in mixed precision: narrow stages gain little time there, and
the audio of a trained voice has an SNR of 43 dB with float32 alone, with them in bfloat16 of 40."""


class Conv(nn.Module):
    """Convolution with weight normalization."""

    def __init__(self, d_in: int, d_out: int, kernel: int, *, stride: int = 1, padding: int = 0, dilation: int = 1):
        super().__init__()
        self.conv1d = weight_norm(nn.Conv1d(d_in, d_out, kernel, stride, padding, dilation))

    def forward(self, x: Tensor) -> Tensor:
        """(b, d_in, n) -> (b, d_out, n / stride)."""
        return self.conv1d(x)


class TransposedConv(nn.Module):
    """Transposed convolution with weight normalization."""

    def __init__(self, d_in: int, d_out: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.deconv = weight_norm(nn.ConvTranspose1d(d_in, d_out, kernel, stride, (kernel - stride) // 2))

    def forward(self, x: Tensor) -> Tensor:
        """(b, d_in, n) -> (b, d_out, n x stride)."""
        return self.deconv(x)


class ResidualBlock(nn.Module):
    """Pairs of convolutions, the first dilated, with residual connections."""

    def __init__(self, d: int, kernel: int, dilations: list[int]) -> None:
        super().__init__()
        self.convs1 = nn.ModuleList(
            Conv(d, d, kernel, padding=(kernel - 1) * dilation // 2, dilation=dilation) for dilation in dilations
        )
        self.convs2 = nn.ModuleList(Conv(d, d, kernel, padding=(kernel - 1) // 2) for _ in dilations)

    def forward(self, x: Tensor) -> Tensor:
        """(b, d, n) -> (b, d, n)."""
        for first, second in zip(self.convs1, self.convs2, strict=True):
            x = x + second(F.leaky_relu(first(F.leaky_relu(x, LEAKY_SLOPE)), LEAKY_SLOPE))
        return x


class HarmonicSource(nn.Module):
    """Excitation signal: harmonics of F0 in voiced frames, noise in unvoiced ones, mixed into one channel."""

    def __init__(self, overtones: int, hop: int, sample_rate: int) -> None:
        super().__init__()
        self.hop, self.sample_rate = hop, sample_rate
        self.register_buffer("multiples", torch.arange(1, overtones + 2, dtype=torch.float64), persistent=False)
        self.ffn = nn.Sequential(weight_norm(nn.Conv1d(overtones + 1, 1, 1)), nn.Tanh())

    @torch.no_grad()
    def harmonics(self, f0: Tensor, voicing: Tensor, random: bool) -> Tensor:
        """(b, t) each -> (b, harmonics, n); see `Generator.forward`."""
        cycles = torch.cumsum(f0.double().repeat_interleave(self.hop, 1) / self.sample_rate, 1)
        angles = (2 * torch.pi * ((cycles[:, None] * self.multiples[:, None]) % 1)).float()
        voiced = voicing.repeat_interleave(self.hop, 1)[:, None]
        if not random:
            return SINE_AMPLITUDE * angles.sin() * voiced
        offsets = (torch.rand(*angles.shape[:2], 1, device=angles.device) * 2 - 1) * torch.pi
        offsets[:, 0] = 0
        noise = torch.randn_like(angles)
        voiced_source = SINE_AMPLITUDE * (angles + offsets).sin() + NOISE_DEVIATION * noise
        return voiced_source * voiced + SINE_AMPLITUDE / 3 * noise * (1 - voiced)

    def forward(self, f0: Tensor, voicing: Tensor, random: bool) -> Tensor:
        """(b, t) each -> (b, 1, n); see `Generator.forward`."""
        return self.ffn(self.harmonics(f0, voicing, random))


class Generator(nn.Module):
    """The generator. `config` holds KAN-TTS's `params`; raises `ValueError` for a causal generator."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        if config["causal"]:
            raise ValueError("this recipe trains non-causal generators only; set causal: false in the configuration")
        width, kernel, scales = config["channels"], config["kernel_size"], config["upsample_scales"]
        kernels, blocks = config["upsample_kernal_sizes"], config["resblock_kernel_sizes"]
        self.branches = len(blocks)
        self.wide_stages = sum(width >> stage > WIDEST_FLOAT32 for stage in range(len(scales)))
        self.conv_pre = Conv(config["in_channels"], width, kernel, padding=kernel // 2)
        self.transpose_upsamples, self.repeat_upsamples = nn.ModuleList(), nn.ModuleList()
        self.conv_blocks = nn.ModuleList()
        for scale, size in zip(scales, kernels, strict=True):
            self.transpose_upsamples.append(
                nn.Sequential(nn.LeakyReLU(LEAKY_SLOPE), TransposedConv(width, width // 2, size, scale))
            )
            self.repeat_upsamples.append(
                nn.Sequential(
                    nn.Upsample(scale_factor=scale),
                    nn.LeakyReLU(LEAKY_SLOPE),
                    Conv(width, width // 2, kernel, padding=kernel // 2),
                )
            )
            width //= 2
            for block, dilations in zip(blocks, config["resblock_dilations"], strict=True):
                self.conv_blocks.append(ResidualBlock(width, block, dilations))
        self.conv_post = Conv(width, config["out_channels"], kernel, padding=kernel // 2)
        self.source_module: HarmonicSource | None = None
        if source := config.get("nsf_params"):
            hop = math.prod(scales)
            self.source_module = HarmonicSource(source["nb_harmonics"], hop, source["sampling_rate"])
            self.source_downs = nn.ModuleList()
            width, left = config["channels"], hop
            for scale in scales:
                width, left = width // 2, left // scale
                stride = {"stride": left, "padding": left // 2} if left > 1 else {}
                self.source_downs.append(Conv(1, width, left * 2 if left > 1 else 1, **stride))

    def forward(self, mel: Tensor, f0: Tensor, voicing: Tensor, *, random: bool = True) -> Tensor:
        """(b, 80, t), F0 in Hz (b, t), voicing 0 or 1 (b, t) -> (b, n), in float32 in mixed precision, too.

        Without `random` the source has neither noise nor random phases.
        """
        with torch.autocast(mel.device.type, enabled=False):
            source = None if self.source_module is None else self.source_module(f0, voicing, random)
        x = self.conv_pre(mel)
        for stage in range(self.wide_stages):
            x = self._stage(stage, x, source)
        with torch.autocast(mel.device.type, enabled=False):
            x = x.float()
            for stage in range(self.wide_stages, len(self.repeat_upsamples)):
                x = self._stage(stage, x, source)
            return self.conv_post(F.leaky_relu(x, FINAL_LEAKY_SLOPE)).tanh()[:, 0]

    def _stage(self, stage: int, x: Tensor, source: Tensor | None) -> Tensor:
        """(b, d, n) -> (b, d / 2, n x the scale of the stage); `source` as `source_module` returns it."""
        x = x + x.sin()
        repeated = self.repeat_upsamples[stage](x)
        x = repeated + self.transpose_upsamples[stage](x)[..., : repeated.shape[-1]]
        if source is not None:
            x = x + self.source_downs[stage](source)
        blocks = self.conv_blocks[stage * self.branches : (stage + 1) * self.branches]
        return sum(block(x) for block in blocks) / self.branches


def initialize_weights(model: Generator) -> None:
    """Initializes the weights so that the excitation dominates.

    With the usual initialization (deviation 0.01) the excitation is too weak: the generator ignores it and learns a
    buzz at the frame rate, while its losses look normal. So the source starts strong, and the upsampling of mels weak.
    """
    for module in model.modules():
        if isinstance(module, nn.Conv1d):
            nn.init.kaiming_normal_(module.weight_v, a=LEAKY_SLOPE)
            module.weight_g.data = module.weight_v.data.flatten(1).norm(dim=1).view_as(module.weight_g)
            nn.init.zeros_(module.bias)
        elif isinstance(module, nn.ConvTranspose1d):
            module.weight_g.data *= 0.1
    if model.source_module is not None:
        _set_weight(model.source_module.ffn[0], torch.full_like(model.source_module.ffn[0].weight_v, 1.5))
        for down in model.source_downs:
            kernel = down.conv1d.weight_v.shape[-1]
            _set_weight(down.conv1d, torch.randn_like(down.conv1d.weight_v) * 0.5 / kernel**0.5)


def _set_weight(layer: nn.Module, weight: Tensor) -> None:
    layer.weight_v.data = weight
    layer.weight_g.data = weight.flatten(1).norm(dim=1).view_as(layer.weight_g)
