"""How soon the first audio is there, and how fast the rest follows, by the length of the text.

Compare the ratios of one run, not the times of two: machines differ and are busy.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.measure.synthesis import first_sound, speak
from bench.report.percentiles import Percentiles
from bench.report.progress import steps
from bench.voices.texts import KINDS, text_of
from bench.voices.voices import Engine, Subject

LENGTHS = (10, 60, 120, 500, 2000)
LONGEST_WHOLE = 500
"""Characters up to which the whole text is spoken too."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Of one text."""

    kind: str
    characters: int
    first_audio: Percentiles
    """seconds, text analysis included"""
    ratio: float
    """Of the median to that of the shortest text."""
    ready: float | None
    """Share of the sound that was there with the first chunk."""
    sound: float | None
    """seconds"""
    rtf: float | None


def latencies(subject: Subject, engine: Engine, repeat: int, lengths: Sequence[int] = LENGTHS) -> list[Latency]:
    """For texts with and without punctuation, `repeat` times each; the longest are not spoken to their ends."""
    synthesizer = subject.open(engine)
    found: list[Latency] = []
    for kind in KINDS:
        base = None
        for length in steps(lengths, f"{subject.name}: first audio, {kind}"):
            text = text_of(kind, length)
            first = Percentiles.of(first_sound(synthesizer, text) for _ in range(repeat))
            base = base or first.p50
            take = speak(synthesizer, text) if length <= LONGEST_WHOLE else None
            found.append(
                Latency(
                    kind=kind,
                    characters=length,
                    first_audio=first,
                    ratio=(first.p50 or 0.0) / (base or 1.0),
                    ready=take.ready / take.sound if take else None,
                    sound=take.sound if take else None,
                    rtf=take.factor if take else None,
                )
            )
    return found
