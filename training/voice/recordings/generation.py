"""Adds the human speaker to a corpus: the recorded words, pseudo-sentences made of them, and converted English.

Words are cleaned, read and aligned in each run; utterances that exist are kept, so more sentences can be added later.
"""

import hashlib
import time
from collections.abc import Iterable, Iterator, Sequence, Set
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from training.voice.analysis.f0 import training_f0
from training.voice.analysis.features import HOP_LENGTH
from training.voice.corpus.labels import mandarin_units
from training.voice.corpus.recording import DITHER_AMPLITUDE
from training.voice.corpus.speakers import HUMAN_SPEAKER, WORD_EMOTION
from training.voice.corpus.utterance_file import LabeledSpeech, utterance_path, word_text, write_utterance
from training.voice.recordings.alignment import Aligner, WordFeatures, word_features
from training.voice.recordings.cleaning import CleanRecording, clean
from training.voice.recordings.english import add_english, english_words, fit_conversion, missing_english
from training.voice.recordings.pseudo_sentences.assembly import assemble
from training.voice.recordings.pseudo_sentences.intonation import Intonation, median_log_f0
from training.voice.recordings.pseudo_sentences.script import PseudoSentence, Script
from training.voice.recordings.pseudo_sentences.timing import DurationModel, frame_5_ms
from training.voice.recordings.readings import other_readings, read_word
from training.voice.recordings.source import recording_files
from training.voice.recordings.style import HUMAN_EMOTIONS
from training.voice.recordings.word import FRAME_SAMPLES, RecordedWord, phones_of
from training.voice.train.dataset import load_utterances

MIN_F0_HZ, MAX_F0_HZ = 60.0, 400.0
MIN_FINAL_FRAMES, MAX_PHONE_FRAMES = 8, 140
"""Of 5 ms. A word with a shorter final or a longer phone is not aligned correctly."""
READING_MARGIN = 40.0
"""Log likelihood by which another reading of a single character must be better."""
LEAD_FRAMES = 8
"""Of 5 ms, before the first phone."""
REPORT_EVERY = 500
T = TypeVar("T")


def add_recordings(
    corpus: Path, recordings: Path, *, held_out: int, sentences: int, held_out_every: int, processes: int
) -> None:
    """Writes the utterances of the human speaker to the corpus.

    `held_out` words, and every `held_out_every`th sentence, are kept from training.
    """
    (corpus / "utterances").mkdir(parents=True, exist_ok=True)
    files = list(recording_files(recordings))
    with ProcessPoolExecutor(processes) as pool:
        heard = [each for each in _progress("recordings", len(files), pool.map(_hear, files, chunksize=32)) if each]
        reserved = _reserved([recording.text for recording, _ in heard], held_out)
        words = align_words(heard, reserved)
        jobs = [
            (utterance_path(corpus, f"word-{number:05}"), word, word.text in reserved)
            for number, word in enumerate(words)
        ]
        jobs = [job for job in jobs if not job[0].exists()]
        for _ in _progress("words", len(jobs), pool.map(_write_word, jobs, chunksize=32)):
            pass
    utterances = load_utterances(corpus, held_out=False)
    unconverted = missing_english(corpus, utterances)
    missing = [number for number in range(sentences) if not utterance_path(corpus, f"sentence-{number:05}").exists()]
    if not (unconverted or missing):
        return
    conversion = fit_conversion(utterances, processes)
    add_english(corpus, unconverted, conversion, processes)
    english = english_words(utterances, conversion, processes) if missing else []
    print(f"{len(unconverted)} English utterances, {len(english)} English words", flush=True)
    maker = SentenceMaker([word for word in words if word.text not in reserved], english)
    with ProcessPoolExecutor(processes, initializer=_share, initargs=(maker,)) as pool:
        write = partial(_write_sentence, corpus, held_out_every)
        for _ in _progress("sentences", len(missing), pool.map(write, missing, chunksize=8)):
            pass


def align_words(heard: Sequence[tuple[CleanRecording, WordFeatures]], reserved: Set[str]) -> list[RecordedWord]:
    """Reads and aligns recordings. The aligner is trained on those that are not `reserved`.

    A single character gets the reading that the aligner finds the most likely by far.
    """
    readable = [(*each, syllables) for each in heard if (syllables := read_word(each[0].text))]
    training = [(features, phones_of(syllables)) for one, features, syllables in readable if one.text not in reserved]
    aligner = Aligner(sorted({phone for _, phones in training for phone in phones}))
    aligner.train(*zip(*training, strict=True))
    chosen = [_likeliest_reading(aligner, one.text, features, syllables) for one, features, syllables in readable]
    known = [
        (*each[:2], reading)
        for each, reading in zip(readable, chosen, strict=True)
        if aligner.knows(phones_of(reading))
    ]
    aligned = aligner.align([features for _, features, _ in known], [phones_of(reading) for _, _, reading in known])
    words = [
        RecordedWord(recording.text, reading, recording.samples, features.f0, bounds)
        for (recording, features, reading), bounds in zip(known, aligned, strict=True)
        if bounds is not None and _is_plausible(bounds)
    ]
    print(f"{len(words)} of {len(heard)} recordings are aligned", flush=True)
    return words


