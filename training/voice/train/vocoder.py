"""Trains the vocoder: `python -m training.voice.train.vocoder CORPUS FOLDER`; resumes an interrupted run.

It is trained on spectra first. From --adversarial-from on, discriminators are trained against it. It learns mostly from
what was recorded. Pseudo-sentences of a human speaker are synthesized, so less than a third of the segments are theirs;
without any, they lose intelligibility.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from training.voice.analysis.f0 import f0_contour
from training.voice.analysis.features import HOP_LENGTH, mel_of_audio
from training.voice.models.config import HIFIGAN_CONFIG
from training.voice.models.discriminators import Discriminators, discriminator_loss, generator_losses
from training.voice.models.hifigan import Generator, initialize_weights
from training.voice.train.dataset import Statistics, Utterance, load_utterances, one_per_style
from training.voice.train.phonetic_loss import PhoneticLoss, add_phonetic_loss
from training.voice.train.predicted_mels import predicted_file
from training.voice.train.pretrained import initialize_vocoder
from training.voice.train.spectral_loss import differentiable_mels, spectral_loss
from training.voice.train.training_loop import (
    Metrics,
    argument_parser,
    frozen,
    minimize,
    mixed_precision,
    parse_arguments,
    run_training,
)

SEGMENT_FRAMES = 40
MARGIN_FRAMES = 4
"""Frames at either end of a segment that the loss leaves out: the generator lacks their context. At the start or end of
an utterance it has none in the server either, so there the loss leaves out twice as many at the other end."""
EDGE_PROBABILITY = 0.1
"""Of a segment at the start of its utterance, and of one at the end."""
PEAK_LEARNING_RATE, FINAL_LEARNING_RATE = 6e-4, 5e-5
CONTINUED_LEARNING_RATE = 3e-4
"""The peak of a training that starts from another voice."""
DISCRIMINATOR_LEARNING_RATE = 2e-4
ADVERSARIAL_RATE_FACTOR = 0.5
"""On the generator's learning rate, in the adversarial stage."""
LONE_DISCRIMINATOR_STEPS = 300
"""At the start of the adversarial stage. Untrained discriminators would let the spectral loss undo what others taught a
generator that starts from another voice: consonants become less intelligible."""
ADVERSARIAL_WEIGHT, FEATURE_WEIGHT, PHONETIC_WEIGHT = 0.15, 0.3, 1.0
SHARES = {"espeak": 0.3, "word": 0.4, "sentence": 0.3}
"""Of the segments, by kind of utterance."""
PREDICTED_PROBABILITY = 0.5
"""Of a predicted mel instead of the recorded one, where there is one."""
VALIDATION_WORDS = 30


