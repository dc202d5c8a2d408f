"""JSON has every level, and each sample can be recovered from it."""

import json

from hypothesis import given
from hypothesis import strategies as st

from server.timestamps.json_document import sentence_object, to_json
from server.types import PhoneTiming, SentenceTiming, SpeechTiming, SyllableTiming, WordTiming


def sentence(
    text: str, word: str, *syllables: SyllableTiming, start: int = 0, stop: int | None = None
) -> SentenceTiming:
    stop = start + len(word) if stop is None else stop
    timed = WordTiming(word, start, stop, text.index(word), syllables[0].begin, syllables[-1].end, syllables)
    return SentenceTiming(text, 0, stop, 0, 4000, 16000, (timed,))


def syllable(text: str, start: int, stop: int, begin: int, end: int, pinyin: str = "") -> SyllableTiming:
    return SyllableTiming(text, start, stop, pinyin, begin, end, ())


def test_every_level_has_its_times() -> None:
    phones = (PhoneTiming("h_c", 3, 160, 800), PhoneTiming("ao_c", 3, 800, 2400))
    spoken = SyllableTiming("好", 1, 2, "hao3", 160, 2400, phones)
    timing = SpeechTiming((sentence("“好”", "好", spoken, start=1),), 8000, 16000)
    assert json.loads(to_json(timing)) == {
        "duration": 0.5,
        "sample_rate": 16000,
        "sentences": [
            {
                "text": "“好”", "start": 0, "stop": 2, "begin": 0.0, "end": 0.25,
                "words": [
                    {
                        "text": "好", "start": 1, "stop": 2, "begin": 0.01, "end": 0.15,
                        "syllables": [
                            {
                                "text": "好", "start": 1, "stop": 2, "pinyin": "hao3", "begin": 0.01, "end": 0.15,
                                "phones": [
                                    {"phone": "h_c", "tone": 3, "begin": 0.01, "end": 0.05},
                                    {"phone": "ao_c", "tone": 3, "begin": 0.05, "end": 0.15},
                                ],
                            }
                        ],
                    }
                ],
                "characters": [{"text": "好", "start": 1, "stop": 2, "begin": 0.01, "end": 0.15}],
            }
        ],
    }  # fmt: skip


def characters(timing: SentenceTiming) -> list[tuple[str, int, int, float, float]]:
    return [tuple(each.values()) for each in sentence_object(timing)["characters"]]


def test_characters_that_are_read_together_have_the_same_times() -> None:
    parts = [syllable("25", 3, 5, begin, begin + 1600, "er4") for begin in (0, 1600, 3200)]
    assert characters(sentence("气温是25", "25", *parts, start=3)) == [("2", 3, 4, 0.0, 0.3), ("5", 4, 5, 0.0, 0.3)]


def test_letters_have_the_times_of_their_syllable() -> None:
    parts = [syllable("hel", 0, 3, 0, 1600), syllable("lo", 3, 5, 1600, 3200)]
    assert [(char, begin) for char, _, _, begin, _ in characters(sentence("hello", "hello", *parts))] == [
        ("h", 0.0), ("e", 0.0), ("l", 0.0), ("l", 0.1), ("o", 0.1)
    ]  # fmt: skip
    assert sentence_object(sentence("hello", "hello", *parts))["words"][0]["syllables"][0]["pinyin"] is None


def test_characters_with_markup_between_them_have_their_own_positions() -> None:
    parts = [syllable("今", 7, 8, 0, 1600), syllable("天", 20, 21, 1600, 3200)]
    assert characters(sentence("今天", "今天", *parts, start=7, stop=21)) == [
        ("今", 7, 8, 0.0, 0.1), ("天", 20, 21, 0.1, 0.2)
    ]  # fmt: skip


def test_what_an_entity_stands_for_stays_together() -> None:
    assert characters(sentence("&", "&", syllable("&", 9, 14, 0, 1600), start=9, stop=14)) == [("&", 9, 14, 0.0, 0.1)]


def test_a_syllable_without_a_written_form_has_no_character() -> None:
    parts = [syllable("", 5, 5, begin, begin + 1600, "ni3") for begin in (0, 1600)]
    assert characters(sentence("好", "", *parts, start=5, stop=5)) == []


@given(st.integers(0, 10**9), st.sampled_from([8000, 11025, 16000, 22050, 24000, 44100, 48000]))
def test_a_sample_can_be_recovered(samples: int, rate: int) -> None:
    document = json.loads(to_json(SpeechTiming((), samples, rate)))
    assert round(document["duration"] * document["sample_rate"]) == samples


def test_a_text_without_sentences_has_a_document() -> None:
    assert json.loads(to_json(SpeechTiming((), 16000, 16000))) == {
        "duration": 1.0, "sample_rate": 16000, "sentences": []
    }  # fmt: skip
