"""Client text is recognized as SSML, inline markup or plain text."""

import pytest

from server.errors import RequestError
from server.text.markup.parser import parse_markup
from server.text.markup.script import Script


@pytest.mark.parametrize(
    "text",
    [
        "<speak>你好</speak>",
        "\ufeff<speak>你好</speak>",
        " \r\n\t<speak version='1.1' xml:lang='zh-CN' xmlns='http://www.w3.org/2001/10/synthesis'>你好</speak>\n",
        '<?xml version="1.0" encoding="GBK"?>\n<speak>你好</speak>',
        "<!-- one --> <!-- two --><speak>你<!-- three -->好</speak>",
        "<speak\n>你<lang xml:lang='zh'>好</lang></speak>",
        "<speak><![CDATA[你]]>&#22909;</speak>",
        "<speak>&#x4f60;好</speak>",
    ],
)
def test_what_begins_with_speak_is_ssml(text: str) -> None:
    assert parse_markup(text).text == "你好"


@pytest.mark.parametrize(
    "text", ["<speaker>你好", "你<speak>好</speak>", "< speak>", "<!-- <speak>", "a < b", "<b>你</b>"]
)
def test_anything_else_is_text(text: str) -> None:
    assert parse_markup(text).text == text


@pytest.mark.parametrize("text", ["重[chong2]庆[pause:abc]", "a[0]", ""])
def test_inline_markup_can_be_turned_off(text: str) -> None:
    assert parse_markup(text, inline=False) == Script.plain(text)


@pytest.mark.parametrize(
    "text", ["字" * 11, "好" + " " * 10, "重[chong2]庆一", "<speak>好</speak>", "<speak>" + "<" * 9]
)
def test_a_text_that_is_too_long_is_refused_before_it_is_parsed(text: str) -> None:
    assert len(text) > 10
    with pytest.raises(RequestError) as error:
        parse_markup(text, max_characters=10)
    assert (error.value.param, error.value.code) == ("input", "input_too_long")
    assert str(error.value) == f"input has {len(text)} characters, the limit is 10; split the text"


@pytest.mark.parametrize("text", ["𠮷" * 10, "重[chong2]庆"[:10], "<speak/>"])
def test_a_text_of_the_maximum_length_is_parsed(text: str) -> None:
    assert parse_markup(text, max_characters=len(text)) == parse_markup(text)