class SentenceMaker:
    """Makes pseudo-sentences of recorded and English words; a sentence depends on these and its number alone."""

    def __init__(self, words: list[RecordedWord], english: Sequence[RecordedWord] = ()) -> None:
        self._script, self._durations = Script(words, english), DurationModel(words)
        self._intonation = Intonation(median_log_f0(words))

    def make(self, number: int) -> tuple[PseudoSentence, LabeledSpeech]:
        """Returns the sentence and its speech."""
        sentence = self._script.sentence(number)
        emotion = HUMAN_EMOTIONS[sentence.emotion]
        timing = self._durations.timing(sentence, emotion)
        speech = assemble(sentence, timing, emotion, self._intonation)
        units, frames = [], []
        for owner, word in enumerate(sentence.prosodic_words):
            units += word.units
            frames += [span.end - span.start for span in timing.spans if span.prosodic_word == owner]
            frames.append(timing.break_frames[owner])
        voiceless = np.repeat([unit.voiceless for unit in units], frames)
        centers = np.minimum([frame_5_ms(frame) for frame in range(timing.length)], len(speech.f0) - 1)
        f0, voiced = speech.f0[centers].astype(np.float32), speech.voiced[centers] & ~voiceless
        return sentence, LabeledSpeech(units, np.array(frames), speech.samples, f0, voiced)


def _hear(file: tuple[str, Path]) -> tuple[CleanRecording, WordFeatures] | None:
    text, path = file
    recording = clean(path, text)
    return recording and (recording, word_features(recording.samples))


def _reserved(texts: Sequence[str], count: int) -> Set[str]:
    """Returns the words that are held out: those whose names have the lowest digests."""
    return frozenset(sorted(texts, key=lambda text: hashlib.sha256(text.encode()).digest())[:count])


def _likeliest_reading(aligner: Aligner, text: str, features: WordFeatures, read: tuple[str, ...]) -> tuple[str, ...]:
    candidates = [reading for reading in other_readings(text) if phones_of(reading) != phones_of(read)]
    likelihoods = {
        reading: aligner.log_likelihood(features, phones_of(reading))
        for reading in (read, *candidates)
        if candidates and aligner.knows(phones_of(reading))
    }
    best = max(likelihoods, key=lambda reading: likelihoods[reading], default=read)
    return best if likelihoods and likelihoods[best] > likelihoods.get(read, -np.inf) + READING_MARGIN else read


def _is_plausible(bounds: NDArray[np.int64]) -> bool:
    durations = np.diff(bounds)
    return bool(durations[1::2].min() >= MIN_FINAL_FRAMES and durations.max() <= MAX_PHONE_FRAMES)


def _write_word(job: tuple[Path, RecordedWord, bool]) -> None:
    """Writes a word as an utterance: a short lead, the word, and the break after it."""
    path, word, held_out = job
    units = mandarin_units(word.syllables, 4)
    first = max(0, int(word.bounds[0]) - LEAD_FRAMES) * FRAME_SAMPLES
    samples = word.samples[first:]
    ends = np.append(word.bounds[1:] * FRAME_SAMPLES - first, len(samples))
    frames = np.diff(np.round(ends / HOP_LENGTH).astype(np.int64), prepend=0)
    samples = samples[: frames.sum() * HOP_LENGTH]
    samples = np.pad(samples, (0, frames.sum() * HOP_LENGTH - len(samples)))
    samples = samples + np.random.default_rng(len(samples)).normal(0, DITHER_AMPLITUDE, len(samples))
    voiceless = np.repeat([unit.voiceless for unit in units], frames)
    f0, voiced = training_f0(samples.astype(np.float32), voiceless, MIN_F0_HZ, MAX_F0_HZ)
    speech = LabeledSpeech(units, frames, samples.astype(np.float32), f0, voiced)
    text = word_text(word.syllables, 4)
    write_utterance(path, speech, speaker=HUMAN_SPEAKER, emotion=WORD_EMOTION, text=text, held_out=held_out)


_shared: list[SentenceMaker] = []
"""The maker of this worker process."""


def _share(maker: SentenceMaker) -> None:
    _shared[:] = [maker]


def _write_sentence(corpus: Path, held_out_every: int, number: int) -> None:
    sentence, speech = _shared[0].make(number)
    held_out = number % held_out_every == held_out_every - 1
    path = utterance_path(corpus, sentence.name)
    write_utterance(
        path, speech, speaker=HUMAN_SPEAKER, emotion=sentence.emotion, text=sentence.text, held_out=held_out
    )


def _progress(name: str, total: int, items: Iterable[T]) -> Iterator[T]:
    """Yields the items, and prints how many are done and how long the rest will take."""
    started = time.monotonic()
    for done, item in enumerate(items, 1):
        yield item
        if done % REPORT_EVERY == 0 or done == total:
            remaining = (time.monotonic() - started) / done * (total - done)
            print(f"{done} of {total} {name}, {remaining / 60:.0f} min remaining", flush=True)
