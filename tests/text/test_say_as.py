"""say-as: spoken forms of numbers, dates and characters."""

from collections.abc import Callable

import pytest

from server.errors import RequestError
from server.text.frontend import FrontEnd
from server.text.markup.parser import parse_markup
from server.text.markup.script import Script
from server.text.pronunciation.word_lists import NAME_SURNAME_READINGS
from server.text.sentence import Sentence


def speak(content: str) -> Script:
    return parse_markup(f"<speak>{content}</speak>")


@pytest.mark.parametrize(
    ("kind", "content", "spoken"),
    [
        ("digits", "1024", "一零二四"),
        ("digits", "１２ 3", "一二三"),
        ("cardinal", "1024", "一千零二十四"),
        ("cardinal", "007", "七"),
        ("cardinal", "-1,234.50", "负一千二百三十四点五零"),
        ("number", "3", "三"),
        ("ordinal", "2", "第二"),
        ("ordinal", "第11", "第十一"),
        ("telephone", "+86 138-1234-5678", "八六幺三八幺二三四五六七八"),
        ("telephone", "010-1234转5", "零幺零幺二三四转五"),
        ("time", "2:05", "两点零五分"),
        ("time", "7:30pm", "下午七点三十分"),
        ("characters", "a1号@", "A 一号艾特"),
        ("spell-out", "abc", "A B C"),
        ("verbatim", "浙A 88", "浙 A 八八"),
        ("id", "x_y", "X 下划线 Y"),
        ("currency", "¥13.50", "十三点五元"),
        ("currency", "13,000,000.00RMB", "一千三百万元人民币"),
        ("currency", "20美元", "二十美元"),
        ("measure", "25kg", "二十五千克"),
        ("address", "富路1号楼3单元304", "富路一号楼三单元三零四"),
        ("name", "张三", "张三"),
    ],
)
def test_content_is_read_as_its_kind(kind: str, content: str, spoken: str) -> None:
    text = f"<speak>是<say-as interpret-as='{kind}'> {content} </say-as>的</speak>"
    script = parse_markup(text)
    assert script.text == f"是{spoken}的"
    assert {(script.starts[index], script.ends[index]) for index in range(1, len(script.text) - 1)} == {
        (text.index(content), text.index(content) + len(content))
    }


def test_adjacent_numbers_stay_separate() -> None:
    number = "<say-as interpret-as='number'>{}</say-as>"
    assert speak(number.format(100) + "\n" + number.format(20)).text == "一百 二十"
    assert speak(number.format(100) + number.format(20)).text == "一百 二十"


@pytest.mark.parametrize(
    ("form", "content", "spoken"),
    [
        (None, "2024-03-05", "二零二四年三月五日"),
        (None, "20240305", "二零二四年三月五日"),
        (None, "2024年3月", "二零二四年三月"),
        ("mdy", "3/5/2024", "二零二四年三月五日"),
        ("dmy", "3/5/24", "二四年五月三日"),
        ("ym", "2024.10", "二零二四年十月"),
        ("md", "2-29", "二月二十九日"),
        ("dm", "1/12", "十二月一日"),
        ("y", "1998", "一九九八年"),
        ("m", "2", "二月"),
        ("d", "20", "二十日"),
    ],
)
def test_a_date_is_read_in_the_order_of_its_format(form: str | None, content: str, spoken: str) -> None:
    given_form = f" format='{form}'" if form else ""
    assert speak(f"<say-as interpret-as='date'{given_form}>{content}</say-as>").text == spoken


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("cardinal", "abc"), ("cardinal", "1" * 17), ("cardinal", ""), ("digits", "1a"), ("ordinal", "1.5"),
        ("telephone", "call"), ("date", "2024-13-01"), ("date", "2024-02-30"), ("date", "today"), ("date", "1-2-3-4"),
        ("time", "25:00"), ("time", "8:75"), ("currency", "13"), ("currency", "元"), ("measure", "kg"),
        ("characters", "안"), ("name", "Tom"), ("digits", "1" * 201), ("address", "😀"),
    ],
)  # fmt: skip
def test_content_of_another_kind_is_refused(kind: str, content: str) -> None:
    with pytest.raises(RequestError, match="line 2, column 2: ") as error:
        parse_markup(f"<speak>\n你<say-as interpret-as='{kind}'>{content}</say-as></speak>")
    assert error.value.code == "invalid_ssml"
    message = str(error.value)
    assert "valid" in message or "at most" in message or "not read" in message


@pytest.mark.parametrize("kind", ["digits", "characters", "telephone"])
def test_every_digit_keeps_its_tone(read_script: Callable[[Script], list[Sentence]], kind: str) -> None:
    (sentence,) = read_script(speak(f"是<say-as interpret-as='{kind}'>1417</say-as>"))
    one = "yao1" if kind == "telephone" else "yi1"
    assert sentence.pinyin == ("shi4", one, "si4", one, "qi1")


@pytest.fixture
def read_script(front_end: FrontEnd) -> Callable[[Script], list[Sentence]]:
    return lambda script: front_end.analyze(script, speaker="F7", emotion="neutral")


@pytest.mark.parametrize(
    ("name", "readings"),
    [
        ("单雄信", {0: "shan4"}),
        ("那英", {0: "na1"}),
        ("尉迟恭", {0: "yu4", 1: "chi2"}),
        ("尉健行", {}),
        ("宁浩", {0: "ning2"}),
        ("甯武子", {0: "ning4"}),
        ("张三", {}),
    ],
)
def test_a_name_begins_with_the_reading_of_its_surname(name: str, readings: dict[int, str]) -> None:
    assert speak(f"<say-as interpret-as='name'>{name}</say-as>").readings == readings


@pytest.mark.parametrize("surname", NAME_SURNAME_READINGS)
def test_every_surname_has_one_syllable_per_character(surname: str) -> None:
    assert len(NAME_SURNAME_READINGS[surname].split()) == len(surname)


@pytest.mark.parametrize(
    ("text", "pinyin"),
    [("他姓宁", "ning2"), ("宁先生", "ning2"), ("他姓单", "shan4"), ("那老师", "na4"), ("他姓尉", "wei4")],
)
def test_a_surname_in_plain_text_needs_a_clear_context(front_end: FrontEnd, text: str, pinyin: str) -> None:
    (sentence,) = front_end.analyze(text, speaker="F7", emotion="neutral")
    assert pinyin in sentence.pinyin
