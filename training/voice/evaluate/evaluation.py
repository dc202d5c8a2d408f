"""Evaluates a converted voice in four conditions.

- `recorded`: held-out recordings, the upper bound.
- `copied`: copy synthesis, the recordings' features through the vocoder.
- `spoken`: text-to-speech from the recordings' units.
- `read`: text-to-speech from sentences, through the whole server.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from server.config import RuntimeSection, SynthesisSection
from server.runtime.runtime import Runtime
from server.scheduling.task import run_to_completion
from server.synthesis.speech_plan import SpeechPlan
from server.synthesis.synthesizer import Synthesizer, Trace
from server.synthesis.vocoder.vocoder import Vocoder
from server.text.english import dictionary
from server.types import Mel
from server.voices.voice import Voice
from training.voice.analysis import metrics
from training.voice.analysis.f0 import F0Contour, f0_contour
from training.voice.analysis.features import FRAME_RATE, SAMPLE_RATE, frame_energy, magnitude_spectrogram, mel_of_audio
from training.voice.corpus.script import frequent_english_words
from training.voice.corpus.speakers import EMOTIONS
from training.voice.evaluate.recognition import recognize
from training.voice.evaluate.scoring import Lexicon, Score, english_pronunciations, score
from training.voice.evaluate.speech_classifier import SpeechClassifier
from training.voice.models.vocabulary import BREAK_EMOTION, SPEAKER_ROWS
from training.voice.train.dataset import Statistics, Utterance, acoustic_targets, load_utterances
from training.voice.train.recognizer_weights import load_recognizer

SENTENCES_FILE = Path(__file__).with_name("sentences.txt")
MIN_SAMPLES = SAMPLE_RATE
"""Shorter speech is padded: a voice after a few training steps may generate none at all."""
MIN_SPEECH_ENERGY = 1.0
"""Frames with less count as pauses."""
Samples = NDArray[np.float32]


@dataclass
class StyleResult:
    """The results of one style in one condition."""

    score: Score = field(default_factory=Score)
    sound_score: Score = field(default_factory=Score)
    """Of recognition that knows no words."""
    styles_recognized: list[bool] = field(default_factory=list)
    """Whether the recognizer named the right speaker and emotion, by utterance."""
    figures: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    f0_pairs: list[tuple[Samples, Samples]] = field(default_factory=list)
    """F0 of the recording and of the voice, Hz, in frames that are voiced in both."""
    mel_pairs: list[tuple[Samples, Samples]] = field(default_factory=list)
    """Mels of the speech of the recording and of the voice, (frames, 80) each, of any length."""

    def add(self, **figures: float) -> None:
        """Adds the figures of one utterance."""
        for name, value in figures.items():
            self.figures[name].append(value)

    def summary(self) -> dict[str, float]:
        """Returns means over the utterances, and error rates in percent."""
        measured = {name: values for name, values in self.figures.items() if not np.isnan(values).all()}
        figures = {name: float(np.nanmean(values)) for name, values in measured.items()}
        if self.f0_pairs:
            recorded, generated = (np.concatenate(part) for part in zip(*self.f0_pairs, strict=True))
            figures["f0_correlation"] = float(np.corrcoef(recorded, generated)[0, 1])
            figures["f0_median_error_hz"] = float(np.median(np.abs(recorded - generated)))
        if self.mel_pairs:
            recorded_mels, generated_mels = zip(*self.mel_pairs, strict=True)
            figures["deviation"] = metrics.deviation_ratio(generated_mels, recorded_mels)
            figures["modulation_db"] = metrics.modulation_difference(generated_mels, recorded_mels)
        if self.styles_recognized:
            figures["style_recognized"] = 100 * float(np.mean(self.styles_recognized))
        figures["sound_errors"] = self.sound_score.error_rates()["syllable_errors"]
        return self.score.error_rates() | figures


Results = defaultdict[tuple[str, str], StyleResult]
"""By condition and style."""


@dataclass(frozen=True, slots=True)
class AnalyzedSpeech:
    """Speech with what the figures are computed from."""

    samples: Samples
    mel: Samples
    """(frames, 80)"""
    contour: F0Contour

    @classmethod
    def of(cls, samples: Samples) -> "AnalyzedSpeech":
        """Analyzes speech."""
        return cls(samples, mel_of_audio(samples), f0_contour(samples))

    @property
    def loud_mel(self) -> Samples:
        """(loud frames, 80): the mel of what is speech by its level."""
        return self.mel[metrics.loud_frames(self.samples)]


class Evaluator:
    """A converted voice with the recognizer and the statistics of the corpus that evaluate it; opens their folders."""

    def __init__(self, corpus: Path, voice: Path, recognizer: Path) -> None:
        opened, runtime = Voice(voice), Runtime(RuntimeSection(providers=("cpu",), threads=1))
        self.synthesizer = Synthesizer(opened, runtime, SynthesisSection())
        self.vocoder = Vocoder(opened, runtime)
        self.recognizer = load_recognizer(recognizer)
        self.statistics = Statistics.read(corpus)
        self.speakers = [speaker for speaker in SPEAKER_ROWS if speaker in opened.manifest.speakers]
        recordings = load_utterances(corpus, held_out=False)
        self.lexicon = _english_lexicon(recordings)
        has_human = {one.kind for one in recordings} >= {"espeak", "word"}
        self.classifier = SpeechClassifier(recordings) if has_human else None

    def copy_synthesis(self, utterance: Utterance) -> Samples:
        """Generates audio from the features of a recording, with the vocoder alone."""
        state = self.vocoder.start()
        targets = Mel(acoustic_targets(utterance, self.statistics))
        audio, _ = run_to_completion(self.vocoder.advance(state, targets, final=True))
        return audio.samples

    def synthesize_units(self, utterance: Utterance) -> Trace:
        """Synthesizes the units of a recording."""
        return self.synthesizer.synthesize(self.synthesizer.tables.encode(_symbols(utterance)))

    def evaluate_recordings(self, held_out: Sequence[Utterance]) -> Results:
        """Evaluates the conditions `recorded`, `copied` and `spoken`."""
        results: Results = defaultdict(StyleResult)
        for one in held_out:
            units, recorded = one.units.tolist(), AnalyzedSpeech.of(one.audio())
            self._recognize(results["recorded", one.style], recorded, units, one.style)
            results["recorded", one.style].add(**self._naturalness(recorded))

            copied, result = AnalyzedSpeech.of(self.copy_synthesis(one)), results["copied", one.style]
            self._recognize(result, copied, units, one.style)
            _compare(result, one, recorded.contour, copied.mel, copied.contour)
            buzz, before = (metrics.frame_rate_buzz(each.samples, one.voiced) for each in (copied, recorded))
            result.add(buzz_db=buzz - before, silence_dbfs=metrics.silence_level(copied.samples, _silent_frames(one)))
            result.add(clipped=metrics.clipped_samples(copied.samples), **self._naturalness(copied))
            result.mel_pairs.append((recorded.loud_mel, copied.loud_mel))
            result.add(click=metrics.largest_click(copied.samples) / metrics.largest_click(recorded.samples))

            trace, result = self.synthesize_units(one), results["spoken", one.style]
            spoken, durations = AnalyzedSpeech.of(padded(trace.audio.samples)), trace.prosody.durations
            self._recognize(result, spoken, units, one.style)
            frames = _aligned_frames(one.frames, durations)
            contour = F0Contour(spoken.contour.f0[frames], spoken.contour.voiced[frames])
            _compare(result, one, recorded.contour, spoken.mel[frames], contour)
            result.add(duration_error_ms=float(np.abs(durations - one.frames).mean()) * (1000 / FRAME_RATE))
            result.add(clipped=metrics.clipped_samples(spoken.samples), **self._naturalness(spoken))
            result.mel_pairs.append((recorded.loud_mel, spoken.loud_mel))
            if one.kind == "word":
                result.add(warped_mcd_db=metrics.warped_distortion(*result.mel_pairs[-1]))
        return results

    def evaluate_sentences(self, count: int) -> Results:
        """Evaluates the condition `read` with the first `count` sentences in every style."""
        results: Results = defaultdict(StyleResult)
        for speaker, emotion in product(self.speakers, EMOTIONS):
            style = f"{speaker}-{emotion}"
            result = results["read", style]
            for text in SENTENCES_FILE.read_text("utf-8").splitlines()[:count]:
                sentences = list(self.synthesizer.sentences(text, speaker=speaker, emotion=emotion))
                chunks = SpeechPlan.for_text(self.synthesizer, text, speaker=speaker, emotion=emotion).speak()
                samples = np.concatenate([np.zeros(0, np.float32), *(chunk.samples for chunk in chunks)])
                speech = AnalyzedSpeech.of(padded(samples))
                units = [unit.strip("{}").split("$")[:4] for one in sentences for unit in one.symbols.split()]
                self._recognize(result, speech, units, style)
                result.add(**_prosody_figures(speech, units), **self._naturalness(speech))
        return results

    def _recognize(
        self, result: StyleResult, speech: AnalyzedSpeech, units: Sequence[Sequence[str]], style: str
    ) -> None:
        recognition = recognize(self.recognizer, speech.mel)
        result.score += score(units, recognition.tokens, self.lexicon)
        result.sound_score += score(units, recognition.sounds, self.lexicon)
        result.styles_recognized.append(recognition.style == style)

    def _naturalness(self, speech: AnalyzedSpeech) -> dict[str, float]:
        figures = {
            "hnr_db": metrics.harmonics_to_noise(speech.samples, speech.contour),
            "f0_slips": metrics.octave_slips(speech.contour),
        }
        if self.classifier:
            figures["human_frames"] = self.classifier.human_frames(speech.loud_mel)
        return figures


def padded(samples: Samples) -> Samples:
    """Pads speech with zeros to the minimum length."""
    return np.pad(samples, (0, max(0, MIN_SAMPLES - len(samples))))


def _english_lexicon(utterances: Sequence[Utterance]) -> Lexicon:
    """Pronunciations of the frequent English words, in the corpus and in the server's dictionary."""
    lexicon: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
    frequent = frozenset(frequent_english_words())
    for one in utterances:
        tokens = [token for part in one.text.split() for token in part.partition("#")[0].split("/")]
        words = [token for token in tokens if not token[-1].isdigit()]
        for word, phones in zip(words, english_pronunciations(one.units.tolist()), strict=True):
            if word in frequent:
                lexicon[phones].add(word)
    for word in frequent:
        if phones := dictionary.look_up(word.lower()):
            lexicon[tuple(phone.rstrip("1") for phone in phones)].add(word)
    return dict(lexicon)


