"""Which emotion a recording chooses, and whether the speech comes nearer to it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np

from bench.progress import track
from bench.references.espeak_recordings import HELD_OUT, EspeakRecordings, SpokenText
from bench.references.flite_recordings import flite_recordings
from bench.results.schema import EmotionResult
from server.audio.resampler import resampled
from server.references.analysis import analyze
from server.references.analysis.recording_analysis import RecordingAnalysis
from server.references.recording import RATE, Recording
from server.synthesis.reference.expression import Expression, express
from server.synthesis.speech_plan import SpeechPlan
from server.synthesis.synthesizer import Synthesizer
from server.types import DEFAULT_STYLE, Audio, Style
from training.voice.corpus.speakers import EMOTIONS

TEXTS = (
    (
        "这家饭馆的面条很有名，价钱也不贵。昨天夜里下了一场大雪，路上非常滑。",
        "图书馆星期一不开门，我们明天再去吧。那座桥是一百年前修的，现在还很结实。",
    ),
    (
        "我妹妹喜欢唱歌，哥哥却更喜欢打篮球。秋天的树叶有红的，有黄的，漂亮极了。",
        "会议改到下星期四上午十点，请大家准时参加。弟弟把球踢到邻居家的院子里，去找他了。",
    ),
    ("老师让他把作业重写一遍，明天早上交。", "秋天到了，树叶慢慢变成了金黄色。"),
)
"""What the recording says, and what the voice says like it. The mapping was tuned on other texts."""
FIGURES = {"F0 range": "f0_range", "syllable rate": "syllable_rate", "pauses": "pause_share"}
NOTICEABLE = 0.1
"""Of a figure: where the speech is nearer than this anyway, and stays so, there is nothing to move."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A recording, what it was made for, and the text that is spoken like it."""

    recording: Recording
    text: str
    emotion: str | None = None
    """None: not known."""


@dataclass(slots=True)
class _Counts:
    recordings: int = 0
    right: int = 0
    confidence: list[float] = field(default_factory=list)
    nearer: Counter[str] = field(default_factory=Counter)
    there: Counter[str] = field(default_factory=Counter)

    def add(self, heard: RecordingAnalysis, plain: RecordingAnalysis, spoken: RecordingAnalysis) -> None:
        """Compares the speech with the reference and the speech without with the recording."""
        for name, figure in FIGURES.items():
            wanted, before, after = (getattr(each, figure) or 0.0 for each in (heard, plain, spoken))
            before, after = abs(before - wanted), abs(after - wanted)
            self.nearer[name] += after < before
            self.there[name] += not after < before and max(before, after) < NOTICEABLE * wanted


def measure_emotions(synthesizer: Synthesizer) -> list[EmotionResult]:
    """Of recordings by espeak-ng, whose emotions are known, and by flite, if ffmpeg has it."""
    results = [_measure("espeak-ng", synthesizer, list(_espeak(synthesizer)))]
    flite = [Reference(recording, TEXTS[0][1]) for recording in flite_recordings()]
    return [*results, *([_measure("flite", synthesizer, flite)] if flite else [])]


def _espeak(synthesizer: Synthesizer) -> Iterator[Reference]:
    recordings = EspeakRecordings(HELD_OUT)
    for (said, text), speaker, emotion in product(TEXTS, HELD_OUT, EMOTIONS):
        recording = recordings.record(speaker.name, emotion, SpokenText.of(said, synthesizer))
        yield Reference(recording, text, emotion)


def _measure(system: str, synthesizer: Synthesizer, references: Sequence[Reference]) -> EmotionResult:
    counts = _Counts()
    plain: dict[tuple[str, str], RecordingAnalysis] = {}
    speakers = synthesizer.voice.speakers
    for number, reference in enumerate(track(references, f"{system}: emotion")):
        speaker = speakers[number % len(speakers)]
        heard = analyze(reference.recording)
        expression = express(heard, synthesizer, speaker, strength=1.0)
        case = speaker, reference.text
        if case not in plain:
            plain[case] = _spoken(synthesizer, reference.text, speaker)
        spoken = _spoken(synthesizer, reference.text, speaker, expression)
        counts.recordings += 1
        counts.right += expression.emotion == reference.emotion
        counts.confidence.append(expression.confidence)
        counts.add(heard, plain[case], spoken)
    return EmotionResult(
        system=system,
        recordings=counts.recordings,
        right_emotions=counts.right if all(each.emotion for each in references) else None,
        confidence=float(np.mean(counts.confidence)),
        nearer={name: counts.nearer[name] for name in FIGURES},
        there={name: counts.there[name] for name in FIGURES},
    )


def _spoken(
    synthesizer: Synthesizer, text: str, speaker: str, expression: Expression | None = None
) -> RecordingAnalysis:
    emotion = expression.emotion if expression else None
    style: Style = expression.style if expression else DEFAULT_STYLE
    plan = SpeechPlan.for_text(synthesizer, text, style, speaker=speaker, emotion=emotion)
    samples = np.concatenate([chunk.samples for chunk in plan.speak()])
    audio = resampled(Audio(samples, plan.rate), RATE)
    return analyze(Recording("", audio, "wav", plan.rate, 1, len(samples) / plan.rate, begin=0.0))
