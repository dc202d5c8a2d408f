"""SSML is divided where its parts are spoken as in the whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import RequestError
from server.jobs.documents import ssml_document
from server.jobs.documents.ssml_document import ssml_parts
from server.text.markup.parser import parse_markup
from server.text.sentence import Pause, Sentence

PARAGRAPHS = [
    *(
        "<p>今天天气很好。</p>",
        "<p>没有句号</p>",
        "<p><s>你好。</s><s>再见！</s></p>",
        "<p>等等。<break time='1s'/></p>",
    ),
    *(
        "<p><break time='1s'/>慢。</p>",
        "<p>他说<sub alias='啊'>a。</sub></p>",
        "<p><prosody rate='fast'>快。</prosody></p>",
    ),
    *("外面的字。", "<p/>", "<p>&#20320;好？</p>", "<s>一句。</s>", "<break time='2s'/>", " \n", "<p>“引号。”</p>"),
]
SPEAK = ["<speak>", "<speak rate='slow'>", "<speak\n  version='1.0'\n>\n"]

documents = st.tuples(st.sampled_from(SPEAK), st.lists(st.sampled_from(PARAGRAPHS), min_size=1, max_size=8))


def spoken(demo, text):
    """What is spoken, with the pauses and the positions in the text."""
    items = []
    for item in demo.sentences(parse_markup(text)):
        if isinstance(item, Sentence):
            items.append((item.symbols, item.pause, item.continues, item.unit_styles, item.input_range))
        elif isinstance(item, Pause):
            items.append(("", item.seconds))
    return items


def moved(place, start):
    """A range of the text, moved; the seconds of a pause as they are."""
    return tuple(position + start for position in place) if isinstance(place, tuple) else place


@given(documents)
def test_the_parts_are_spoken_as_in_the_whole(demo, document):
    head, body = document
    text = f"{head}书{''.join(body)}</speak>"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssml_document, "PART_CHARACTERS", 10)
        parts = ssml_parts(text)
    found = []
    for part in parts:
        start = part.details["start"]
        found += [(*item[:-1], moved(item[-1], start)) for item in spoken(demo, part.text)]
        assert bool(part.details.get("continues")) == (part is not parts[-1])
    assert found == spoken(demo, text)


def test_a_book_is_divided():
    text = "<speak>\n" + "<p>今天天气很好，我们一起去公园散步。</p>\n" * 200 + "</speak>"
    parts = ssml_parts(text)
    assert len(parts) > 4
    assert sum(part.characters for part in parts) == len(text)
    assert parts[2].text.startswith("<speak>\n")


SHORT = ("<speak/>", "<speak></speak>", "<speak>你好</speak>", "<!-- 一 --><speak>你好。</speak>")


@pytest.mark.parametrize("text", SHORT)
def test_a_short_document_is_one_part(text):
    assert [part.text for part in ssml_parts(text)] == [text]


def test_an_error_has_its_line_in_the_whole():
    with pytest.raises(RequestError, match="line 3, column 1"):
        ssml_parts("<speak><p>好。</p>\n\n<nothing/></speak>")
