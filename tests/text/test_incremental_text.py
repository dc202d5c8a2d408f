"""A text that arrives in pieces: it says what the whole text would have said, and as soon as that is safe."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.errors import NothingToSpeakError, RequestError
from server.text.frontend import FrontEnd
from server.text.incremental.incremental_text import IncrementalText
from server.text.markup.parser import parse_markup
from server.text.markup.script import Script
from server.text.replacements import Replacements
from server.text.sentence import Pause, Sentence, SentenceEnd
from server.text.units.unit_tables import UnitTables

LINES = (Path(__file__).parent / "sentences.txt").read_text(encoding="utf-8").splitlines()
SENTENCES = [line.split("|")[0] for line in LINES if "|" in line]
NEWS = [
    "市气象台今天上午10时30分发布暴雨橙色预警：预计未来6小时内，全市大部分地区将有50毫米以上的降水，局部超过100毫米。\r\n",
    "截至目前，全市共转移群众1,286人，3条地铁线路采取了限速措施……",
    "“我们希望，”王教授说，“年轻人能多读一点儿书。”他今年已经68岁了，还在重庆大学教书——每周三次！\n\n",
    "1. 打开App，登录www.example.com/help?id=3；2. 拨打010-12345678咨询。比赛以3:2结束，iPhone 15 Pro的价格是$999.99。",
    "Large language models, such as GPT-4, write one token at a time. 语音必须马上开始！OK?",
    "這項計劃從三月五日—八日進行，他看著窗外，覺得很乾淨。",
    "我们今天下午一起去北京大学参观图书馆然后回家吃饭看电视睡觉第二天早上再去学校上课下课后打篮球踢足球游泳跑步爬山",
]
PIECES = [
    "重[chong2]庆", "[pause:300ms]", "[pause:1s]", "一点儿[dianr3]", "朝阳[zhao1 yang2]", "[b9]", "[x", "]", "。", "，",
    "！？", "：", "——", "”", "“", "）", '"', "'", " ", "\n", "\r\n", "\r", "3.14", "1.", ". ", "-5℃", "25", "%", "页",
    "2/3", "a", "Hello", " world", "https://a.cn/b?c=1", "😀", "👨\u200d👩\u200d👧", "1\ufe0f\u20e3", "🇨🇳", "№", "の",
    "\ud83d", "\ude00", "\0", "\ufeff", "今天", "不", "一", "长", "个", "你好", "。”",
]  # fmt: skip
MARKUP = [
    "<speak>今天<break time='1s'/>很好。<s>明天呢？</s></speak>",
    "<!-- a > b --> <speak rate='1.2'>&lt;你好&gt;，<![CDATA[</speak>]]>再见。</speak>\n<!-- 完 -->",
    "<speak>好<speak>",
    "<speak><p>一</p><bad/></speak>",
    "<speak/>",
    "<speaker>你好。",
    "< 5，是的。",
    "<speak>好</speak>再见",
    "<!DOCTYPE a>",
]
MIXED = st.lists(st.sampled_from([*PIECES, *PIECES, *SENTENCES[::8], *NEWS]), max_size=14).map("".join)
TEXTS = st.one_of(
    st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=4).map("".join),
    MIXED,
    st.sampled_from([*NEWS, *MARKUP, *(f"\ufeff\n {each}" for each in MARKUP)]),
)
CUTS = st.one_of(st.just(None), st.sets(st.integers(0, 400), max_size=12))


def code_units(text: str) -> list[str]:
    """The UTF-16 code units of a text, as pieces of JSON can have them."""
    encoded = text.encode("utf-16-le", "surrogatepass")
    return [encoded[at : at + 2].decode("utf-16-le", "surrogatepass") for at in range(0, len(encoded), 2)]


def cut(text: str, cuts: Iterable[int] | None) -> list[str]:
    """The pieces of a text between the cuts; None: single code units."""
    units = code_units(text)
    if cuts is None:
        return units
    places = [0, *sorted(place for place in cuts if place < len(units)), len(units)]
    return ["".join(units[start:end]) for start, end in pairwise(places)]


def joined(text: str) -> str:
    """The text as it arrives: two halves of a surrogate pair are one character."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


Item = Sentence | Pause | SentenceEnd


def analyzed(front_end: FrontEnd, script: Script) -> Iterator[Item]:
    """What is spoken of a script; without warnings, and without the indices that the symbols give."""
    try:
        for item in front_end.segments(script, speaker="F7", emotion="neutral"):
            yield replace(item, warnings=(), units=None) if isinstance(item, Sentence) else item  # type: ignore[arg-type]
    except NothingToSpeakError:
        return


