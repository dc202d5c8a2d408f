"""Inline markup: readings and pauses in plain text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import RequestError
from server.text.characters import PLACEHOLDER
from server.text.frontend import FrontEnd
from server.text.markup.parser import parse_markup
from server.text.markup.script import Script, SpeakingStyle
from server.types import Style

MARKED = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "重庆",
                "点儿",
                "a1",
                "[",
                "]",
                "[chong2]",
                "[chong2 qing4]",
                "[dianr3]",
                "[pause:1s]",
                "[1]",
                "[b2]",
                "\n",
            ]
        ),
        st.text(max_size=4),
    ),
    max_size=12,
).map("".join)


def refused(text: str) -> str:
    with pytest.raises(RequestError) as error:
        parse_markup(text)
    assert (error.value.param, error.value.code) == ("input", "invalid_mark")
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "spoken", "readings"),
    [
        ("重[chong2]庆", "重庆", {0: "chong2"}),
        ("去重庆[chong2 qing4]吧", "去重庆吧", {1: "chong2", 2: "qing4"}),
        ("重[chong2]庆[qing4]", "重庆", {0: "chong2", 1: "qing4"}),
        ("一点儿[dianr3]", "一点", {1: "dianr3"}),
        ("一点儿[yi4 dianr3]", "一点", {0: "yi4", 1: "dianr3"}),
        ("点[dianr3]", "点", {0: "dianr3"}),
        ("女儿[nü3 er2]", "女儿", {0: "nv3", 1: "er2"}),
        ("吕[ Lv3 ]", "吕", {0: "lv3"}),
        ("居[jv1]", "居", {0: "ju1"}),
    ],
)
def test_pinyin_in_brackets_reads_the_characters_before_it(text: str, spoken: str, readings: dict[int, str]) -> None:
    script = parse_markup(text)
    assert script.text == spoken
    assert script.readings == readings
    for position, reading in readings.items():
        written = text[script.starts[position] : script.ends[position]]
        assert written == spoken[position] + ("儿" if reading == "dianr3" and "儿" in text else "")


@pytest.mark.parametrize(
    ("text", "spoken", "pauses"),
    [
        ("好[pause:300ms]吗", "好吗", {1: 0.3}),
        ("好[pause:1.5s]", "好", {1: 1.5}),
        ("[Pause: 2 s]好", "好", {0: 2.0}),
        ("好[pause：1s][pause:0.5s]吗", "好吗", {1: 1.5}),
    ],
)
def test_a_pause_has_the_given_length(text: str, spoken: str, pauses: dict[int, float]) -> None:
    script = parse_markup(text)
    assert script.text == spoken
    assert script.pauses == pauses


@pytest.mark.parametrize(
    "text",
    ["[1]", "数组[i]", "他说[sic]的", "a[0]", "[chong2]", "a[chong2]", "重 [chong2]", "重[]", "重[chong2", "[pause]",
     "[[1]]", "重[chong2\nqing4]", f"{PLACEHOLDER}[chong2]", "图[2]", "重[12]"],
)  # fmt: skip
def test_other_brackets_are_text(text: str) -> None:
    assert parse_markup(text) == Script.plain(text) or parse_markup(text).text == Script.plain(text).text
    assert not parse_markup(text).readings
    assert not parse_markup(text).warnings


def test_invalid_pinyin_is_text_with_a_warning() -> None:
    script = parse_markup("见图[fig2]和重[chogn2]")
    assert script.text == "见图[fig2]和重[chogn2]"
    assert [warning.split("'")[1] for warning in script.warnings] == ["[fig2]", "[chogn2]"]


@pytest.mark.parametrize(
    ("text", "line", "column", "message_part"),
    [
        ("好\n𠮷重[chong9]", 2, 3, "tone digits 1 to 5"),
        ("重庆[chong2 qin9]", 1, 3, "'qin9'"),
        ("重庆[chong2 qign4]", 1, 3, "'qign4'"),
        ("a庆[chong2 qing4]", 1, 3, "2 syllables for 1 characters"),
        ("重[chong2]庆[chong2 qing4]", 1, 11, "重庆[chong2 qing4]"),
        ("好[pause:abc]", 1, 2, "500ms"),
        ("好[pause:61s]", 1, 2, "60 s"),
        ("好[pause:]", 1, 2, "500ms"),
        ("好" + "[pause:60s]" * 11, 1, 112, "600 s"),
    ],
)
def test_invalid_markup_is_refused_with_its_position(text: str, line: int, column: int, message_part: str) -> None:
    message = refused(text)
    assert message.startswith(f"line {line}, column {column}: ")
    assert message_part in message


def test_inline_markup_can_be_turned_off() -> None:
    text = "重[chong2]庆[pause:abc]"
    assert parse_markup(text, inline=False) == Script.plain(text)


@given(st.text())
def test_text_without_brackets_is_plain(text: str) -> None:
    text = text.replace("[", "").replace("<", "")
    assert parse_markup(text) == Script.plain(text)


@given(MARKED)
def test_every_character_outside_of_markup_is_kept(text: str) -> None:
    style = SpeakingStyle(Style(speed=2))
    try:
        script = parse_markup(text, style)
    except RequestError as error:
        assert str(error).startswith("line ")  # noqa: PT017 - a refusal is allowed too
        return
    plain = Script.plain(text).text
    assert list(script.styles) == [style] * len(script.text)
    assert list(script.starts) == sorted(script.starts)
    assert list(script.ends) == sorted(script.ends)
    assert "".join(plain[start] for start in script.starts) == script.text
    if not script.readings and not script.pauses:
        assert script.text == plain


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, "[pause:1s" * 10_000, "重[chong2 " * 10_000, "重" * 50_000 + "[chong2 qing4]",
     "重[" + "a1 " * 30_000 + "]",     "[a" * 50_000, "[pause:" + "1" * 380 + "x]"],
)  # fmt: skip
def test_hostile_brackets_are_parsed_quickly(text: str) -> None:
    try:
        assert len(parse_markup(text).text) <= len(text)
    except RequestError as error:
        assert len(str(error)) < 300  # noqa: PT017


def test_a_given_reading_is_spoken(front_end: FrontEnd) -> None:
    first, second = front_end.analyze(parse_markup("银行的行[xing2]长[pause:1s]来了"), speaker="F7", emotion="neutral")
    assert first.pinyin[3] == "xing2"
    assert first.pause == 1.0
    assert second.text == "来了"
