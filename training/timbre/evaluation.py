"""Evaluates whether a voice follows the timbre of recordings by speakers that no training has heard.

Each speaker is recorded once; the voice then reads sentences after this recording. Judged are: whether the embedding of
the result is nearer to the embedding of its own recording than to those of 19 other speakers, and how the formants and
F0 of the results correlate with those of the speakers.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import comb
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from server.config import RuntimeSection, SynthesisSection
from server.references.recording import Recording
from server.runtime.runtime import Runtime
from server.synthesis.reference.timbre import similarity, timbre_obstacle
from server.synthesis.speech_plan import SpeechPlan
from server.synthesis.synthesizer import Synthesizer
from server.types import Audio
from server.voices.voice import Voice
from training.timbre.variants import Variant, held_out_variants, style_of
from training.voice.analysis.f0 import f0_contour
from training.voice.analysis.features import SAMPLE_RATE
from training.voice.analysis.formant_scale import average_spectrum, formant_scale
from training.voice.corpus.espeak import Espeak
from training.voice.corpus.generation import record_as_labeled
from training.voice.corpus.script import random_sentence
from training.voice.evaluate.evaluation import SENTENCES_FILE, padded

FIGURES_FILE = "figures.json"
MIN_SECONDS = 3.0
"""Of a recording."""
OTHERS = 19
"""Speakers that the speech after a recording must be less similar to than to its own."""
FIRST_SENTENCE = 900_000
"""The number of the first sentence that is recorded: no corpus has it."""
Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SpokenAfter:
    """A speaker's recording, and the speech of the voice after it."""

    speaker: Variant
    recording: Samples
    speech: Samples
    own_similarity: float
    """The cosine of the embeddings of both."""
    other_similarities: tuple[float, ...]
    """The cosines of the speech with the recordings of the other speakers."""

    def probability_of_nearest(self) -> float:
        """How likely the own recording is the nearest, beside those of `OTHERS` speakers drawn from the others."""
        nearer = sum(each >= self.own_similarity for each in self.other_similarities)
        count, drawn = len(self.other_similarities), min(OTHERS, len(self.other_similarities))
        return comb(count - nearer, drawn) / comb(count, drawn)


def evaluate(voice: Path, speakers: int, sentences: int) -> list[SpokenAfter]:
    """Records the held-out speakers, and lets the voice read the first sentences after each. Raises `SystemExit`."""
    opened = Voice(voice)
    if obstacle := timbre_obstacle(opened):
        raise SystemExit(f"error: {obstacle}")
    synthesizer = Synthesizer(opened, Runtime(RuntimeSection(providers=("cpu",), threads=1)), SynthesisSection())
    variants = held_out_variants(speakers)
    references = [record_reference(variant, number) for number, variant in enumerate(variants)]
    texts = SENTENCES_FILE.read_text("utf-8").splitlines()[:sentences]
    results = []
    for number, (variant, reference) in enumerate(zip(variants, references, strict=True)):
        speech = read(synthesizer.with_timbre(reference), texts)
        audio = Audio(speech, SAMPLE_RATE)
        found = [similarity(opened, synthesizer.encoders, each, audio) or 0.0 for each in references]
        own = found.pop(number)
        results.append(SpokenAfter(variant, reference.audio.samples, speech, own, tuple(found)))
    return results


def record_reference(variant: Variant, number: int) -> Recording:
    """Records sentences of a speaker until there are `MIN_SECONDS`."""
    style = style_of(variant, "neutral")
    espeak = _espeak()
    espeak.define(style.name, style.variant_file())
    samples = np.zeros(0, np.float32)
    seed = FIRST_SENTENCE + 100 * number
    while len(samples) < MIN_SECONDS * SAMPLE_RATE:
        sentence = random_sentence(variant.name, style, True, seed)
        samples = np.concatenate([samples, record_as_labeled(sentence, espeak, seed)[1].samples])
        seed += 1
    seconds = len(samples) / SAMPLE_RATE
    return Recording(variant.name, Audio(samples, SAMPLE_RATE), "wav", SAMPLE_RATE, 1, seconds, 0.0)


def read(synthesizer: Synthesizer, texts: Sequence[str]) -> Samples:
    """Returns the speech of all texts."""
    plans = [SpeechPlan.for_text(synthesizer, text) for text in texts]
    chunks = [chunk.samples for plan in plans for chunk in plan.speak()]
    return padded(np.concatenate([np.zeros(0, np.float32), *chunks]))


def figures(results: Sequence[SpokenAfter]) -> dict[str, float]:
    """Returns the judged figures, and those that explain them."""
    spectra = [average_spectrum(result.speech) for result in results]
    template = np.mean(spectra, axis=0)
    scales = [formant_scale(spectrum, template) for spectrum in spectra]
    tracts = [result.speaker.trait("tract") for result in results]
    f0 = [(_median_f0(result.recording), _median_f0(result.speech)) for result in results]
    recorded, spoken = np.log2(np.array(f0).T)
    return {
        "speakers": len(results),
        "nearest_is_own": 100 * float(np.mean([each.probability_of_nearest() for each in results])),
        "formant_correlation": _correlation(np.log2(tracts), np.log2(scales)),
        "f0_correlation": _correlation(recorded, spoken),
        "f0_error_semitones": float(12 * np.median(np.abs(recorded - spoken))),
        "similarity": float(np.mean([each.own_similarity for each in results])),
        "similarity_of_others": float(np.mean([max(each.other_similarities, default=-1.0) for each in results])),
    }


def figures_text(report: Path) -> str:
    """Returns the judged figures of a report as text for voice.yaml."""
    found = json.loads((report / FIGURES_FILE).read_text())
    return (
        f"of {found['speakers']} speakers of espeak-ng that no training has heard, the speech after a recording is "
        f"nearer to its own recording than to those of {OTHERS} others for {found['nearest_is_own']:.0f} %; "
        f"correlation of the formants {found['formant_correlation']:.2f}, "
        f"of the median F0 {found['f0_correlation']:.2f}"
    )


def _median_f0(samples: Samples) -> float:
    """Hz; a hundredth of a voice's without any voiced frame."""
    contour = f0_contour(samples)
    return float(np.median(contour.f0[contour.voiced])) if contour.voiced.any() else 1.0


def _correlation(
    first: Sequence[float] | NDArray[np.floating], second: Sequence[float] | NDArray[np.floating]
) -> float:
    """NaN-free: 0 where one of both does not vary."""
    if np.std(first) == 0 or np.std(second) == 0:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


@cache
def _espeak() -> Espeak:
    """Returns the synthesizer of this process: there can be only one."""
    return Espeak({})