def whole(front_end: FrontEnd, text: str) -> tuple[list[Item], str]:
    """What the whole text says, or the message of its error."""
    try:
        return list(analyzed(front_end, parse_markup(text))), ""
    except RequestError as error:
        return [], str(error)


def in_pieces(front_end: FrontEnd, pieces: Iterable[str], *, early: bool = False) -> tuple[list[Item], str]:
    """What the pieces say, and the message of the error that ends them."""
    text = IncrementalText(front_end, early=early)
    items: list[Item] = []
    try:
        for piece in pieces:
            items += [item for script in text.append(piece) for item in analyzed(front_end, script)]
        items += [item for script in text.flush() for item in analyzed(front_end, script)]
    except RequestError as error:
        return items, str(error)
    return items, ""


def readings(items: Iterable[Item]) -> list[tuple[str, tuple[str, ...]]]:
    """The pinyin and the English phones of all syllables."""
    return [
        (syllable.pinyin, syllable.phones)
        for item in items
        if isinstance(item, Sentence)
        for word in item.prosodic_words
        for syllable in word.syllables
    ]


@pytest.fixture(scope="module")
def front_ends(tables_of: Callable[..., UnitTables]) -> Mapping[str, FrontEnd]:
    """Of a voice that reads phones, one with a low limit of units in a sentence, and one that reads bytes."""
    return {
        "phones": FrontEnd(tables_of()),
        "short": FrontEnd(tables_of(longest=60)),
        "bytes": FrontEnd(tables_of(kind="bytes")),
    }


VOICES = st.sampled_from(["phones", "short", "bytes"])


@settings(max_examples=200)
@given(voice=VOICES, text=TEXTS, cuts=CUTS)
def test_pieces_say_what_the_whole_text_says(
    front_ends: Mapping[str, FrontEnd], voice: str, text: str, cuts: set[int] | None
) -> None:
    items, error = in_pieces(front_ends[voice], cut(text, cuts))
    expected, expected_error = whole(front_ends[voice], joined(text))
    assert error == expected_error
    if not error:
        assert items == expected


@settings(max_examples=200)
@given(voice=VOICES, text=TEXTS, cuts=CUTS)
def test_early_clauses_have_the_readings_of_the_whole_text(
    front_ends: Mapping[str, FrontEnd], voice: str, text: str, cuts: set[int] | None
) -> None:
    items, error = in_pieces(front_ends[voice], cut(text, cuts), early=True)
    expected, expected_error = whole(front_ends[voice], joined(text))
    assert error == expected_error
    if not error:
        assert readings(items) == readings(expected)


def left(front_end: FrontEnd, pieces: Iterable[str], *, early: bool = False) -> list[list[str]]:
    """The texts of the scripts that leave with each piece, and at the end."""
    text = IncrementalText(front_end, early=early)
    scripts = [*(text.append(piece) for piece in pieces), text.flush()]
    return [[script.text[script.spoken :] for script in each] for each in scripts]


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (["今天好", "。", "明天"], [[], [], ["今天好。"], ["明天"]]),
        (["今天好。", "”", " ", "明"], [[], [], [], ["今天好。” "], ["明"]]),
        (["好。明天。", "后"], [["好。"], ["明天。"], ["后"]]),
        (["今天好\n", "明"], [[], ["今天好\n"], ["明"]]),
        (["Hello.", " ", "W"], [[], [], ["Hello. "], ["W"]]),
        (["3", ".", "14", "。", "好"], [[], [], [], [], ["3.14。"], ["好"]]),
        (["重", "[chong2", "]庆。", "好"], [[], [], [], ["重庆。"], ["好"]]),
        (["好。", "[pause:", "1s]", "再", "见"], [[], [], [], ["好。"], [], ["再见"]]),
        (["好", "，我来", "了"], [[], [], [], ["好，我来了"]]),
        (["<spe", "ak>好。再见。</spea", "k", "> "], [[], [], [], ["好。再见。"], []]),
        (["<speak><!-- </speak> -->好</speak", " >"], [[], ["好"], []]),
    ],
)
def test_a_sentence_leaves_when_nothing_can_change_it(
    front_end: FrontEnd, pieces: list[str], expected: list[list[str]]
) -> None:
    assert left(front_end, pieces) == expected


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (["今天天气不错", "，", "走", "。", "”再", "见"], [[], ["今天天气不错，"], [], ["走。"], [], [], ["再见"]]),
        (["好的，", "今天天气不错，", "走", "。"], [[], ["好的，今天天气不错，"], [], ["走。"], []]),
        (["今天天气不错，今天", "。"], [["今天天气不错，"], ["今天。"], []]),
        (["今天天气不错，今天。", "好"], [["今天天气不错，今天。"], [], ["好"]]),
        (["Welcome everybody", ",", " ", "sir"], [[], [], ["Welcome everybody,"], [], [" sir"]]),
        (["一共是1", ",", "000元", "。"], [[], [], [], ["一共是1,000元。"], []]),
        (["今天天气不错——", "是吗"], [["今天天气不错——"], [], ["是吗"]]),
        (["今天天气不错，", "\n", "好"], [["今天天气不错，"], ["\n"], [], ["好"]]),
        (["今天天气不错，", "[pause:1s]", "好"], [["今天天气不错，"], [], [""], ["好"]]),
        (["\n", "今天天气不错，", "好"], [[], ["\n", "今天天气不错，"], [], ["好"]]),
        (["好。", "😀", "走"], [["好。"], [], ["😀"], ["走"]]),
    ],
)
def test_with_early_clauses_a_clause_and_a_sentence_leave_with_their_last_character(
    front_end: FrontEnd, pieces: list[str], expected: list[list[str]]
) -> None:
    assert left(front_end, pieces, early=True) == expected