def main() -> None:
    """Trains the generator."""
    parser = argument_parser("vocoder", __doc__, steps=20000, batch=4, seed=2, can_start_from=True)
    parser.add_argument("--adversarial-from", type=int, help="first step with discriminators; default: none")
    parser.add_argument("--predicted-mels", type=Path, help="folder that training.voice.train.predicted_mels wrote")
    add_phonetic_loss(parser)
    arguments = parse_arguments(parser)
    adversarial_from = arguments.steps if arguments.adversarial_from is None else arguments.adversarial_from
    statistics = Statistics.read(arguments.corpus)
    utterances = [one for one in load_utterances(arguments.corpus, held_out=False) if one.kind in SHARES]
    phonetic = PhoneticLoss(arguments.phonetic_loss, arguments.device) if arguments.phonetic_loss else None
    held_out = _validation_utterances(load_utterances(arguments.corpus, held_out=True))
    predicted = _load_predicted(arguments.predicted_mels, utterances) if arguments.predicted_mels else {}
    torch.manual_seed(arguments.seed)
    model, discriminators = Generator(HIFIGAN_CONFIG), Discriminators()
    if arguments.start_from:
        initialize_vocoder(model, arguments.start_from)
    else:
        initialize_weights(model)
    model.to(arguments.device)
    discriminators.to(arguments.device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=PEAK_LEARNING_RATE, betas=(0.8, 0.99), weight_decay=0)
    opponent = torch.optim.AdamW(discriminators.parameters(), lr=DISCRIMINATOR_LEARNING_RATE, betas=(0.8, 0.99))

    def step(number: int, segments: list[tuple[int, int]]) -> Metrics:
        choose = np.random.default_rng([arguments.seed, number]).random
        chosen = [
            segment(utterances[index], first, statistics, predicted if choose() < PREDICTED_PROBABILITY else {})
            for index, first in segments
        ]
        stacked = map(torch.stack, zip(*chosen, strict=True))
        mel, f0, voicing, reference = (part.to(arguments.device) for part in stacked)
        counted = [counted_part(first, len(utterances[index].mel)) for index, first in segments]
        with mixed_precision(arguments):
            generated = model(mel, f0, voicing)
        generated, reference = (
            torch.stack([row[part] for row, part in zip(audio, counted, strict=True)])
            for audio in (generated, reference)
        )
        loss = spectra = spectral_loss(generated, reference)
        rate = learning_rate(number, arguments.steps, peak)
        metrics = {"spectra": spectra.item()}
        if number >= adversarial_from:
            with mixed_precision(arguments):
                judged = discriminator_loss(discriminators(reference), discriminators(generated.detach()))
            minimize(judged, discriminators, opponent, DISCRIMINATOR_LEARNING_RATE, max_norm=5.0)
            if number < adversarial_from + LONE_DISCRIMINATOR_STEPS:
                return metrics | {"judged": judged.item()}
            with mixed_precision(arguments), frozen(discriminators):
                adversarial, features = generator_losses(discriminators(reference), discriminators(generated))
            loss = spectra + ADVERSARIAL_WEIGHT * adversarial + FEATURE_WEIGHT * features
            rate *= ADVERSARIAL_RATE_FACTOR
            metrics |= {"judged": judged.item(), "adversarial": adversarial.item(), "features": features.item()}
        if phonetic:
            mels = [differentiable_mels(audio) for audio in (generated, reference)]
            with mixed_precision(arguments):
                heard = phonetic(*mels)
            loss = loss + PHONETIC_WEIGHT * heard
            metrics["phonetic"] = heard.item()
        minimize(loss, model, optimizer, rate, max_norm=5.0)
        return metrics

    def validate() -> Metrics:
        figures = {
            kind: validation_metrics(model, chosen, statistics, arguments.device) for kind, chosen in held_out.items()
        }
        return {f"{kind}_{name}": value for kind, each in figures.items() for name, value in each.items()}

    peak = CONTINUED_LEARNING_RATE if arguments.start_from else PEAK_LEARNING_RATE
    batches = random_segments(utterances, arguments.batch, arguments.seed)
    parts = {"model": model, "optimizer": optimizer, "discriminators": discriminators, "opponent": opponent}
    run_training(arguments, parts, batches, step, validate)


def learning_rate(number: int, steps: int, peak: float = PEAK_LEARNING_RATE) -> float:
    """Returns the learning rate of a step: linear decay."""
    return FINAL_LEARNING_RATE + (peak - FINAL_LEARNING_RATE) * (1 - number / steps)


def _validation_utterances(held_out: Sequence[Utterance]) -> dict[str, list[Utterance]]:
    """Returns one utterance of every style of espeak-ng, and some words, by kind."""
    words = [one for one in held_out if one.kind == "word"][:VALIDATION_WORDS]
    chosen = {"espeak": one_per_style([one for one in held_out if one.kind == "espeak"]), "word": words}
    return {kind: each for kind, each in chosen.items() if each}


def _load_predicted(folder: Path, utterances: Sequence[Utterance]) -> dict[str, NDArray[np.float16]]:
    """Reads the predicted mels that there are, by the utterance's name."""
    files = {one.name: predicted_file(folder, one) for one in utterances}
    return {name: np.load(file) for name, file in files.items() if file.exists()}


