"""Times in the JSON of DashScope: units, positions and milliseconds, of the embedded voice."""

import pytest

from server.http.dashscope.sentence_times import sentence_object, word_objects
from server.synthesis.speech_plan import SpeechPlan
from server.synthesis.synthesizer import Synthesizer
from server.types import SentenceTiming
from tests.conftest import EMBEDDED, open_voice


@pytest.fixture(scope="module")
def voice() -> Synthesizer:
    return open_voice(EMBEDDED)


def sentences_of(synthesizer: Synthesizer, text: str) -> list[SentenceTiming]:
    return [chunk.sentence for chunk in SpeechPlan.for_text(synthesizer, text).speak() if chunk.sentence]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("今天", ["今", "天"]),
        ("25℃。", ["25", "℃"]),
        ("hello味儿", ["hello", "味儿"]),
        ("買A股３%", ["買", "A", "股", "３%"]),
    ],
)
def test_a_word_is_a_chinese_character_or_what_is_read_as_one(voice, text, words):
    (sentence,) = sentences_of(voice, text)
    assert [word["text"] for word in word_objects(sentence, phonemes=False)] == words


def test_positions_and_times_are_those_of_the_whole_text(voice):
    text = "今天好。明天25℃，hello！"
    first, second = sentences_of(voice, text)
    words = [word for each in (first, second) for word in word_objects(each, phonemes=False, indices=True)]
    assert all(text[word["begin_index"] : word["end_index"]] == word["text"] for word in words)
    times = [time for word in words for time in (word["begin_time"], word["end_time"])]
    assert times == sorted(times)
    assert words[3]["begin_time"] == round(second.begin / 16) > round(first.end / 16)
    assert {tuple(word) for word in words} == {("text", "begin_index", "end_index", "begin_time", "end_time")}


def test_phonemes_are_those_of_kan_tts(voice):
    (sentence,) = sentences_of(voice, "今天。")
    found = sentence_object(sentence, phonemes=True)
    assert (found["begin_time"], found["end_time"]) == (0, round(sentence.end / 16))
    word = found["words"][0]
    assert set(word) == {"text", "begin_time", "end_time", "phonemes"}
    assert [(phone["text"], phone["tone"]) for phone in word["phonemes"]] == [("j_c", 1), ("in_c", 1)]
    assert word["phonemes"][0]["begin_time"] == word["begin_time"]
    assert word["phonemes"][-1]["end_time"] == word["end_time"]
