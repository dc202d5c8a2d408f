"""The recordings of the benchmark of emotions, and how its cases are counted."""

import shutil

import pytest

from bench.references.emotion import _Counts
from bench.references.espeak_recordings import SpokenText, _phrases, _ssml, spelled
from bench.references.flite_recordings import flite_recordings
from bench.report.tables import emotion_row
from bench.results.schema import EmotionResult
from server.references.recording import RATE
from server.synthesis.synthesizer import Synthesizer
from tests.synthesis.test_reference_expression import recording


@pytest.mark.parametrize(
    ("pinyin", "written"),
    [("hao3", "hao3"), ("lv4", "lü4"), ("jv2", "ju2"), ("yvan2", "yuan2"), ("dianr3", "dian3"), ("er4", "er4")],
)
def test_syllables_are_spelled_for_espeak(pinyin: str, written: str) -> None:
    assert spelled(pinyin) == written


def test_a_text_is_spoken_in_phrases_with_stress_where_the_emotion_has_it(demo: Synthesizer) -> None:
    text = SpokenText.of("今天天气很好，我们去公园。再见。", demo)
    assert len(text.sentences) == 2
    phrases = list(_phrases(text.sentences[0]))
    assert [word for phrase in phrases for word in phrase] == list(text.sentences[0])
    assert all(phrase[-1].break_level >= 2 for phrase in phrases)
    plain, stressed = (_ssml(phrases[0], stressed=each) for each in (False, True))
    assert plain.startswith("<speak>jin1 tian1")
    assert "<prosody pitch='+8%' rate='-12%'>jin1</prosody> tian1" in stressed


def test_a_case_counts_as_nearer_or_as_there() -> None:
    counts = _Counts()
    heard = recording("neutral", f0_range=6.0, syllable_rate=4.0, pause_share=0.1)
    plain = recording("neutral", f0_range=7.0, syllable_rate=4.1, pause_share=0.2)
    spoken = recording("neutral", f0_range=5.5, syllable_rate=3.8, pause_share=0.2)
    counts.add(heard, plain, spoken)
    assert (counts.nearer["F0 range"], counts.there["F0 range"]) == (1, 0)
    assert (counts.nearer["syllable rate"], counts.there["syllable rate"]) == (0, 1)
    assert (counts.nearer["pauses"], counts.there["pauses"]) == (0, 0)


def test_the_table_of_emotions() -> None:
    row = emotion_row(EmotionResult("espeak-ng", 20, 19, 0.61, {"F0 range": 17}, {"F0 range": 2}))
    assert row == {
        "recordings by": "espeak-ng",
        "number": "20",
        "right emotion": "95%",
        "confidence": "0.61",
        "F0 range nearer, or there": "95% (17 + 2)",
    }
    assert emotion_row(EmotionResult("flite", 2, None, 0.5, {}, {}))["right emotion"] == "-"


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_flite_speaks_faster_at_another_tempo() -> None:
    spoken = list(flite_recordings())
    if not spoken:
        pytest.skip("this ffmpeg has no flite")
    slow, _, fast = spoken[:3]
    assert slow.audio.rate == RATE
    assert slow.seconds / fast.seconds == pytest.approx(1.3 / 0.8, rel=0.05)
