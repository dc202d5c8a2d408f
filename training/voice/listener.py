"""A listener that judges the voice: a small network that writes down phones and names speaker and emotion.

`python -m training.voice.listener CORPUS FOLDER` trains it on the corpus's recordings; held-out ones it never hears.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from training.voice.course import Course, Figures, follow
from training.voice.dataset import Statistics, Utterance, load, order
from training.voice.speakers import STYLES
from training.voice.vocabulary import PHONES

SILENT = ("ga", "ge", "go", "pau", "#1", "#2", "#3", "#4")
TONES = "12345"
TOKENS = [
    "", *(phone for phone in PHONES if phone not in SILENT and not phone.endswith("_c")),
    *(phone for phone in PHONES if phone.endswith("_c")),
    *(f"{phone}{tone}" for phone in PHONES if phone.endswith("_c") for tone in TONES),
]  # fmt: skip
"""The blank, English phones, Mandarin initials, Mandarin finals with their tones; some never occur."""
_ROWS = {token: row for row, token in enumerate(TOKENS)}
STYLE_NAMES = list(STYLES)
STRIDE = 2
DILATIONS = (1, 2, 4, 1, 2, 4)
PEAK_RATE = 2e-3


@dataclass(frozen=True, slots=True)
class Heard:
    tokens: list[str]
    style: str
    """speaker-emotion"""


def tokens_of(units: Sequence[Sequence[str]]) -> list[str]:
    """(phone, tone, flag, word flag) -> what a listener should write"""
    found = []
    for phone, tone, flag, _ in units:
        if phone in SILENT:
            continue
        found.append(f"{phone}{tone[-1]}" if phone.endswith("_c") and flag == "s_end" else phone)
    return found


class Listener(nn.Module):
    def __init__(self, size: int = 160) -> None:
        super().__init__()
        self.first = nn.Conv1d(80, size, 5, STRIDE, 2)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Conv1d(size, size, 5, padding=2 * wide, dilation=wide), nn.BatchNorm1d(size), nn.ReLU())
            for wide in DILATIONS
        )
        self.write = nn.Linear(size, len(TOKENS))
        self.place = nn.Linear(size, len(TOKENS))
        self.name = nn.Linear(2 * size, len(STYLE_NAMES))

    def forward(self, mel: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(b, t, 80) -> log probabilities (b, t / 2, tokens), scores of the token at each place, scores of the styles

        The second are only for training: where phones stand is known exactly, and a listener who is told learns in
        minutes what else takes an hour.
        """
        there = (torch.arange(mel.shape[1], device=mel.device)[None] < lengths[:, None])[:, ::STRIDE]
        x = F.relu(self.first(mel.mT))
        for block in self.blocks:
            x = x + block(x * there[:, None])
        x = x.mT * there[..., None]
        mean, square = (part.sum(1) / there.sum(1, keepdim=True) for part in (x, x**2))
        spread = (square - mean**2).clamp(min=1e-6).sqrt()
        return self.write(x).log_softmax(-1), self.place(x), self.name(torch.cat([mean, spread], -1))


def _shorter(lengths: Tensor) -> Tensor:
    return (lengths + STRIDE - 1) // STRIDE


@torch.no_grad()
def listen(model: Listener, mel: NDArray[np.float32], statistics: Statistics) -> Heard:
    """`mel` (frames, 80), not normalised; the best path is read."""
    model.eval()
    x = torch.from_numpy(statistics.mel(mel))[None]
    written, _, named = model(x, torch.tensor([x.shape[1]]))
    path = torch.unique_consecutive(written[0].argmax(-1)).tolist()
    return Heard([TOKENS[row] for row in path if row], STYLE_NAMES[int(named.argmax())])


def restore(folder: Path) -> Listener:
    model = Listener()
    model.load_state_dict(torch.load(folder / "latest.pth", weights_only=True, map_location="cpu")["model"])
    return model.eval()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.voice.listener", description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=2500)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--save-every", type=int, default=250)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    train(arguments)


