"""Trains the speech recognizer for evaluation: `python -m training.voice.train.recognizer CORPUS FOLDER`.

It is trained on the recordings of the corpus, and on the pseudo-sentences of a human speaker, but never on speech that
a voice generated; held-out recordings are for validation only. Recorded words are joined in chains, and everything is
read faster or slower, so that few recordings do for a recognizer of sentences.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F  # noqa: N812
from torch.nn.utils.rnn import pad_sequence

from training.voice.analysis.features import MEL_CHANNELS
from training.voice.models.recognizer import STRIDE, STYLE_NAMES, TOKEN_ROWS, Recognizer, output_lengths, unit_tokens
from training.voice.train.dataset import Statistics, Utterance, by_kind, load_utterances, mixed_batches
from training.voice.train.recognizer_weights import RECOGNIZER_HELP, load_recognizer
from training.voice.train.training_loop import (
    Metrics,
    argument_parser,
    minimize,
    mixed_precision,
    parse_arguments,
    run_training,
)

PEAK_LEARNING_RATE, WARMUP_STEPS = 2e-3, 100
CONTINUED_LEARNING_RATE = 6e-4
"""The peak of a training that starts from another recognizer."""
STYLE_WEIGHT = 0.3
SHARES = {"espeak": 6.0, "word": 40.0, "sentence": 7.0, "english": 3.0}
"""Of each kind of utterance in a batch."""
CHAIN_WORDS = 8
"""Recorded words that are joined to one utterance, as long as a sentence: padding them would cost as much."""
CHAIN_TEMPO, TEMPO = (0.9, 2.0), (0.8, 1.25)
"""Slowest and fastest, of chains (words were recorded at half the speed of sentences) and of everything else."""
CHANNEL_SHIFT = 1.5
"""Largest shift of the spectrum along the mel channels, either way: other vocal tracts."""
GAIN_DEVIATION, GAIN_FRAMES, GAIN_CHANNELS = 0.3, 3, 8
"""Largest deviation of random gains, in deviations of the corpus, which are independent at this distance in time and
frequency. Every vocoder changes spectra by as much, and people do not hear it as another phone."""
VALIDATION_UTTERANCES = 44
"""Of each kind."""


def main() -> None:
    """Trains the recognizer."""
    parser = argument_parser("recognizer", __doc__, steps=5000, batch=56, seed=3)
    parser.add_argument("--start-from", type=Path, help=f"recognizer to start from: {RECOGNIZER_HELP}")
    arguments = parse_arguments(parser)
    statistics = Statistics.read(arguments.corpus)
    utterances = load_utterances(arguments.corpus, held_out=False)
    held_out = by_kind(load_utterances(arguments.corpus, held_out=True), VALIDATION_UTTERANCES)
    torch.manual_seed(arguments.seed)
    model = load_recognizer(arguments.start_from) if arguments.start_from else Recognizer()
    model.mel_mean.copy_(torch.from_numpy(statistics.mel_mean))
    model.mel_deviation.copy_(torch.from_numpy(statistics.mel_deviation))
    model.to(arguments.device)
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
        minimize(loss, model, optimizer, peak * warmup * (1 - 0.95 * number / arguments.steps))
        return {name: value.item() for name, value in terms.items()}

    @torch.no_grad()
    def validate() -> Metrics:
        model.eval()
        return {
            f"{kind}_{name}": value.item()
            for kind, chosen in held_out.items()
            for name, value in losses(chosen, None).items()
        }

    peak = CONTINUED_LEARNING_RATE if arguments.start_from else PEAK_LEARNING_RATE
    batches = mixed_batches(utterances, arguments.batch, SHARES, arguments.seed)
    run_training(arguments, {"model": model, "optimizer": optimizer}, batches, step, validate)


@dataclass(frozen=True, slots=True)
class Example:
    """What the recognizer reads, and what it is to hear."""

    mel: NDArray[np.float32]
    """(frames, 80), normalized"""
    tokens: list[int]
    """CTC targets."""
    frame_tokens: NDArray[np.int64]
    """(frames,)"""
    style: int


def example(one: Utterance, statistics: Statistics) -> Example:
    """Returns an utterance as it was recorded."""
    units = one.units.tolist()
    rows = [[TOKEN_ROWS[token] for token in unit_tokens([unit])] for unit in units]
    frame_tokens = np.repeat([row[0] if row else TOKEN_ROWS[""] for row in rows], one.frames)
    tokens = [row for unit_rows in rows for row in unit_rows]
    return Example(statistics.normalize_mel(one.mel), tokens, frame_tokens, STYLE_NAMES.index(one.style))


def chains(words: Sequence[Example], rng: np.random.Generator) -> list[Example]:
    """Joins recorded words to utterances of up to `CHAIN_WORDS`, each word at a tempo of its own."""
    paced = [at_tempo(word, rng.uniform(*CHAIN_TEMPO)) for word in words]
    groups = [paced[start : start + CHAIN_WORDS] for start in range(0, len(paced), CHAIN_WORDS)]
    return [
        Example(
            np.concatenate([word.mel for word in group]),
            [token for word in group for token in word.tokens],
            np.concatenate([word.frame_tokens for word in group]),
            group[0].style,
        )
        for group in groups
    ]


def at_tempo(one: Example, tempo: float) -> Example:
    """Returns the example `tempo` times as fast: its mel interpolated over time, F0 and timbre unchanged."""
    positions = np.arange(0, len(one.mel) - 1, tempo)
    before = positions.astype(np.int64)
    weights = (positions - before)[:, None].astype(np.float32)
    mel = one.mel[before] * (1 - weights) + one.mel[before + 1] * weights
    return Example(mel, one.tokens, one.frame_tokens[before], one.style)


def _collate(
    chosen: Sequence[Utterance], statistics: Statistics, rng: np.random.Generator | None
) -> tuple[Tensor, ...]:
    """Returns mels, lengths, CTC targets, their lengths, tokens of the frames, styles; augments with `rng`."""
    examples = [example(one, statistics) for one in chosen]
    if rng:
        words = [each for each, one in zip(examples, chosen, strict=True) if one.kind == "word"]
        others = [each for each, one in zip(examples, chosen, strict=True) if one.kind != "word"]
        order = rng.permutation(len(words))
        examples = chains([words[row] for row in order], rng)
        examples += [at_tempo(other, rng.uniform(*TEMPO)) for other in others]
        examples = [replace(each, mel=_augmented(each.mel, rng)) for each in examples]
    lengths = torch.tensor([len(each.mel) for each in examples])
    padded = pad_sequence([torch.from_numpy(each.mel) for each in examples], batch_first=True)
    counts = torch.tensor([len(each.tokens) for each in examples])
    frame_tokens = pad_sequence(
        [torch.from_numpy(each.frame_tokens) for each in examples], batch_first=True, padding_value=-1
    )
    styles = torch.tensor([each.style for each in examples])
    tokens = torch.tensor([token for each in examples for token in each.tokens])
    return padded, lengths, tokens, counts, frame_tokens, styles


def _augmented(mel: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Shifts channels, adds blur, noise, gains and masks, so that the artifacts of generated speech cause no errors."""
    mel = _shifted(mel, rng.uniform(-CHANNEL_SHIFT, CHANNEL_SHIFT))
    if rng.random() < 0.5:
        axis = int(rng.integers(2))
        mel = mel + rng.uniform(0, 1) * (0.5 * (np.roll(mel, 1, axis) + np.roll(mel, -1, axis)) - mel)
    mel = mel + rng.normal(0, rng.uniform(0, 0.35), mel.shape)
    mel = mel + _random_gains(len(mel), rng) * rng.uniform(0, GAIN_DEVIATION)
    mel = mel + np.interp(np.arange(MEL_CHANNELS), np.linspace(0, MEL_CHANNELS - 1, 6), rng.normal(0, 0.1, 6))
    for _ in range(2):
        start, width = int(rng.integers(len(mel))), int(rng.integers(5))
        mel[start : start + width] = 0
        start, width = int(rng.integers(MEL_CHANNELS)), int(rng.integers(8))
        mel[:, start : start + width] = 0
    return mel.astype(np.float32)


def _random_gains(frames: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """(frames, 80): noise of deviation 1 on a coarse grid, interpolated linearly in time and frequency."""
    gains = rng.normal(0, 1, (frames // GAIN_FRAMES + 2, MEL_CHANNELS // GAIN_CHANNELS + 1))
    for axis, places in ((0, np.arange(frames) / GAIN_FRAMES), (1, np.arange(MEL_CHANNELS) / GAIN_CHANNELS)):
        before = places.astype(np.int64)
        share = (places - before).reshape([-1, 1] if axis == 0 else [1, -1])
        gains = gains.take(before, axis) * (1 - share) + gains.take(before + 1, axis) * share
    return gains


def _shifted(mel: NDArray[np.float32], channels: float) -> NDArray[np.float32]:
    """(frames, 80): the spectrum moved by a fraction of channels; at the ends the outermost channel is repeated."""
    sources = (np.arange(MEL_CHANNELS) - channels).clip(0, MEL_CHANNELS - 1)
    below = np.minimum(sources.astype(np.int64), MEL_CHANNELS - 2)
    weights = (sources - below).astype(np.float32)
    return mel[:, below] * (1 - weights) + mel[:, below + 1] * weights


if __name__ == "__main__":
    main()
