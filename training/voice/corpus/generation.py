"""Generates the corpus: speech, exact labels and features of every utterance, and statistics over all of them.

The words and the style of an utterance depend on its number alone, so an interrupted corpus is continued, and a larger
corpus begins with the smaller one. The audio also varies slightly with the utterances that the same process synthesized
before, because espeak-ng keeps internal state; with one process it is reproducible.
"""

import json
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from pathlib import Path

import numpy as np

from training.voice.analysis.f0 import training_f0
from training.voice.analysis.features import HOP_LENGTH, SAMPLE_RATE
from training.voice.corpus.espeak import Espeak
from training.voice.corpus.labels import PhonemeMismatchError
from training.voice.corpus.recording import Recording, record
from training.voice.corpus.script import Sentence, random_sentence
from training.voice.corpus.speakers import SPEAKERS, STYLES
from training.voice.corpus.utterance_file import LabeledSpeech, utterance_path, word_text, write_utterance

EMOTION_SHARES = {"neutral": 4, "happy": 3, "sad": 2, "angry": 2}
"""Utterances of each emotion among eleven."""
UTTERANCES_PER_ROUND = len(SPEAKERS) * sum(EMOTION_SHARES.values())
MAX_ATTEMPTS = 20


def generate_corpus(folder: Path, utterances: int, processes: int, held_out_every: int) -> None:
    """Generates the utterances that `folder` lacks, then the statistics of all.

    Every `held_out_every`th round of speakers and emotions is held out from training.
    """
    (folder / "utterances").mkdir(parents=True, exist_ok=True)
    missing = [number for number in range(utterances) if not _utterance_file(folder, number).exists()]
    with ProcessPoolExecutor(processes) as pool:
        generate = partial(_generate_utterance, folder, held_out_every)
        for done, _ in enumerate(pool.map(generate, missing, chunksize=8), 1):
            if done % 200 == 0 or done == len(missing):
                print(f"{done} of {len(missing)} utterances", flush=True)
    write_statistics(folder, (_utterance_file(folder, number) for number in range(utterances)))


@cache
def _espeak() -> Espeak:
    """Returns the synthesizer of this worker process."""
    return Espeak({name: style.variant_file() for name, style in STYLES.items()})


def _sentence(number: int, held_out_every: int) -> Sentence:
    """Speakers alternate; emotions follow by their shares."""
    emotions = [emotion for emotion, share in EMOTION_SHARES.items() for _ in range(share)]
    speakers = list(SPEAKERS)
    style = f"{speakers[number % len(speakers)]}-{emotions[number // len(speakers) % len(emotions)]}"
    held_out = number // UTTERANCES_PER_ROUND % held_out_every == held_out_every - 1
    return random_sentence(f"{number:05}", STYLES[style], held_out, number)


def record_as_labeled(sentence: Sentence, espeak: Espeak, number: int) -> tuple[Sentence, Recording]:
    """Speaks the sentence; one that espeak-ng does not speak as labeled is replaced by another one.

    `number` is that of the utterance, from which the other sentences follow.
    """
    for attempt in range(1, MAX_ATTEMPTS + 1):
        try:
            return sentence, record(sentence, espeak)
        except PhonemeMismatchError:
            seed = number + 1_000_000 * attempt
            sentence = random_sentence(sentence.name, sentence.style, sentence.held_out, seed)
    raise SystemExit(f"espeak-ng spoke none of {MAX_ATTEMPTS} sentences for utterance {number} as labeled")


def write_recording(path: Path, sentence: Sentence, recording: Recording) -> None:
    """Writes the utterance with its features."""
    min_f0, max_f0 = sentence.style.f0_range
    voiceless = np.repeat([unit.voiceless for unit in recording.units], recording.frames)
    f0, voiced = training_f0(recording.samples, voiceless, 0.7 * min_f0, 1.25 * max_f0)
    write_utterance(
        path,
        LabeledSpeech(recording.units, recording.frames, recording.samples, f0, voiced),
        speaker=sentence.style.speaker.name,
        emotion=sentence.style.emotion.name,
        text=" ".join(word_text(word.syllables, word.break_level) for word in sentence.words),
        held_out=sentence.held_out,
    )


def write_statistics(folder: Path, paths: Iterable[Path]) -> None:
    """Writes means and standard deviations over the utterances, with which the features are normalized."""
    files = [dict(np.load(path)) for path in paths]
    mels = np.concatenate([file["mel"] for file in files]).astype(np.float64)
    f0 = np.concatenate([file["f0"][file["voiced"]] for file in files])
    energies = np.concatenate([file["energy"] for file in files])
    statistics = {
        "mel_mean": mels.mean(0).tolist(),
        "mel_deviation": mels.std(0).tolist(),
        "f0": [float(f0.mean()), float(f0.std())],
        "energy": [float(energies.mean()), float(energies.std())],
        "highest_f0": float(np.percentile(f0, 99.99)),
        "hours": len(mels) * HOP_LENGTH / SAMPLE_RATE / 3600,
    }
    (folder / "statistics.json").write_text(json.dumps(statistics, indent=1))


def _generate_utterance(folder: Path, held_out_every: int, number: int) -> None:
    sentence, recording = record_as_labeled(_sentence(number, held_out_every), _espeak(), number)
    write_recording(_utterance_file(folder, number), sentence, recording)


def _utterance_file(folder: Path, number: int) -> Path:
    return utterance_path(folder, f"{number:05}")
