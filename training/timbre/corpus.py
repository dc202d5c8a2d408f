"""Generates the corpus of many speakers: `python -m training.timbre.corpus FOLDER`.

The files are those of training.voice.corpus. What a speaker says depends on the numbers of speaker and sentence alone,
so an interrupted corpus is continued, and more sentences can be added.
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from pathlib import Path

from training.timbre.variants import style_of, training_variants
from training.voice.corpus.espeak import Espeak
from training.voice.corpus.generation import record_as_labeled, write_recording, write_statistics
from training.voice.corpus.script import random_sentence
from training.voice.corpus.utterance_file import utterance_files, utterance_path

EMOTION_ORDER = (
    *("neutral", "happy", "neutral", "sad", "neutral", "angry", "neutral", "neutral", "neutral", "happy"),
    *("neutral", "sad", "neutral", "angry", "neutral", "neutral", "happy", "sad", "angry", "neutral"),
)
"""The first sentence of every speaker is neutral, the others follow this order, which each speaker begins elsewhere."""
HELD_OUT_EVERY = 40
"""One of so many speakers is held out from training."""


def main() -> None:
    """Runs the command."""
    parser = argparse.ArgumentParser(prog="python -m training.timbre.corpus", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--speakers", type=int, default=1600, help="default: %(default)s")
    parser.add_argument("--sentences", type=int, default=2, help="of each speaker; default: %(default)s")
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    folder, speakers = arguments.folder, arguments.speakers
    (folder / "utterances").mkdir(parents=True, exist_ok=True)
    numbers = [divmod(number, speakers)[::-1] for number in range(speakers * arguments.sentences)]
    missing = [pair for pair in numbers if not utterance_path(folder, _name(*pair)).exists()]
    with ProcessPoolExecutor(arguments.processes) as pool:
        generate = partial(_generate_utterance, folder, speakers)
        for done, _ in enumerate(pool.map(generate, missing, chunksize=8), 1):
            if done % 200 == 0 or done == len(missing):
                print(f"{done} of {len(missing)} utterances", flush=True)
    write_statistics(folder, utterance_files(folder))


def _generate_utterance(folder: Path, speakers: int, pair: tuple[int, int]) -> None:
    speaker, index = pair
    emotion = EMOTION_ORDER[(7 * speaker + index) % len(EMOTION_ORDER)] if index else "neutral"
    style = style_of(training_variants(speakers)[speaker], emotion)
    held_out = speaker % HELD_OUT_EVERY == HELD_OUT_EVERY - 1
    number = index * speakers + speaker
    espeak = _espeak()
    espeak.define(style.name, style.variant_file())
    sentence = random_sentence(_name(speaker, index), style, held_out, number)
    sentence, recording = record_as_labeled(sentence, espeak, number)
    write_recording(utterance_path(folder, sentence.name), sentence, recording)


@cache
def _espeak() -> Espeak:
    """Returns the synthesizer of this worker process."""
    return Espeak({})


def _name(speaker: int, index: int) -> str:
    return f"v{speaker:03}-{index:02}"


if __name__ == "__main__":
    main()
