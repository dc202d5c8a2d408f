"""Intelligibility of speech that is spoken like a recording: `python -m training.voice.evaluate.delivery ...`.

Prints the errors of the recipe's recognizer in sentences that the voice speaks plainly and like recordings by espeak-ng
speakers that it has never heard (those of `python -m bench delivery`), and how sure their difference is.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from bench.references.delivery import readings
from bench.references.timed_readings import TimedReader
from server.config import RuntimeSection, SynthesisSection
from server.runtime.runtime import Runtime
from server.synthesis.synthesizer import Synthesizer
from server.types import Floats
from server.voices.voice import Voice
from training.voice.analysis.features import mel_of_audio
from training.voice.evaluate.evaluation import padded
from training.voice.evaluate.recognition import recognize
from training.voice.evaluate.scoring import Score, score
from training.voice.train.recognizer_weights import RECOGNIZER_HELP, load_recognizer

SAMPLES = 10_000
"""Of the bootstrap."""


class Scores(NamedTuple):
    """Of one sentence."""

    plain: Score
    delivered: Score


def main() -> None:
    """Runs the command."""
    parser = argparse.ArgumentParser(prog="python -m training.voice.evaluate.delivery", description=__doc__)
    parser.add_argument("voice", type=Path, help="a converted voice, such as models/demo")
    parser.add_argument("recognizer", type=Path, help=RECOGNIZER_HELP)
    parser.add_argument("--readings", type=int, default=3, help="of each sentence; default: %(default)s")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads; default: %(default)s")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    recognizer = load_recognizer(arguments.recognizer)
    runtime = Runtime(RuntimeSection(providers=("cpu",), threads=1))
    synthesizer = Synthesizer(Voice(arguments.voice), runtime, SynthesisSection())
    synthesizer.warm_up()
    reader = TimedReader()

    def errors(units: Sequence[Sequence[str]], samples: Floats) -> Score:
        return score(units, recognize(recognizer, mel_of_audio(padded(samples))).sounds)

    for expressive in (False, True):
        found: list[Scores] = []
        refused = 0
        for repetition in range(arguments.readings):
            for reading in readings(synthesizer, reader, expressive=expressive, repetition=repetition):
                if reading.delivered is None:
                    refused += 1
                    continue
                units = [unit.strip("{}").split("$")[:4] for unit in reading.sentence.symbols.split()]
                found.append(Scores(*(errors(units, each.samples) for each in (reading.plain, reading.delivered))))
        print(f"{'expressive' if expressive else 'even'} recordings, {refused} refused:\n{_summary(found)}", flush=True)


def _summary(found: Sequence[Scores]) -> str:
    lines = []
    for name in Scores._fields:
        total = sum((getattr(each, name) for each in found), Score())
        rates = ", ".join(f"{kind} {value:.1f} %" for kind, value in total.error_rates().items())
        lines.append(f"  {name}: {rates} of {total.syllables:,} syllables")
    low, middle, high = difference(found)
    lines.append(f"  syllable errors, difference: {middle:+.1f} points (95 %: {low:+.1f} to {high:+.1f})")
    return "\n".join(lines)


def difference(found: Sequence[Scores]) -> tuple[float, float, float]:
    """Percentage points of the syllables: the limits of the 95 % interval, and between them the difference.

    By bootstrap over the sentences.
    """
    more = np.array([each.delivered.wrong_syllables - each.plain.wrong_syllables for each in found])
    syllables = np.array([each.plain.syllables for each in found])
    drawn = np.random.default_rng(0).integers(0, len(found), (SAMPLES, len(found)))
    low, high = np.percentile(100 * more[drawn].sum(axis=1) / syllables[drawn].sum(axis=1), (2.5, 97.5))
    return float(low), float(100 * more.sum() / syllables.sum()), float(high)


if __name__ == "__main__":
    main()
