"""Trains the speech recognizer for evaluation: `python -m training.voice.train.recognizer CORPUS FOLDER`.

It is trained on the recordings of the corpus, and on the pseudo-sentences of a human speaker, but never on speech that
a voice generated; held-out recordings are for validation only.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F  # noqa: N812
from torch.nn.utils.rnn import pad_sequence

from training.voice.analysis.features import MEL_CHANNELS
from training.voice.models.recognizer import STRIDE, STYLE_NAMES, TOKEN_ROWS, Recognizer, output_lengths, unit_tokens
from training.voice.train.dataset import Statistics, Utterance, by_kind, load_utterances, mixed_batches
from training.voice.train.training_loop import (
    Metrics,
    argument_parser,
    minimize,
    mixed_precision,
    parse_arguments,
    run_training,
)

PEAK_LEARNING_RATE, WARMUP_STEPS = 2e-3, 100
STYLE_WEIGHT = 0.3
SHARES = {"espeak": 8.0, "word": 3.0, "sentence": 5.0}
"""Of each kind of utterance in a batch."""
VALIDATION_UTTERANCES = 44
"""Of each kind."""


def main() -> None:
    """Trains the recognizer."""
    arguments = parse_arguments(argument_parser("recognizer", __doc__, steps=2500, batch=16, seed=3))
    statistics = Statistics.read(arguments.corpus)
    utterances = load_utterances(arguments.corpus, held_out=False)
    held_out = by_kind(load_utterances(arguments.corpus, held_out=True), VALIDATION_UTTERANCES)
    torch.manual_seed(arguments.seed)
    model = Recognizer().to(arguments.device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=PEAK_LEARNING_RATE, weight_decay=1e-2)

    def losses(chosen: Sequence[Utterance], rng: np.random.Generator | None) -> dict[str, Tensor]:
        batch = (part.to(arguments.device) for part in _collate(chosen, statistics, rng))
        mel, lengths, tokens, counts, frame_tokens, styles = batch
        with mixed_precision(arguments):
            outputs = model(mel, lengths)
        log_probabilities, frame_logits, style_logits = (output.float() for output in outputs)
        ctc = F.ctc_loss(log_probabilities.transpose(0, 1), tokens, output_lengths(lengths), counts, zero_infinity=True)
        accuracy = (style_logits.argmax(-1) == styles).float().mean()
        frame = F.cross_entropy(frame_logits.transpose(1, 2), frame_tokens[:, ::STRIDE], ignore_index=-1)
        style = F.cross_entropy(style_logits, styles)
        return {"ctc": ctc, "frame": frame, "style": style, "style_accuracy": accuracy}

    def step(number: int, chosen: list[int]) -> Metrics:
        model.train()
        warmup = min((number + 1) / WARMUP_STEPS, 1.0)
        rng = np.random.default_rng([arguments.seed, number])
        terms = losses([utterances[index] for index in chosen], rng)
        loss = terms["ctc"] + terms["frame"] + STYLE_WEIGHT * terms["style"]
        minimize(loss, model, optimizer, PEAK_LEARNING_RATE * warmup * (1 - 0.95 * number / arguments.steps))
        return {name: value.item() for name, value in terms.items()}

    @torch.no_grad()
    def validate() -> Metrics:
        model.eval()
        return {
            f"{kind}_{name}": value.item()
            for kind, chosen in held_out.items()
            for name, value in losses(chosen, None).items()
        }

    batches = mixed_batches(utterances, arguments.batch, SHARES, arguments.seed)
    run_training(arguments, {"model": model, "optimizer": optimizer}, batches, step, validate)


def _collate(
    chosen: Sequence[Utterance], statistics: Statistics, rng: np.random.Generator | None
) -> tuple[Tensor, ...]:
    """Returns mels, lengths, CTC targets, their lengths, tokens of the frames, styles; augments with `rng`."""
    mels = [statistics.normalize_mel(one.mel) for one in chosen]
    if rng:
        mels = [_augmented(mel, rng) for mel in mels]
    lengths = torch.tensor([len(mel) for mel in mels])
    padded = pad_sequence([torch.from_numpy(mel) for mel in mels], batch_first=True)
    tokens = [[TOKEN_ROWS[token] for token in unit_tokens(one.units.tolist())] for one in chosen]
    counts = torch.tensor([len(rows) for rows in tokens])
    frame_rows = [
        np.repeat([TOKEN_ROWS[(unit_tokens([unit]) or [""])[0]] for unit in one.units.tolist()], one.frames)
        for one in chosen
    ]
    frame_tokens = pad_sequence([torch.from_numpy(rows) for rows in frame_rows], batch_first=True, padding_value=-1)
    styles = torch.tensor([STYLE_NAMES.index(one.style) for one in chosen])
    return padded, lengths, torch.tensor([row for rows in tokens for row in rows]), counts, frame_tokens, styles


def _augmented(mel: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Adds blur, noise, channel gains and masks, so that the artifacts of generated speech cause no errors."""
    if rng.random() < 0.5:
        axis = int(rng.integers(2))
        mel = mel + rng.uniform(0, 1) * (0.5 * (np.roll(mel, 1, axis) + np.roll(mel, -1, axis)) - mel)
    mel = mel + rng.normal(0, rng.uniform(0, 0.25), mel.shape)
    mel = mel + np.interp(np.arange(MEL_CHANNELS), np.linspace(0, MEL_CHANNELS - 1, 6), rng.normal(0, 0.1, 6))
    for _ in range(2):
        start, width = int(rng.integers(len(mel))), int(rng.integers(5))
        mel[start : start + width] = 0
        start, width = int(rng.integers(MEL_CHANNELS)), int(rng.integers(8))
        mel[:, start : start + width] = 0
    return mel.astype(np.float32)


if __name__ == "__main__":
    main()