def _prosody_figures(speech: AnalyzedSpeech, units: Sequence[Sequence[str]]) -> dict[str, float]:
    samples = speech.samples
    syllables = sum(unit[2] in ("s_begin", "s_both") for unit in units)
    voice_seconds = float((frame_energy(magnitude_spectrogram(samples)) > MIN_SPEECH_ENERGY).sum()) / FRAME_RATE
    return {
        "mean_f0_hz": speech.contour.mean,
        "range_semitones": speech.contour.range,
        "syllables_per_s": syllables / max(0.1, voice_seconds),
        "pause_s": len(samples) / SAMPLE_RATE - voice_seconds,
        "clipped": metrics.clipped_samples(samples),
        "loudness_db": 20 * np.log10(np.sqrt((samples**2).mean()) + 1e-6),
    }


def _compare(result: StyleResult, one: Utterance, recorded: F0Contour, mel: Samples, contour: F0Contour) -> None:
    both = recorded.voiced & contour.voiced
    result.f0_pairs.append((recorded.f0[both], contour.f0[both]))
    heard = metrics.loud_frames(one.audio()) if one.kind == "word" else np.ones(len(mel), bool)
    result.add(mcd_db=metrics.mel_cepstral_distortion(mel[heard], one.mel[heard].astype(np.float32)))
    result.add(voicing_errors=100 * float((recorded.voiced != contour.voiced)[~_silent_frames(one)].mean()))


def _silent_frames(one: Utterance) -> NDArray[np.bool_]:
    return np.repeat(one.is_break(), one.frames)


def _aligned_frames(recorded: NDArray[np.int64], generated: NDArray[np.int64]) -> NDArray[np.int64]:
    """Returns for every recorded frame the generated frame at the same relative position in the same unit.

    `recorded` and `generated` are the durations of the units in frames.
    """
    starts = np.cumsum(generated) - generated
    frames = [
        start + np.minimum(np.arange(length) * available // max(1, length), max(0, available - 1))
        for start, available, length in zip(starts, generated, recorded, strict=True)
    ]
    return np.minimum(np.concatenate(frames), max(0, int(generated.sum()) - 1))


def _symbols(one: Utterance) -> str:
    """Returns the units of a recording in KAN-TTS's symbol notation."""
    rows = []
    for unit, is_break in zip(one.units, one.is_break(), strict=True):
        emotion = BREAK_EMOTION if is_break else one.emotion
        rows.append("{" + "$".join([*unit, f"emotion_{emotion}", one.speaker]) + "}")
    return " ".join(rows)