def spoken_early(front_end: FrontEnd, *pieces: str) -> list[Item]:
    return in_pieces(front_end, pieces, early=True)[0]


def test_an_early_clause_continues_without_a_silence(front_end: FrontEnd) -> None:
    clause, rest = spoken_early(front_end, "今天天气不错，", "“我们去公园”吧！")
    assert isinstance(clause, Sentence)
    assert isinstance(rest, Sentence)
    assert (clause.text, clause.continues, clause.break_levels[6]) == ("今天天气不错，", True, 3)
    assert (rest.text, rest.normalized, rest.continues) == ("我们去公园”吧！", "我们去公园吧！", False)
    assert [rest.text[at] for at in rest.origin] == list(rest.normalized)
    assert (rest.written, rest.input_range) == (rest.text, (8, 16))
    (sentence,) = whole(front_end, "今天天气不错，“我们去公园”吧！")[0]
    assert isinstance(sentence, Sentence)
    assert sentence.symbols.endswith(rest.symbols)
    assert sentence.input_spans[-len(rest.input_spans) :] == rest.input_spans
    assert [word.text for word in sentence.words] == [word.text for each in (clause, rest) for word in each.words]


def test_a_sentence_that_ends_after_its_early_clause_is_an_end_of_a_sentence(front_end: FrontEnd) -> None:
    assert spoken_early(front_end, "今天天气不错，", "\n", "好")[1] == SentenceEnd()
    assert spoken_early(front_end, "今天天气不错，", "[pause:1s]", "好")[1] == Pause(1.0)
    assert spoken_early(front_end, "今天天气不错，")[1:] == [SentenceEnd()]


def test_a_number_after_an_early_clause_is_read_in_its_context(front_end: FrontEnd) -> None:
    items = spoken_early(front_end, "请拨打服务热线：", "95588", "，", "谢谢。")
    assert [item.text for item in items if isinstance(item, Sentence)] == ["请拨打服务热线：", "95588，谢谢。"]
    assert readings(items) == readings(whole(front_end, "请拨打服务热线：95588，谢谢。")[0])
    assert readings(items)[7:9] == [("jiu2", ()), ("wu2", ())]


def test_named_emoji_stay_with_their_sentence(tables: UnitTables) -> None:
    naming = FrontEnd(tables, emoji="name")
    assert left(naming, ["好。", "😀", "走"], early=True) == [[], [], ["好。😀"], ["走"]]


@pytest.mark.parametrize("word", ["不错，我们", "。”", "”"])
def test_a_replaced_word_is_not_divided(tables: UnitTables, word: str) -> None:
    front_end = FrontEnd(tables, replacements=Replacements.of({word: "很好"}))
    pieces = ["今天天气不错，", "我们走。", "”", "吧"]
    assert left(front_end, pieces, early=True) == [[], [], [], ["今天天气不错，我们走。”"], ["吧"]]


def test_what_is_flushed_is_a_text_of_its_own(front_end: FrontEnd) -> None:
    text = IncrementalText(front_end)
    scripts = [*text.append(" 一点"), *text.flush(), *text.append("儿[er2]"), *text.flush(), *text.flush()]
    scripts += [*text.append("<speak>好"), *text.append("</speak> "), *text.flush(), *text.append("。<speak>好")]
    assert [script.text for script in scripts] == [" 一点", "儿", "好", "。"]
    assert [script.continues for script in scripts] == [False, False, False, True]
    assert [(script.starts[0], script.ends[-1]) for script in scripts] == [(0, 3), (3, 4), (16, 17), (26, 27)]