def train(arguments: argparse.Namespace) -> None:
    statistics = Statistics.read(arguments.corpus)
    spoken, held_out = load(arguments.corpus, held_out=False), load(arguments.corpus, held_out=True)[:66]
    torch.manual_seed(arguments.seed)
    model = Listener().to(arguments.device)
    optimiser = torch.optim.AdamW(model.parameters(), lr=PEAK_RATE, weight_decay=1e-2)

    def losses(chosen: Sequence[Utterance], dice: np.random.Generator | None) -> dict[str, Tensor]:
        mel, lengths, tokens, counts, places, styles = (
            part.to(arguments.device) for part in _collate(chosen, statistics, dice)
        )
        written, placed, named = model(mel, lengths)
        ctc = F.ctc_loss(written.transpose(0, 1), tokens, _shorter(lengths), counts, zero_infinity=True)
        right = (named.argmax(-1) == styles).float().mean()
        place = F.cross_entropy(placed.transpose(1, 2), places[:, ::STRIDE], ignore_index=-1)
        return {"ctc": ctc, "place": place, "style": F.cross_entropy(named, styles), "right": right}

    def step(number: int, chosen: list[int]) -> Figures:
        model.train()
        for group in optimiser.param_groups:
            group["lr"] = PEAK_RATE * min((number + 1) / 100, 1.0) * (1 - 0.95 * number / arguments.steps)
        dice = np.random.default_rng([arguments.seed, number])
        found = losses([spoken[index] for index in chosen], dice)
        optimiser.zero_grad(set_to_none=True)
        (found["ctc"] + found["place"] + 0.3 * found["style"]).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        return {name: value.item() for name, value in found.items()}

    @torch.no_grad()
    def validate(_: int) -> Figures:
        model.eval()
        return {name: value.item() for name, value in losses(held_out, None).items()} if held_out else {}

    course = Course(arguments.folder, arguments.steps, arguments.seed, arguments.save_every, report_every=50)
    batches: Iterator[list[int]] = order([len(one.mel) for one in spoken], arguments.batch, arguments.seed)
    follow(course, {"model": model, "optimiser": optimiser}, batches, step, validate)


def _collate(
    chosen: Sequence[Utterance], statistics: Statistics, dice: np.random.Generator | None
) -> tuple[Tensor, ...]:
    mels = [_disturbed(statistics.mel(one.mel), dice) if dice else statistics.mel(one.mel) for one in chosen]
    lengths = torch.tensor([len(mel) for mel in mels])
    padded = nn.utils.rnn.pad_sequence([torch.from_numpy(mel) for mel in mels], batch_first=True)
    tokens = [[_ROWS[token] for token in tokens_of(one.units.tolist())] for one in chosen]
    counts = torch.tensor([len(row) for row in tokens])
    placed = [
        np.repeat([_ROWS[(tokens_of([unit]) or [""])[0]] for unit in one.units.tolist()], one.frames) for one in chosen
    ]
    places = nn.utils.rnn.pad_sequence([torch.from_numpy(row) for row in placed], True, -1)
    styles = torch.tensor([STYLE_NAMES.index(f"{one.speaker}-{one.emotion}") for one in chosen])
    return padded, lengths, torch.tensor([row for line in tokens for row in line]), counts, places, styles


def _disturbed(mel: NDArray[np.float32], dice: np.random.Generator) -> NDArray[np.float32]:
    """Noise, blur and gaps, so that the small faults of a voice do not confuse a listener who never heard any."""
    if dice.random() < 0.5:
        axis = int(dice.integers(2))
        mel = mel + dice.uniform(0, 1) * (0.5 * (np.roll(mel, 1, axis) + np.roll(mel, -1, axis)) - mel)
    mel = mel + dice.normal(0, dice.uniform(0, 0.25), mel.shape)
    mel = mel + np.interp(np.arange(80), np.linspace(0, 79, 6), dice.normal(0, 0.1, 6))
    for _ in range(2):
        start, width = int(dice.integers(len(mel))), int(dice.integers(5))
        mel[start : start + width] = 0
        start, width = int(dice.integers(80)), int(dice.integers(8))
        mel[:, start : start + width] = 0
    return mel.astype(np.float32)


if __name__ == "__main__":
    main()
