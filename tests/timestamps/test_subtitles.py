"""SubRip and WebVTT: a cue a sentence, divided at its breaks, and read back as it was written."""

import io
import re
from collections.abc import Callable
from itertools import pairwise

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.timestamps.cues import MAX_CUE_SECONDS, MAX_CUE_WIDTH, cues
from server.timestamps.srt import to_srt
from server.timestamps.webvtt import to_webvtt
from server.types import SentenceTiming, SpeechTiming

Say = Callable[..., SentenceTiming]
Speech = Callable[..., SpeechTiming]


def read_back(text: str, demuxer: str) -> list[tuple[int, int, str]]:
    """The cues as FFmpeg reads them: begin and end in milliseconds, and the text with its tags."""
    with av.open(io.BytesIO(text.encode()), format=demuxer) as container:
        (stream,) = container.streams
        scale = float(stream.time_base) * 1000
        return [
            (round(packet.pts * scale), round((packet.pts + packet.duration) * scale), bytes(packet).decode())
            for packet in container.demux(stream)
            if packet.size
        ]


def test_a_sentence_is_a_cue_from_its_first_to_its_last_word(say: Say, speech: Speech) -> None:
    first = say("“今天”很好。", ("今天", 800), "很", "好", pause=8000)
    timing = speech(first, say("对，25。", ("对", 1600), ("25", 1600), begin=16000))
    assert to_srt(timing) == (
        "1\n00:00:00,050 --> 00:00:00,450\n“今天”很好。\n\n2\n00:00:01,100 --> 00:00:01,500\n对，25。\n"
    )
    assert to_webvtt(timing) == (
        "WEBVTT\n\n00:00:00.050 --> 00:00:00.450\n“今天”<00:00:00.250>很<00:00:00.350>好。\n\n"
        "00:00:01.100 --> 00:00:01.500\n对，<00:00:01.300>25。\n"
    )


def test_an_opening_quote_belongs_to_the_word_after_it(say: Say, speech: Speech) -> None:
    (cue,) = cues(speech(say("他说：“（好）”。", "他", "说", "好")))
    assert [word.text for word in cue.words] == ["他", "说：", "“（好）”。"]


def test_hours_are_written(say: Say, speech: Speech) -> None:
    timing = speech(say("好", "好", begin=16000 * (3 * 3600 + 4 * 60 + 5)))
    assert "03:04:05,000 --> 03:04:05,100" in to_srt(timing)
    assert "03:04:05.000 --> 03:04:05.100" in to_webvtt(timing)


def test_subtitles_of_nothing_are_empty(speech: Speech) -> None:
    assert to_srt(speech()) == ""
    assert to_webvtt(speech()) == "WEBVTT\n"


def test_a_word_without_a_written_form_has_no_cue(say: Say, speech: Speech) -> None:
    timing = speech(say("“”", ("“", 0)), say(" ", (" ", 0)))
    assert [cue.text for cue in cues(timing)] == ["“”"]


def test_a_long_sentence_is_divided_at_its_punctuation(say: Say, speech: Speech) -> None:
    first, second = "今天天气很好我们一起去公园，", "散步然后回家吃晚饭明天还要上班。"
    words = [(char, 0) for char in first + second if char not in "，。"]
    assert [cue.text for cue in cues(speech(say(first + second, *words)))] == [first, second]


def test_a_long_sentence_without_punctuation_is_divided_at_a_pause(say: Say, speech: Speech) -> None:
    text = "天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收"
    words = [(char, 3200 if char == "日" else 0) for char in text]
    assert [cue.text for cue in cues(speech(say(text, *words)))] == [text[:8], text[8:]]


def test_a_long_sentence_without_any_break_is_divided_in_the_middle(say: Say, speech: Speech) -> None:
    text = "天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收"
    assert [cue.text for cue in cues(speech(say(text, *text)))] == [text[:11], text[11:]]


def test_a_slow_sentence_is_divided(say: Say, speech: Speech) -> None:
    timing = speech(say("你好吗", "你", ("好", 80000), ("吗", 80000)))
    assert [cue.text for cue in cues(timing)] == ["你好", "吗"]


def test_a_long_word_stays_whole(say: Say, speech: Speech) -> None:
    assert [cue.text for cue in cues(speech(say("a" * 99, "a" * 99)))] == ["a" * 99]


def test_white_space_and_control_characters_stay_on_one_line(say: Say, speech: Speech) -> None:
    assert [cue.text for cue in cues(speech(say("你\r\n\u2028\x00好\ud800", "你", "好")))] == ["你   好"]


@pytest.mark.parametrize("text", ["a-->b", "<i>a</i>b", "{\\an8}a &amp; b", "a & b", "--> 1 a b"])
def test_markup_in_a_text_is_text(text: str, say: Say, speech: Speech) -> None:
    timing = speech(say(text, "a", "b"), say("好", "好", begin=16000))
    (_, _, shown), (_, _, following) = read_back(to_srt(timing), "srt")
    assert shown.replace("\u200b", "") == text
    assert following == "好"
    assert not re.search(r"<[a-z/]|-->|{\\", shown)
    (_, _, shown), (_, _, following) = read_back(to_webvtt(timing), "webvtt")
    plain = re.sub("<[0-9:.]+>", "", shown)
    assert plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == text
    assert not re.search("[<>]", plain)
    assert following == "好"


@given(
    words=st.lists(
        st.tuples(st.sampled_from(["好", "天气", "25", "hello", "a"]), st.integers(0, 20000)), min_size=1, max_size=40
    ),
    signs=st.lists(st.sampled_from(["", "，", " ", "<", "&", "-->", "\n"]), min_size=40, max_size=40),
)
def test_cues_are_in_order_and_read_back(
    say: Say, speech: Speech, words: list[tuple[str, int]], signs: list[str]
) -> None:
    text = "".join(word + sign for (word, _), sign in zip(words, signs, strict=False))
    timing = speech(say(text, *words))
    made = list(cues(timing))
    assert "".join(cue.text for cue in made).split() == text.split() or len(made) > 1
    assert all(cue.begin < cue.end for cue in made)
    assert all(before.end <= after.begin for before, after in pairwise(made))
    for cue in made:
        assert len(cue.words) == 1 or cue.end - cue.begin <= MAX_CUE_SECONDS * 1000 + 1
        assert len(cue.words) == 1 or sum(1 + (char > "\xff") for char in cue.text) <= MAX_CUE_WIDTH
    expected = [(cue.begin, cue.end) for cue in made]
    assert [(begin, end) for begin, end, _ in read_back(to_srt(timing), "srt")] == expected
    assert [(begin, end) for begin, end, _ in read_back(to_webvtt(timing), "webvtt")] == expected
    for line in to_webvtt(timing).splitlines():
        inner = [int(each) for each in re.findall(r"<\d+:\d+:\d+\.(\d+)>", line)]
        assert len(inner) == len(re.findall("<", line))