def test_a_half_of_a_surrogate_pair_at_the_end_is_reported_like_that_of_a_whole_text(front_end: FrontEnd) -> None:
    text = IncrementalText(front_end)
    assert text.append("好\ud83d") == []
    (script,) = text.flush()
    (sentence,) = front_end.analyze(script, speaker="F7", emotion="neutral")
    assert sentence.text == "好\ud83d"
    assert "U+D83D" in sentence.warnings[0]
    assert text.append("\ude00走") == []
    (script,) = text.flush()
    assert script.text == "\ude00走"


@pytest.mark.parametrize(
    ("pieces", "message"),
    [
        (["一。\r", "\n重[chong2]", "庆[q", "ing4 x1]"], "line 2, column 11: 'x1' is not a Mandarin syllable"),
        (["好。\n[pause:9", "9s]"], "line 2, column 1: '99s' is not a valid pause"),
        (["好。", "[pause:60s]" * 11], "line 1, column 113: the pauses up to here are longer than 600 s"),
        (["<speak>好", "</spook>"], "line 1, column 9: this end tag does not match"),
        (["<speak>好</speak>", " \n", "再见"], "line 2, column 1: there is text after </speak>"),
        (["\n<speak>好<bre", "ak time='1x'/></speak>"], "line 2, column 9: '1x' is not a valid pause"),
        (["<speak>\ud83d", "好</speak>"], "line 1, column 8: half of a surrogate pair"),
    ],
)
def test_an_error_has_its_place_in_the_whole_text(front_end: FrontEnd, pieces: list[str], message: str) -> None:
    _, error = in_pieces(front_end, pieces)
    assert error.startswith(message)
    assert error == whole(front_end, "".join(pieces))[1]
    text = IncrementalText(front_end)
    for piece in pieces[:-1]:
        text.append(piece)
    with pytest.raises(RequestError):
        text.append(pieces[-1])


@pytest.mark.parametrize("text", ["<speak>好", "<speak>好<!-- ", "<!DOCTYPE speak", "<speak>好</speak><!-- "])
def test_a_document_that_does_not_end_is_an_error_at_its_end(front_end: FrontEnd, text: str) -> None:
    pieces = IncrementalText(front_end)
    for char in text:
        pieces.append(char)
    with pytest.raises(RequestError, match="line 1, column") as refused:
        pieces.flush()
    assert str(refused.value) == whole(front_end, text)[1]


def test_a_text_that_becomes_too_long_is_refused_with_the_piece_that_exceeds_the_limit(front_end: FrontEnd) -> None:
    text = IncrementalText(front_end, max_characters=10)
    assert [script.text for script in text.append("今天好。明天好。")] == ["今天好。"]
    assert [script.text for script in text.flush()] == ["明天好。"]
    assert text.append("好\ud83d") == []
    assert text.characters == 9
    with pytest.raises(RequestError, match="input has 11 characters, the limit is 10") as refused:
        text.append("\ude00。")
    assert (refused.value.param, refused.value.code) == ("input", "input_too_long")


def test_brackets_are_text_without_inline_marks(front_end: FrontEnd) -> None:
    text = IncrementalText(front_end, inline=False)
    scripts = [*text.append("重[chong2]庆。[pause:1s"), *text.flush()]
    assert [(script.text, script.readings) for script in scripts] == [("重[chong2]庆。", {}), ("[pause:1s", {})]


def test_chinese_characters_wait_for_a_mark_that_can_change_them(front_end: FrontEnd) -> None:
    run = "一会儿大学" * 30
    syllables = " ".join(["yi2 huir4 dai4 xue2"] * 20)
    marked = f"{run}[{syllables}]吧。"
    assert in_pieces(front_end, marked) == whole(front_end, marked)
    text = IncrementalText(front_end, inline=False)
    assert [len(text.append(char)) for char in run[:70]][-10:].count(1) == 1


def test_each_character_of_a_long_text_is_scanned_once(tables: UnitTables, monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[str] = []

    def length_of(char: str, **options: bool) -> int:
        measured.append(char)
        return 3

    monkeypatch.setattr("server.text.frontend.estimate_spoken_length", length_of)
    text = IncrementalText(FrontEnd(tables))
    scripts: list[Script] = []
    source = "".join(SENTENCES * 3)[:10_000]
    for char in source:
        scripts += text.append(char)
    scripts += text.flush()
    assert "".join(script.text for script in scripts) == source
    assert len(measured) < 1.2 * len(source)
