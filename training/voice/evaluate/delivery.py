"""Intelligibility of speech that is spoken like a recording: `python -m training.voice.evaluate.delivery ...`.

Prints the errors of the recipe's recognizer in sentences that the voice speaks plainly and like recordings by espeak-ng
speakers that it has never heard (those of `python -m bench delivery`).
"""

import argparse
from collections import defaultdict
from pathlib import Path

import torch

from bench.references.delivery import readings
from bench.references.timed_readings import TimedReader
from server.config import RuntimeSection, SynthesisSection
from server.runtime.runtime import Runtime
from server.synthesis.synthesizer import Synthesizer
from server.voices.voice import Voice
from training.voice.analysis.features import mel_of_audio
from training.voice.evaluate.evaluation import padded
from training.voice.evaluate.recognition import load_recognizer, recognize
from training.voice.evaluate.scoring import Score, score
from training.voice.train.dataset import Statistics


def main() -> None:
    """Runs the command."""
    parser = argparse.ArgumentParser(prog="python -m training.voice.evaluate.delivery", description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("voice", type=Path, help="a converted voice, such as models/demo")
    parser.add_argument("recognizer", type=Path, help="folder that training.voice.train.recognizer wrote")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads; default: %(default)s")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    recognizer, statistics = load_recognizer(arguments.recognizer), Statistics.read(arguments.corpus)
    runtime = Runtime(RuntimeSection(providers=("cpu",), threads=1))
    synthesizer = Synthesizer(Voice(arguments.voice), runtime, SynthesisSection())
    synthesizer.warm_up()
    reader = TimedReader()
    for expressive in (False, True):
        scores: defaultdict[str, Score] = defaultdict(Score)
        for reading in readings(synthesizer, reader, expressive=expressive):
            units = [unit.strip("{}").split("$")[:4] for unit in reading.sentence.symbols.split()]
            for kind, speech in (("plain", reading.plain), ("like the recording", reading.delivered)):
                heard = recognize(recognizer, mel_of_audio(padded(speech.samples)), statistics)
                scores[kind] += score(units, heard.tokens)
        for kind, total in scores.items():
            rates = ", ".join(f"{name} {value:.1f} %" for name, value in total.error_rates().items())
            print(f"{'expressive' if expressive else 'even'} recordings, {kind}: {rates}")


if __name__ == "__main__":
    main()
