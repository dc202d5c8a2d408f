"""What a request says besides its text: readings and replacements for one text, and a seed."""

import itertools

import numpy as np
import pytest

from server.errors import RequestError
from server.scheduling.playback import PlaybackClock
from server.scheduling.task import iterate
from server.synthesis.segments import Segment
from server.synthesis.speech_plan import SpeechPlan
from server.synthesis.synthesizer import Synthesizer
from server.text.markup.script import Script
from server.text.sentence import Sentence
from server.text.wording import Wording
from tests.conftest import samples_of

TEXT = "你好，今天天气很好，我们去公园走走吧。"


def sentences(demo: Synthesizer, text: str, wording: Wording) -> list[Sentence]:
    return [item for item in demo.sentences(text, wording=wording) if isinstance(item, Sentence)]


def test_a_reading_applies_to_its_text_alone(demo: Synthesizer) -> None:
    (sentence,) = sentences(demo, "他去银行。", Wording.of({"银行": "yin2 xing2"}))
    assert sentence.pinyin == ("ta1", "qu4", "yin2", "xing2")
    (sentence,) = sentences(demo, "他去银行。", Wording())
    assert sentence.pinyin[-1] == "hang2"


def test_a_replacement_is_spoken_and_keeps_the_place_of_its_word(demo: Synthesizer) -> None:
    (sentence,) = sentences(demo, "去CPU草地吧。", Wording.of(None, {"CPU": "处理器", "草": "绿"}))
    assert sentence.normalized == "去处理器绿地吧。"
    assert sentence.text == "去CPU草地吧。"
    assert sentence.origin == (0, 1, 2, 3, 4, 5, 6, 7)


def test_the_longest_word_is_replaced_and_its_replacement_is_not_replaced_again(demo: Synthesizer) -> None:
    (sentence,) = sentences(demo, "草地和草。", Wording.of(None, {"草地": "草坪", "草": "树"}))
    assert sentence.normalized == "草坪和树。"


@pytest.mark.parametrize(
    ("lexicon", "replacements", "message"),
    [
        ({"银行": "yin"}, None, "银行"),
        ({"abc": "a1"}, None, "only words of Chinese characters"),
        (None, {"": "x"}, "1 to 50 characters"),
        (None, {"草": "x" * 201}, "at most 200"),
    ],
)
def test_an_invalid_entry_is_named(
    lexicon: dict[str, str] | None, replacements: dict[str, str] | None, message: str
) -> None:
    with pytest.raises(RequestError, match=message):
        Wording.of(lexicon, replacements)


def spoken(demo: Synthesizer, seed: int | None, seconds_between_readings: float) -> tuple[np.ndarray, list[int]]:
    """The samples and chunk sizes of `TEXT` for a client whose clock advances with every look at it."""
    moments = itertools.count(step=seconds_between_readings)
    segment = Segment(Script.plain(TEXT), demo, demo.voice.speaker(None), demo.voice.emotion(None))
    clock = PlaybackClock(lambda: next(moments))
    chunks = list(iterate(SpeechPlan([segment], seed).audio(clock)))
    assert clock.audio_seconds == pytest.approx(sum(len(chunk.samples) for chunk in chunks) / demo.rate)
    return samples_of(chunks), [len(chunk.samples) for chunk in chunks]


def test_with_a_seed_neither_chunks_nor_samples_depend_on_the_clock(demo: Synthesizer) -> None:
    fast, slow = spoken(demo, 7, 0.0), spoken(demo, 7, 0.1)
    np.testing.assert_array_equal(fast[0], slow[0])
    assert fast[1] == slow[1]
    assert spoken(demo, None, 0.0)[1] != spoken(demo, None, 0.1)[1]


def test_another_seed_gives_other_noise_and_the_same_speech(demo: Synthesizer) -> None:
    one, other, default = (spoken(demo, seed, 0.0)[0] for seed in (1, 2, None))
    assert len(one) == len(other) == len(default)
    assert np.abs(one - other).max() > 0
    assert np.corrcoef(np.abs(one), np.abs(other))[0, 1] > 0.5
