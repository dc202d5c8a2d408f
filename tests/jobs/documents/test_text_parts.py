"""Plain text is divided where the parts are spoken as in the whole: compared with the front end of a voice."""

from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.jobs.documents import plain_text
from server.jobs.documents.chapters import is_heading
from server.jobs.documents.plain_text import split_text
from server.synthesis.options import SpeechOptions
from server.synthesis.speech_plan import SpeechPlanner
from server.text.sentence import Pause, Sentence
from tests.conftest import EMBEDDED

SENTENCES = [
    *("今天天气很好，我们去公园。", "他说：“你好吗？”", "她笑了……", "“走吧！”他说。", "价格是3.14元。", "第二天早上"),
    *("Hello world.", "[pause:1s]", "[pause:1s]\n", "好[pause:1s]。\n", "重[chong2]庆很大。", '他说："好。"', "（完）"),
    *("***", "——\n", "\n", "\r\n\r\n", "　　", "真的？！", "1. 第一条", "[他说。你好]", "<speak>不是标记。"),
    *("好😀。", "😀", "《红楼梦》", "一" * 70 + "。", "https://example.com/a?b=1 ", "ｖ２．０。", "—", "]", '"'),
]

# Not SSML, whatever comes next.
texts = st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=30).map(lambda found: "书" + "".join(found))


def spoken(planner: SpeechPlanner, text: str) -> list[tuple[str, float | None, bool]]:
    """What is spoken, and what decides the silence after it: symbols, an explicit pause, the end of a sentence."""
    items = []
    for segment in planner.plan_text(text, SpeechOptions()).segments:
        try:
            for item in segment.synthesizer.sentences(segment.script):
                if isinstance(item, Sentence):
                    items.append((item.symbols, item.pause, item.continues))
                elif isinstance(item, Pause):
                    items.append(("", item.seconds, False))
        except ValueError:  # nothing to speak
            continue
    return items


@pytest.fixture(scope="module")
def planner(demo):
    class Voices:
        aliases = MappingProxyType[str, str]({})

        def voice(self, name=None):
            return demo.voice

        def synthesizer(self, name=None):
            return demo

        def sample_rates(self):
            return {EMBEDDED.name: demo.rate}

    return SpeechPlanner(Voices())


@given(texts)
def test_the_parts_are_spoken_as_in_the_whole(planner, text):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain_text, "PART_CHARACTERS", 12)
        patch.setattr(plain_text, "_MIN_CHARACTERS", 3)
        parts = split_text(text, 10_000)
    assert "".join(part.text for part in parts) == text
    assert [item for part in parts for item in spoken(planner, part.text)] == spoken(planner, text)
    assert not any(part.continues for part in parts)
    # Between two parts is the silence between two sentences: none of them ends with a pause or within a sentence.
    for part in parts[:-1]:
        if items := spoken(planner, part.text):
            assert items[-1][1:] == (None, False)


@given(st.text(alphabet="今天好，。！\n [a]", max_size=300), st.integers(10, 60))
def test_no_part_is_longer_than_the_limit(text, limit):
    parts = split_text(text, limit)
    assert "".join(part.text for part in parts) == text
    assert all(0 < len(part.text) <= limit for part in parts)


def test_parts_end_with_paragraphs():
    paragraph = "今天天气很好，我们一起去公园散步。" * 12 + "\n"
    parts = split_text(paragraph * 10, 10_000)
    assert [len(part.text) for part in parts] == [4 * len(paragraph), 4 * len(paragraph), 2 * len(paragraph)]


def test_a_text_without_sentences_is_divided_at_commas_outside_of_marks():
    text = "天气很好，" * 30 + "重[chong2]庆" * 30
    parts = split_text(text, 50)
    assert "".join(part.text for part in parts) == text
    assert all(part.continues for part in parts[:-1])
    assert all(part.text.count("[") == part.text.count("]") for part in parts)


BOOK = (
    "第一章",
    "第三回 风雪山神庙",
    "第12章：归来",
    "第 一百二十 回",
    "Chapter 7",
    "PART IV",
    "序言",
    "# 开始",
    "  第二卷",
)
NO_BOOK = ("第一章讲了很多事情，我都忘了。", "他走了", "Chapter", "章", "", "第一章" + "长" * 80, "序言里说得好")


@pytest.mark.parametrize("line", BOOK)
def test_headings(line):
    assert is_heading(line)


@pytest.mark.parametrize("line", NO_BOOK)
def test_no_headings(line):
    assert not is_heading(line)


def test_each_chapter_begins_a_part_and_a_table_of_contents_does_not():
    body = "今天天气很好，我们一起去公园散步。\n" * 10
    text = f"书名\n第一章 山\n第二章 水\n第一章 山\n{body}第二章 水\n{body}"
    parts = split_text(text, 10_000)
    assert [(part.chapter, part.heading) for part in parts] == [(0, ""), (1, "第二章 水")]
    assert "".join(part.text for part in parts) == text


@pytest.mark.parametrize("unit", ["第1章]\n", "好。", "[", "。", "第一章\n", '"', "\n", "，"])
def test_a_long_hostile_text_is_divided(unit):
    text = unit * (400_000 // len(unit))  # with the square of its length this would take minutes
    parts = split_text(text, 10_000)
    assert all(len(part.text) <= 10_000 for part in parts)
    assert "".join(part.text for part in parts) == text
