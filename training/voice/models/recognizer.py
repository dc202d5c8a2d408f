"""The speech recognizer that evaluates voices: a convolutional CTC network for phones, with a style classifier."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from training.voice.analysis.features import MEL_CHANNELS
from training.voice.corpus.speakers import EMOTIONS, HUMAN_SPEAKER, STYLES, WORD_EMOTION
from training.voice.models.vocabulary import PHONES

SILENT_PHONES = ("ga", "ge", "go", "pau", "#1", "#2", "#3", "#4")
"""Phones without a token: glottal onsets, pause, breaks."""
TONES = "12345"
TOKENS = [
    "", *(phone for phone in PHONES if phone not in SILENT_PHONES and not phone.endswith("_c")),
    *(phone for phone in PHONES if phone.endswith("_c")),
    *(f"{phone}{tone}" for phone in PHONES if phone.endswith("_c") for tone in TONES),
]  # fmt: skip
"""The CTC blank, English phones, Mandarin phones, Mandarin phones with tones (finals); some never occur."""
TOKEN_ROWS = {token: row for row, token in enumerate(TOKENS)}
STYLE_NAMES = [*STYLES, *(f"{HUMAN_SPEAKER}-{emotion}" for emotion in (*EMOTIONS, WORD_EMOTION))]
STRIDE = 2
DILATIONS = (1, 2, 4, 1, 2, 4)
DROPOUT = 0.1
STATISTICS = ("mel_mean", "mel_deviation")
"""Buffers of the recognizer."""


def unit_tokens(units: Sequence[Sequence[str]]) -> list[str]:
    """Returns the token sequence of units (phone, tone, syllable flag, word flag); finals include their tone."""
    tokens = []
    for phone, tone, flag, _ in units:
        if phone in SILENT_PHONES:
            continue
        tokens.append(f"{phone}{tone[-1]}" if phone.endswith("_c") and flag == "s_end" else phone)
    return tokens


class Recognizer(nn.Module):
    """Dilated convolutions over mels with three output heads: CTC, frame classification, style classification."""

    mel_mean: Tensor
    mel_deviation: Tensor
    """(80,) each: of the corpus that it was trained on."""

    def __init__(self, channels: int = 256) -> None:
        super().__init__()
        self.register_buffer("mel_mean", torch.zeros(MEL_CHANNELS))
        self.register_buffer("mel_deviation", torch.ones(MEL_CHANNELS))
        self.subsampling = nn.Conv1d(MEL_CHANNELS, channels, 5, STRIDE, 2)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.Conv1d(channels, channels, 5, padding=2 * dilation, dilation=dilation),
                nn.BatchNorm1d(channels),
                nn.ReLU(),
                nn.Dropout(DROPOUT),
            )
            for dilation in DILATIONS
        )
        self.ctc_head = nn.Linear(channels, len(TOKENS))
        self.frame_head = nn.Linear(channels, len(TOKENS))
        self.style_head = nn.Linear(2 * channels, len(STYLE_NAMES))

    def normalize(self, mel: Tensor) -> Tensor:
        """(..., 80) -> (..., 80): the input of the other methods."""
        return (mel - self.mel_mean) / self.mel_deviation

    def forward(self, mel: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Returns CTC log probabilities (b, t / 2, tokens), frame logits (b, t / 2, tokens), style logits (b, styles).

        `mel` (b, t, 80) is normalized, `lengths` (b,) are frames. The frame head serves training only: the alignment is
        known exactly, and frame classification shortens an hour of CTC training to minutes.
        """
        features, mask = self.hidden(mel, lengths)
        x = features[-1]
        x = x.mT * mask[..., None]
        mean, square = (part.sum(1) / mask.sum(1, keepdim=True) for part in (x, x**2))
        deviation = (square - mean**2).clamp(min=1e-6).sqrt()
        pooled = torch.cat([mean, deviation], -1)
        return self.ctc_head(x).log_softmax(-1), self.frame_head(x), self.style_head(pooled)

    def hidden(self, mel: Tensor, lengths: Tensor) -> tuple[list[Tensor], Tensor]:
        """Returns the output of each block (b, channels, t / 2), and which steps count (b, t / 2); see `forward`."""
        frames = torch.arange(mel.shape[1], device=mel.device)[None] < lengths[:, None]
        mask = frames[:, ::STRIDE]
        x = F.relu(self.subsampling((mel * frames[..., None]).mT))
        features = []
        for block in self.blocks:
            x = x + block(x * mask[:, None])
            features.append(x)
        return features, mask


def output_lengths(lengths: Tensor) -> Tensor:
    """Returns the lengths of the outputs for mels of `lengths` frames."""
    return (lengths + STRIDE - 1) // STRIDE
