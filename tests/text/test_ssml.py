"""SSML: its elements, attributes, positions and errors."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import RequestError
from server.text.characters import BREAKS, PLACEHOLDER
from server.text.frontend import FrontEnd
from server.text.markup.builder import MAX_TOTAL_PAUSE_SECONDS
from server.text.markup.parser import parse_markup
from server.text.markup.script import Script, SpeakingStyle
from server.text.markup.xml_events import MAX_ATTRIBUTE_CHARACTERS, MAX_DEPTH, MAX_ELEMENTS
from server.text.sentence import Pause, Sentence
from server.text.units.syllables import SYLLABLES
from server.types import Style

NONE, WORD, PHRASE, PAUSE = BREAKS


def speak(content: str) -> Script:
    return parse_markup(f"<speak>{content}</speak>")


def refused(text: str) -> str:
    """The message with which a text is refused."""
    with pytest.raises(RequestError) as error:
        parse_markup(text)
    assert (error.value.param, error.value.code) == ("input", "invalid_ssml")
    str(error.value).encode()
    return str(error.value)


def input_of(text: str, script: Script, char: str) -> str:
    """The input range of the first such character."""
    position = script.text.index(char)
    return text[script.starts[position] : script.ends[position]]


def test_every_character_has_its_input_range() -> None:
    text = "<speak>\r\n𠮷<s>你</s>&lt;&#x4e2d;\r\n<![CDATA[&<]]>b<sub alias='世卫'>WHO</sub>好</speak>"
    script = parse_markup(text)
    assert script.text == "𠮷你<中&<b世卫好"
    spoken = ("𠮷", "你", "<", "中", "&", "b", "世", "卫", "好")
    written = [input_of(text, script, char) for char in spoken]
    assert written == ["𠮷", "你", "&lt;", "&#x4e2d;", "&", "b", "WHO", "WHO", "好"]


@pytest.mark.parametrize(
    ("content", "spoken"),
    [
        ("\n  你好\n  世界\n", "你好世界"),
        ("\n  <s>你好</s>\n  <s>世界</s>\n", "你好世界"),
        ("hello\n   world", "hello world"),
        ("<w>hello</w> <w>world</w>", "hello world"),
        ("OK.\n Next", "OK. Next"),
        ("用\n Python", "用Python"),
        ("你好 世界", "你好 世界"),
        ("他 <prosody rate='fast'> 说 </prosody> 好", "他说好"),
        ("a&#10;&#32;b", "a b"),
    ],
)
def test_layout_is_not_spoken(content: str, spoken: str) -> None:
    script = speak(content)
    assert script.text == spoken
    assert not script.pauses


def test_a_space_covers_all_the_white_space_in_the_input() -> None:
    text = "<speak>a \r\n\t b\r\nc</speak>"
    script = parse_markup(text)
    assert [text[script.starts[at] : script.ends[at]] for at in (1, 3)] == [" \r\n\t ", "\r\n"]


@pytest.mark.parametrize(
    ("element", "text", "pauses"),
    [
        ("<break/>", f"你{PAUSE}好", {}),
        ("<break strength='none'/>", f"你{NONE}好", {}),
        ("<break strength='x-weak'/>", f"你{WORD}好", {}),
        ("<break strength='weak'></break>", f"你{PHRASE}好", {}),
        ("<break strength='medium'/>", f"你{PAUSE}好", {}),
        ("<break strength='strong'/>", "你好", {1: 0.5}),
        ("<break strength='x-strong'/>", "你好", {1: 1.0}),
        ("<break time='500ms'/>", "你好", {1: 0.5}),
        ("<break time='1.5s' strength='weak'/>", "你好", {1: 1.5}),
        ("<break time='0s'/>", "你好", {1: 0.0}),
        ("<break time='60s'/>", "你好", {1: 60.0}),
        ("<break time='1s'/> <break time='.5s'/>", "你好", {1: 1.5}),
    ],
)
def test_a_break_is_a_break_symbol_or_a_silence(element: str, text: str, pauses: dict[int, float]) -> None:
    script = speak(f"你{element}好")
    assert script.text == text
    assert script.pauses == pauses


def test_sentences_begin_at_elements_and_paragraphs_are_separated_by_pauses() -> None:
    script = speak("<p>一<s>二</s></p> <p>三</p>四<p>五</p><break time='2s'/><p>六</p>")
    assert script.text == "一二三四五六"
    assert script.sentence_starts == {1, 2, 3, 4, 5}
    assert script.pauses == {2: 0.35, 3: 0.35, 4: 0.35, 5: 2.0}


@pytest.mark.parametrize(
    ("attributes", "style"),
    [
        ("rate='1.5'", Style(speed=1.5)),
        ("rate='150%'", Style(speed=1.5)),
        ("rate='+50%'", Style(speed=1.5)),
        ("rate='-20%'", Style(speed=0.8)),
        ("rate='x-slow'", Style(speed=0.5)),
        ("pitch='+2st'", Style(pitch=2)),
        ("pitch='-1.5st'", Style(pitch=-1.5)),
        ("pitch='+10%'", Style(pitch=12 * math.log2(1.1))),
        ("pitch='low'", Style(pitch=-2)),
        ("volume='+6dB'", Style(volume=10**0.3)),
        ("volume='80'", Style(volume=0.8)),
        ("volume='-20%'", Style(volume=0.8)),
        ("volume='silent'", Style(volume=0)),
        ("range='1.5'", Style(pitch_range=1.5)),
        ("range='+50%'", Style(pitch_range=1.5)),
        ("range='-12st'", Style(pitch_range=0.5)),
        ("range='0%'", Style(pitch_range=0)),
        ("range='x-high'", Style(pitch_range=1.8)),
        ("pauses='200%'", Style(pauses=2)),
        ("pauses='-40%'", Style(pauses=0.6)),
        ("rate='fast' pitch='high' volume='soft'", Style(speed=1.25, pitch=2, volume=0.5)),
    ],
)
def test_prosody_changes_only_the_style_of_its_content(attributes: str, style: Style) -> None:
    script = speak(f"你<prosody {attributes}>好</prosody>吗")
    assert [each.style for each in script.styles] == [Style(), style, Style()]


def test_the_pause_between_paragraphs_follows_the_factor_on_pauses() -> None:
    pauses = [speak(f"<prosody pauses='{factor}'><p>你</p><p>好</p></prosody>").pauses for factor in ("1", "2")]
    assert pauses == [{1: 0.35}, {1: 0.7}]


def test_nested_prosody_combines_with_the_request() -> None:
    base = SpeakingStyle(Style(speed=2, pitch=1, energy=3, volume=0.5, pitch_range=0.5, pauses=2))
    script = parse_markup(
        "<speak range='2'><prosody rate='1.5' pitch='+2st'><prosody rate='50%' volume='50' range='1.5' pauses='0.75'>好"
        "</prosody></prosody></speak>",
        base,
    )
    assert script.styles[0].style == Style(speed=1.5, pitch=3, energy=3, volume=0.25, pitch_range=1.5, pauses=1.5)
    with pytest.raises(RequestError, match=r"line 1, column 8: .*speed is 6.0; valid: 0.25 to 4"):
        parse_markup("<speak><prosody rate='3'>好</prosody></speak>", base)


def test_the_root_has_the_scales_of_alibaba() -> None:
    script = parse_markup("<speak voice='xiaoyu' rate='250' pitch='-250' volume='100'>好</speak>")
    assert script.styles[0] == SpeakingStyle(Style(speed=1.5, pitch=-6, volume=2), voice="xiaoyu")
    assert parse_markup("<speak rate='-500' volume='50'>好</speak>").styles[0].style == Style(speed=0.5)
    assert parse_markup("<speak rate='2' pitch='+2st'>好</speak>").styles[0].style == Style(speed=2, pitch=2)


def test_a_book_may_have_any_number_of_paragraphs() -> None:
    assert len(speak("<p>好</p>" * 3000).pauses) == 2999


def test_emotion_and_voice_apply_inside_their_element() -> None:
    script = speak("你<emotion category='happy'>好<voice name='zhida'>吗</voice></emotion>呢")
    assert [each.emotion for each in script.styles] == [None, "happy", "happy", None]
    assert [each.voice for each in script.styles] == [None, None, "zhida", None]
    assert not script.warnings


def test_an_intensity_without_effect_gives_a_warning() -> None:
    assert not speak("<emotion category='sad' intensity='1.0'>好</emotion>").warnings
    (warning,) = speak("<emotion category='sad' intensity='1.5'>好</emotion>").warnings
    assert "'1.5'" in warning


@pytest.mark.parametrize(
    ("content", "written"),
    [("ph='chong2 qing4'>重庆", ["重", "庆"]), ("alphabet='pinyin' ph='yi4 dianr3'>一点儿", ["一", "点儿"])],
)
def test_pinyin_is_aligned_with_its_characters(content: str, written: list[str]) -> None:
    text = f"<speak><phoneme {content}</phoneme></speak>"
    script = parse_markup(text)
    assert [text[a:b] for a, b in zip(script.starts, script.ends, strict=True)] == written
    assert list(script.readings) == [0, 1]


def test_pinyin_replaces_content_that_is_not_chinese() -> None:
    text = "<speak>看<phoneme ph='ke1 bi4'>Kobe</phoneme><phoneme ph='LÜ4'/></speak>"
    script = parse_markup(text)
    assert script.text == "看" + PLACEHOLDER * 3
    assert script.readings == {1: "ke1", 2: "bi4", 3: "lv4"}
    assert text[script.starts[2] : script.ends[2]] == "Kobe"


@given(st.sampled_from(sorted(SYLLABLES)), st.sampled_from("12345"))
def test_every_mandarin_syllable_is_valid_pinyin(syllable: str, tone: str) -> None:
    assert speak(f"<phoneme ph='{syllable}{tone}'>啊</phoneme>").readings == {0: syllable + tone}


def test_a_word_element_has_word_boundaries() -> None:
    assert speak("南京<w>市长</w>江大桥，<token>好</token>").text == f"南京{WORD}市长{WORD}江大桥，好"


def test_an_element_without_sound_is_ignored_with_one_warning() -> None:
    script = speak("<metadata><x:y>no</x:y></metadata>你<mark name='1'/>好<mark name='2'/>")
    assert script.text == "你好"
    assert script.warnings == ("<metadata> has no sound and was ignored", "<mark> has no sound and was ignored")


def test_private_characters_of_a_client_are_replaced() -> None:
    script = speak(f"{PLACEHOLDER}{NONE}<sub alias='{PAUSE}'>a</sub><![CDATA[{PLACEHOLDER}]]>")
    assert set(script.text) == {"\ufffd"}


@pytest.mark.parametrize(
    ("text", "line", "column", "message_part"),
    [
        ("<speak>\r\n你<foo/></speak>", 2, 2, "valid: speak, p, s"),
        ("<speak>\r你<s a='1'/></speak>", 2, 2, "<s> has no attribute 'a'"),
        ("<speak>𠮷\n𠮷好<prosody speed='1'/></speak>", 2, 3, "valid: rate, pitch, volume"),
        ("<speak><prosody pitch='200Hz'/></speak>", 1, 8, "cannot be given in hertz"),
        ("<speak><prosody rate='quick'/></speak>", 1, 8, "x-slow"),
        ("<speak><prosody rate='0'/></speak>", 1, 8, "speed is 0"),
        ("<speak><prosody volume='200'/></speak>", 1, 8, "0 to 100"),
        ("<speak><prosody range='20Hz'/></speak>", 1, 8, "range cannot be given in hertz"),
        ("<speak><prosody range='wide'/></speak>", 1, 8, "x-low"),
        ("<speak><prosody range='+999999st'/></speak>", 1, 8, "pitch_range is 512.0; valid: 0 to 3"),
        ("<speak><prosody pauses='long'/></speak>", 1, 8, "a factor as in 1.5"),
        ("<speak pauses='0.2'/>", 1, 1, "pauses is 0.2; valid: 0.25 to 4"),
        ("<speak rate='501'/>", 1, 1, "-500 to 500"),
        ("<speak><break time='61s'/></speak>", 1, 8, "0 to 60 s"),
        ("<speak><break time='-1s'/></speak>", 1, 8, "500ms"),
        ("<speak><break strength='loud'/></speak>", 1, 8, "x-strong"),
        ("<speak><break>好</break></speak>", 1, 15, "<break/>"),
        ("<speak><emotion>好</emotion></speak>", 1, 8, "'category'"),
        ("<speak><emotion category='sad' intensity='3'/></speak>", 1, 8, "0 to 2"),
        ("<speak><emotion category='sad' intensity='nan'/></speak>", 1, 8, "0 to 2"),
        ("<speak><voice gender='male'/></speak>", 1, 8, "valid: name"),
        ("<speak><say-as interpret-as='foo'>1</say-as></speak>", 1, 8, "cardinal"),
        ("<speak><say-as interpret-as='digits' format='x'>1</say-as></speak>", 1, 8, "no format"),
        ("<speak><say-as interpret-as='date' format='x'>1</say-as></speak>", 1, 8, "ymd"),
        ("<speak><say-as interpret-as='digits'><s>1</s></say-as></speak>", 1, 38, "only text"),
        ("<speak><phoneme alphabet='ipa' ph='a'/></speak>", 1, 8, "py, pinyin, x-pinyin"),
        ("<speak><phoneme ph='chong9'>重</phoneme></speak>", 1, 8, "'chong9'"),
        ("<speak><phoneme ph='chogn2'>重</phoneme></speak>", 1, 8, "'chogn2'"),
        ("<speak><sub alias=' '>x</sub></speak>", 1, 8, "'alias'"),
        ("<speak><audio src='http://a/b.wav'/></speak>", 1, 8, "not supported"),
        ("<speak><lexicon uri='http://a/b'/></speak>", 1, 8, "not fetched"),
        ("<speak><speak/></speak>", 1, 8, "outermost"),
        ("<?xml version='1.0'?><p>好</p>", 1, 22, "outermost"),
        ("<?xml version='1.0'?><mark/>", 1, 22, "outermost"),
        ("<speak>你好", 1, 10, "still open"),
        ("<speak>你<s>好</speak>", 1, 13, "<s>"),
        ("<speak>好</speak>你", 1, 17, "one <speak>"),
        ("<speak>\n好 & 坏</speak>", 2, 4, "&amp;"),
        ("<speak>1 < 2</speak>", 1, 11, "&lt;"),
        ("<speak>你&nbsp;好</speak>", 1, 9, "&amp;"),
        ("<speak a='1' a='2'/>", 1, 14, "twice"),
        ("<speak>你\x00</speak>", 1, 9, ""),
        ("<speak>你\x0b</speak>", 1, 9, ""),
        ("<speak>你&#0;</speak>", 1, 9, "no character"),
        ("<speak>你&#xD800;</speak>", 1, 9, "no character"),
        ("\n<speak>你\ud800</speak>", 2, 9, "surrogate"),
        ("<speak>\ufffe</speak>", 1, 8, ""),
    ],
)  # fmt: skip
def test_a_mistake_is_refused_with_its_position_and_the_remedy(
    text: str, line: int, column: int, message_part: str
) -> None:
    message = refused(text)
    assert message.startswith(f"line {line}, column {column}: "), message
    assert message_part in message


BOMB = "".join(f'<!ENTITY x{n} "{f"&x{n - 1};" * 10 if n else "ha" * 10}">' for n in range(12))


@pytest.mark.parametrize(
    "text",
    [
        f"<!DOCTYPE speak [{BOMB}]><speak>&x11;</speak>",
        f'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a "{"a" * 90_000}">]><speak>{"&a;" * 1000}</speak>',
        '<!DOCTYPE speak SYSTEM "file:///etc/passwd"><speak/>',
        '<!DOCTYPE speak [<!ENTITY a SYSTEM "file:///etc/passwd">]><speak>&a;</speak>',
        '<!DOCTYPE speak [<!ENTITY % a SYSTEM "http://localhost:1/a">%a;]><speak/>',
        '<!-- --><!DOCTYPE speak PUBLIC "-//W3C//DTD SYNTHESIS 1.0//EN" "http://localhost:1/synthesis.dtd"><speak/>',
    ],
)
def test_a_document_type_is_refused_before_it_is_parsed(text: str) -> None:
    assert "document type" in refused(text)


@pytest.mark.parametrize(
    "text",
    [
        "<speak><?php echo 1 ?></speak>",
        "<?xml-stylesheet href='a'?><speak/>",
        "<speak>" + "<s>" * (MAX_DEPTH + 1),
        "<speak>" + "<s>" * 100_000,
        "<speak>" + "<s/>" * (MAX_ELEMENTS + 1) + "</speak>",
        f"<speak><sub alias='{'a' * (MAX_ATTRIBUTE_CHARACTERS + 1)}'>a</sub></speak>",
        "<speak " + " ".join(f"a{n}='1'" for n in range(10_000)) + "/>",
        "<speak " + "a" * 200_000,
        "<speak><" + "a" * 200_000 + "/></speak>",
        "<speak>" + "<![CDATA[" * 20_000,
        "<speak>" + "<!--" * 20_000,
        "<speak>" + "&a" * 50_000,
        "<speak>" + "<break time='60s'/>" * int(MAX_TOTAL_PAUSE_SECONDS / 60 + 1) + "</speak>",
        f"<speak><say-as interpret-as='telephone'>{'1' * 100_000}x</say-as></speak>",
        f"<speak><phoneme ph='{'a' * 1000}'>a</phoneme></speak>",
        f"<speak><prosody rate='{'9' * 1000}%'>a</prosody></speak>",
        "<speak><metadata>" + "<a>" * 100_000,
        "<speak><say-as interpret-as='digits'>" + " " * 200_000 + "x</say-as></speak>",
    ],
)
def test_hostile_markup_is_refused_with_a_short_message(text: str) -> None:
    assert len(refused(text)) < 600


def test_the_maximum_depth_is_allowed() -> None:
    depth = MAX_DEPTH - 1
    assert speak("<s>" * depth + "好" + "</s>" * depth).text == "好"


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="<>&"), max_size=8)
WRAPPERS = st.sampled_from(
    [
        ("<s>", "</s>"), ("<p>", "</p>"), ("<w>", "</w>"), ("<prosody rate='120%'>", "</prosody>"),
        ("<emotion category='happy'>", "</emotion>"), ("<voice name='a'>", "</voice>"), ("", "<break/>"),
        ("<break time='100ms'/>", "\r\n"), ("\n  ", "&lt;"), ("<![CDATA[<&]]>", ""), ("<!-- 好 -->", "<mark/>"),
        ("<sub alias='世卫 WHO'>", "</sub>"), ("<phoneme ph='ni3 haor3'>", "</phoneme>"),
        ("<say-as interpret-as='digits'>11</say-as>", "&#x4e2d;"),
    ]
)  # fmt: skip
LEAVES = ("<sub", "<phoneme")
DOCUMENTS = st.recursive(
    TEXT,
    lambda inner: st.tuples(WRAPPERS, st.lists(inner, max_size=4)).map(
        lambda made: made[0][0] + ("好" if made[0][0].startswith(LEAVES) else "".join(made[1])) + made[0][1]
    ),
    max_leaves=12,
)


@given(DOCUMENTS)
def test_input_ranges_never_decrease_and_stay_inside_the_input(content: str) -> None:
    text = f"<speak>{content}</speak>"
    script = parse_markup(text)
    assert len(script.text) == len(script.starts) == len(script.ends) == len(script.styles)
    assert list(script.starts) == sorted(script.starts)
    assert list(script.ends) == sorted(script.ends)
    assert all(0 <= start <= end <= len(text) for start, end in zip(script.starts, script.ends, strict=True))
    assert all(0 <= position <= len(script.text) for position in (*script.sentence_starts, *script.pauses))
    assert all(position < len(script.text) for position in script.readings)


@given(TEXT)
def test_text_without_elements_is_spoken_with_its_characters(text: str) -> None:
    script = parse_markup(f"<speak>{text}</speak>")
    assert script.text.split() == Script.plain(text).text.split()
    for char, start, end in zip(script.text, script.starts, script.ends, strict=True):
        assert char in (f"<speak>{text}"[start:end], " ", "\ufffd")


@given(st.one_of(st.text(), st.text(st.sampled_from("<>/&;!?[]-'\"= \r\nspeakbr你好𠮷\ud800\0"))))
def test_any_text_is_a_script_or_is_refused(text: str) -> None:
    for each in (text, "<speak" + text, f"<speak>{text}</speak>", f"<?xml {text}"):
        try:
            script = parse_markup(each)
        except RequestError as error:
            assert error.code in ("invalid_ssml", "invalid_mark")  # noqa: PT017 - both ends are allowed
            assert str(error).startswith("line ")  # noqa: PT017
            str(error).encode()
        else:
            assert len(script.text) == len(script.styles)


def test_a_script_is_spoken_with_its_styles_breaks_and_readings(front_end: FrontEnd) -> None:
    text = (
        "<speak><p>第<say-as interpret-as='digits'>11</say-as>路，<emotion category='happy'>真好</emotion>。</p>"
        "<p>去<phoneme ph='chong2 qing4'>重庆</phoneme><prosody rate='fast'>吧</prosody><break time='2s'/></p></speak>"
    )
    first, second = front_end.segments(parse_markup(text), speaker="F7", emotion="neutral")
    assert isinstance(first, Sentence)
    assert isinstance(second, Sentence)
    assert first.pinyin == ("di4", "yi1", "yi1", "lu4", "zhen1", "hao3")
    assert (first.pause, second.pause) == (0.35, 2.0)
    assert second.pinyin[1:3] == ("chong2", "qing4")
    emotions = [symbol.split("$")[4] for symbol in first.symbols.split() if symbol[1] != "#"]
    assert emotions == ["emotion_neutral"] * 8 + ["emotion_happy"] * 4
    assert {style.speed for style in second.unit_styles} == {1.0, 1.25}
    assert [text[start:end] for start, end in second.input_spans if start < end] == list("去去重重庆庆吧吧")


def test_a_document_of_silence_is_a_pause(front_end: FrontEnd) -> None:
    script = speak("<break time='3s'/>")
    assert list(front_end.segments(script, speaker="F7", emotion="neutral")) == [Pause(3.0)]


def test_a_reading_without_a_character_begins_a_sentence(front_end: FrontEnd) -> None:
    script = speak("好。<phoneme ph='ke1 bi4'>Kobe</phoneme>来了。")
    segments = front_end.segments(script, speaker="F7", emotion="neutral")
    assert [len(each.pinyin) for each in segments if isinstance(each, Sentence)] == [1, 4]
