"""Judges a converted voice: `python -m training.voice.evaluate CORPUS VOICE LISTENER FOLDER` writes a report.

Three ways of speaking are compared: recordings that no training saw, copy synthesis (their features through the
vocoder), and text-to-speech; the latter from the recordings' units, and from sentences through the whole server.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from server.config import RuntimeSection, SynthesisSection
from server.runtime.runtime import Runtime
from server.scheduling.task import finished
from server.synthesis.synthesizer import Synthesizer, Trace
from server.synthesis.vocoder.vocoder import Vocoder
from server.text.english import dictionary
from server.types import Mel
from server.voices.voice import Voice
from training.voice import features, measures, pictures
from training.voice.dataset import Statistics, Utterance, load, samples_of, targets
from training.voice.listener import Listener, listen, restore
from training.voice.report import write_report
from training.voice.scoring import Lexicon, Score, score, words_of
from training.voice.script import frequent_english
from training.voice.speakers import EMOTIONS, SPEAKERS, STYLES
from training.voice.vocabulary import TAUGHT

SENTENCES = Path(__file__).with_name("sentences.txt")
Figures = dict[str, float]
Sounds = NDArray[np.float32]
SHORTEST = features.RATE
"""Samples. A voice of a few steps says nothing at all, and is judged too."""


@dataclass
class Tally:
    """What was found of one way of speaking in one style."""

    score: Score = field(default_factory=Score)
    named: list[bool] = field(default_factory=list)
    """whether the listener recognised speaker and emotion"""
    figures: dict[str, list[float]] = field(default_factory=dict)
    pairs: list[tuple[Sounds, Sounds]] = field(default_factory=list)
    """F0 wanted and heard, Hz"""

    def add(self, **found: float) -> None:
        for name, value in found.items():
            self.figures.setdefault(name, []).append(value)

    def summary(self) -> Figures:
        found = {name: float(np.nanmean(values)) for name, values in self.figures.items() if not np.isnan(values).all()}
        if self.pairs:
            wanted, heard = (np.concatenate(part) for part in zip(*self.pairs, strict=True))
            found["f0_correlation"] = float(np.corrcoef(wanted, heard)[0, 1])
            found["f0_median_error_hz"] = float(np.median(np.abs(wanted - heard)))
        if self.named:
            found["style_recognised"] = 100 * float(np.mean(self.named))
        return self.score.figures | found


@dataclass(frozen=True, slots=True)
class Judge:
    """Everything that judging needs."""

    synthesizer: Synthesizer
    vocoder: Vocoder
    listener: Listener
    statistics: Statistics
    lexicon: Lexicon

    def hear(self, tally: Tally, samples: Sounds, units: Sequence[Sequence[str]], style: str) -> None:
        heard = listen(self.listener, features.mel(features.magnitudes(samples)), self.statistics)
        tally.score += score(units, heard.tokens, self.lexicon)
        tally.named.append(heard.style == style)

    def copy(self, utterance: Utterance) -> Sounds:
        start = self.vocoder.start()
        audio, _ = finished(self.vocoder.advance(start, Mel(targets(utterance, self.statistics)), final=True))
        return audio.samples

    def say_again(self, utterance: Utterance) -> Trace:
        return self.synthesizer.synthesize(self.synthesizer.tables.encode(symbols(utterance)))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.voice.evaluate", description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("voice", type=Path, help="a converted voice, such as models/demo")
    parser.add_argument("listener", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--recordings", type=int, default=88, help="held-out ones that are taken")
    parser.add_argument("--sentences", type=int, default=42)
    arguments = parser.parse_args()
    judge = open_judge(arguments.corpus, arguments.voice, arguments.listener)
    held_out = load(arguments.corpus, held_out=True)[: arguments.recordings]
    tallies = judge_recordings(judge, held_out) | judge_sentences(judge, arguments.sentences)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    summaries = {f"{way} {style}": tally.summary() for (way, style), tally in tallies.items()}
    (arguments.folder / "figures.json").write_text(json.dumps(summaries, indent=1))
    table = write_report(summaries)
    (arguments.folder / "report.md").write_text(table)
    print(table)
    for one in {(one.speaker, one.emotion): one for one in held_out}.values():
        trace = judge.say_again(one)
        sounds = {
            "recording": samples_of(one),
            "copy synthesis": judge.copy(one),
            "text-to-speech": _at_least(trace.audio.samples),
        }
        pictures.draw(sounds, f"{one.speaker}, {one.emotion}: {one.text}", arguments.folder / f"{one.name}.png")


def open_judge(corpus: Path, voice: Path, listener: Path) -> Judge:
    opened, runtime = Voice(voice), Runtime(RuntimeSection(providers=("cpu",), threads=1))
    synthesizer = Synthesizer(opened, runtime, SynthesisSection())
    lexicon = _lexicon(load(corpus, held_out=False))
    return Judge(synthesizer, Vocoder(opened, runtime), restore(listener), Statistics.read(corpus), lexicon)


def _lexicon(utterances: Sequence[Utterance]) -> Lexicon:
    """How the frequent English words of a corpus are pronounced, in it and by the server's dictionary."""
    found: dict[tuple[str, ...], frozenset[str]] = {}

    def add(phones: tuple[str, ...], word: str) -> None:
        found[phones] = found.get(phones, frozenset()) | {word}

    frequent = frozenset(frequent_english())
    for one in utterances:
        spoken = [word for part in one.text.split() for word in part.partition("#")[0].split("/")]
        written = [word for word in spoken if not word[-1].isdigit()]
        for word, phones in zip(written, words_of(one.units.tolist()), strict=True):
            if word in frequent:
                add(phones, word)
    for word in frequent:
        listed = dictionary.look_up(word.lower())
        if listed:
            add(tuple(phone.rstrip("1") for phone in listed), word)
    return found