def random_segments(utterances: Sequence[Utterance], size: int, seed: int) -> Iterator[list[tuple[int, int]]]:
    """Yields batches of (utterance index, first frame), with `SHARES` of each kind.

    Segments are uniform over the frames of a kind, but for those at the edges of utterances.
    """
    lengths = np.array([len(one.mel) for one in utterances])
    kinds = np.array([one.kind for one in utterances])
    weights = np.zeros(len(utterances))
    for kind, share in SHARES.items():
        weights[kinds == kind] = share * lengths[kinds == kind] / max(1, lengths[kinds == kind].sum())
    rng = np.random.default_rng(seed)
    while True:
        chosen = rng.choice(len(utterances), size, p=weights / weights.sum())
        yield [(int(index), _first_frame(int(lengths[index]), rng)) for index in chosen]


def _first_frame(length: int, rng: np.random.Generator) -> int:
    latest, place = max(0, length - SEGMENT_FRAMES), rng.random()
    if place < 2 * EDGE_PROBABILITY:
        return 0 if place < EDGE_PROBABILITY else latest
    return int(rng.integers(max(1, latest)))


def counted_part(first: int, length: int) -> slice:
    """Returns the samples of a segment that the loss is computed from; always equally many.

    `first` is the segment's first frame, `length` the number of frames of its utterance.
    """
    at_start, at_end = first == 0, first + SEGMENT_FRAMES == length
    start = 0 if at_start else 2 * MARGIN_FRAMES if at_end else MARGIN_FRAMES
    return slice(start * HOP_LENGTH, (start + SEGMENT_FRAMES - 2 * MARGIN_FRAMES) * HOP_LENGTH)


def segment(
    utterance: Utterance, first: int, statistics: Statistics, predicted: Mapping[str, NDArray[np.float16]]
) -> list[Tensor]:
    """Returns mel (80, 40), F0 and voicing (40,), samples (8000,) from frame `first` on; padded with zeros.

    The mel is the predicted one, if there is one for the utterance.
    """
    last = first + SEGMENT_FRAMES
    mel, f0, voicing = vocoder_inputs(utterance, statistics, slice(first, last))
    if utterance.name in predicted:
        mel = torch.from_numpy(predicted[utterance.name][first:last].astype(np.float32)).T
    reference = torch.from_numpy(utterance.audio()[first * HOP_LENGTH : last * HOP_LENGTH])
    missing = SEGMENT_FRAMES - mel.shape[1]
    return [*(F.pad(part, (0, missing)) for part in (mel, f0, voicing)), F.pad(reference, (0, missing * HOP_LENGTH))]


def vocoder_inputs(
    utterance: Utterance, statistics: Statistics, frames: slice = slice(None)
) -> tuple[Tensor, Tensor, Tensor]:
    """Returns mel (80, frames), F0 in Hz and voicing, both (frames,), of a recording."""
    mel = torch.from_numpy(statistics.normalize_mel(utterance.mel[frames])).T
    return mel, torch.from_numpy(utterance.f0[frames]), torch.from_numpy(utterance.voiced[frames]).float()


@torch.no_grad()
def copy_synthesis(model: Generator, utterance: Utterance, statistics: Statistics, device: str) -> NDArray[np.float32]:
    """Generates audio from the features of a recording."""
    torch.manual_seed(0)
    mel, f0, voicing = (part[None].to(device) for part in vocoder_inputs(utterance, statistics))
    return model(mel, f0, voicing)[0].cpu().numpy()


def validation_metrics(model: Generator, held_out: Sequence[Utterance], statistics: Statistics, device: str) -> Metrics:
    """Measures copy synthesis: mel distance in dB, F0 correlation, and the frames that it is computed over.

    A buzz at the frame rate lowers the F0 correlation and no other figure.
    """
    distances, f0_pairs = [], []
    for one in held_out:
        generated = copy_synthesis(model, one, statistics, device)
        distances.append(100 * np.abs(mel_of_audio(generated) - one.mel.astype(np.float32)).mean())
        contours = f0_contour(generated), f0_contour(one.audio())
        both = contours[0].voiced & contours[1].voiced
        f0_pairs.append([contour.f0[both] for contour in contours])
    f0, target = np.concatenate(f0_pairs, axis=1)
    correlation = float(np.corrcoef(f0, target)[0, 1]) if len(f0) > 2 else 0.0
    return {"mel_db": float(np.mean(distances)), "f0_correlation": correlation, "voiced_frames": len(f0)}


if __name__ == "__main__":
    main()