def judge_recordings(judge: Judge, held_out: Sequence[Utterance]) -> dict[tuple[str, str], Tally]:
    tallies: dict[tuple[str, str], Tally] = {}
    for one in held_out:
        style, units = f"{one.speaker}-{one.emotion}", one.units.tolist()
        recorded = samples_of(one)
        judge.hear(tallies.setdefault(("recorded", style), Tally()), recorded, units, style)

        copied, tally = judge.copy(one), tallies.setdefault(("copied", style), Tally())
        judge.hear(tally, copied, units, style)
        _compare(tally, one, features.mel(features.magnitudes(copied)), measures.contour(copied))
        tally.add(buzz_db=measures.buzz(copied, one.voiced) - measures.buzz(recorded, one.voiced))
        tally.add(silence_dbfs=measures.quiet(copied, _silent(one)), clipped=measures.clipped(copied))
        tally.add(click=measures.largest_click(copied) / measures.largest_click(recorded))

        trace, tally = judge.say_again(one), tallies.setdefault(("spoken", style), Tally())
        spoken = _at_least(trace.audio.samples)
        judge.hear(tally, spoken, units, style)
        frames = _stretched(one.frames, trace.prosody.durations)
        heard = measures.contour(spoken)
        mel = features.mel(features.magnitudes(spoken))
        _compare(tally, one, mel[frames], measures.Contour(heard.f0[frames], heard.voiced[frames]))
        tally.add(duration_error_ms=float(np.abs(trace.prosody.durations - one.frames).mean()) * 12.5)
        tally.add(clipped=measures.clipped(spoken))
    return tallies


def judge_sentences(judge: Judge, count: int) -> dict[tuple[str, str], Tally]:
    """Through the whole server: text in, sound out."""
    tallies: dict[tuple[str, str], Tally] = {}
    for style, (speaker, emotion) in _styles():
        tally = tallies.setdefault(("read", style), Tally())
        for text in SENTENCES.read_text("utf-8").splitlines()[:count]:
            read = list(judge.synthesizer.read(text, speaker=speaker, emotion=emotion))
            chunks = judge.synthesizer.speak(text, speaker=speaker, emotion=emotion)
            samples = _at_least(np.concatenate([np.zeros(0, np.float32), *(chunk.samples for chunk in chunks)]))
            units = [unit.strip("{}").split("$")[:4] for one in read for unit in one.symbols.split()]
            judge.hear(tally, samples, units, style)
            melody = measures.contour(samples)
            said = sum(unit[2] in ("s_begin", "s_both") for unit in units)
            sounding = float((features.energy(features.magnitudes(samples)) > 1.0).sum()) / measures.FRAME_RATE
            tally.add(mean_f0_hz=melody.mean, range_semitones=melody.range, syllables_per_s=said / max(0.1, sounding))
            tally.add(pause_s=len(samples) / features.RATE - sounding, clipped=measures.clipped(samples))
            tally.add(loudness_db=20 * np.log10(np.sqrt((samples**2).mean()) + 1e-6))
    return tallies


def _at_least(samples: Sounds) -> Sounds:
    return np.pad(samples, (0, max(0, SHORTEST - len(samples))))


def _styles() -> Iterator[tuple[str, tuple[str, str]]]:
    for speaker in SPEAKERS:
        for emotion in EMOTIONS:
            yield f"{speaker}-{emotion}", (speaker, emotion)


def _compare(tally: Tally, one: Utterance, mel: Sounds, melody: measures.Contour) -> None:
    recorded = measures.contour(samples_of(one))
    both = recorded.voiced & melody.voiced
    tally.pairs.append((recorded.f0[both], melody.f0[both]))
    tally.add(mcd_db=measures.mel_cepstral_distortion(mel, one.mel.astype(np.float32)))
    tally.add(voicing_errors=100 * float((recorded.voiced != melody.voiced)[~_silent(one)].mean()))


def _silent(one: Utterance) -> NDArray[np.bool_]:
    return np.repeat([unit[1] == "tone_none" for unit in one.units], one.frames)


def _stretched(recorded: NDArray[np.int64], spoken: NDArray[np.int64]) -> NDArray[np.int64]:
    """For every recorded frame the spoken one that is as far into the same unit."""
    starts = np.cumsum(spoken) - spoken
    places = [
        start + np.minimum(np.arange(length) * had // max(1, length), max(0, had - 1))
        for start, had, length in zip(starts, spoken, recorded, strict=True)
    ]
    return np.minimum(np.concatenate(places), max(0, int(spoken.sum()) - 1))


def symbols(one: Utterance) -> str:
    rows = []
    for unit in one.units:
        emotion = TAUGHT[0] if unit[1] == "tone_none" else one.emotion
        rows.append("{" + "$".join([*unit, f"emotion_{emotion}", one.speaker]) + "}")
    return " ".join(rows)


assert set(STYLES) == {style for style, _ in _styles()}

if __name__ == "__main__":
    main()
