"""Files as clients upload them: encodings, lines, subtitles, JSON lines, names; each error has its line."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import RequestError
from server.jobs.documents.decoding import decode
from server.jobs.documents.document import DocumentLimits, read_parts
from server.jobs.documents.file_names import MAX_NAME_BYTES, FileNames, safe_name
from server.jobs.request import JobRequest

LIMITS = DocumentLimits(characters=1_000_000, part_characters=10_000, parts=5000)


def parts(data: str | bytes, kind: str, limits: DocumentLimits = LIMITS):
    request = JobRequest.model_validate({"kind": kind})
    return read_parts(request, data.encode() if isinstance(data, str) else data, limits)


def problem(data: str | bytes, kind: str, limits: DocumentLimits = LIMITS) -> str:
    with pytest.raises(RequestError) as raised:
        parts(data, kind, limits)
    return str(raised.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030", "gbk"])
def test_encodings_are_recognized(encoding):
    text = "第一章　山村\n　　从前有座山，山里有座庙。ABC 123\n"
    assert decode(text.encode(encoding)) == text


def test_utf_16_of_either_order_is_recognized():
    assert decode(b"\xfe\xff" + "你好".encode("utf-16-be")) == "你好"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            "你好，世界。\n今天".encode() + b"\xff" + "天气很好。".encode(),
            "line 2 has the bytes FF, which are not UTF-8",
        ),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "line 2 has control characters (U+001A)"),
        (b"\xff\xfe\x00\xd8", "line 1 has the bytes 00 D8, which are not UTF-16"),
        ("你好".encode()[:-1], "line 1 has the bytes E5 A5, which are not UTF-8"),
    ],
)
def test_what_is_no_text_is_refused_with_its_line(data, expected):
    assert expected in problem(data, "text")


@given(st.binary(max_size=200))
def test_any_bytes_are_text_or_an_error(data):
    with suppress(RequestError):
        assert isinstance(decode(data), str)


def test_control_characters_are_refused_with_their_line():
    assert problem("好\n好\x00好", "text") == "line 2 has control characters (U+0000); remove them"


@pytest.mark.parametrize("kind", ["text", "lines", "srt", "jsonl"])
@pytest.mark.parametrize("data", ["", " \n\n ", "\ufeff"])
def test_an_empty_file_is_refused(kind, data):
    assert "the input is empty" in problem(data, kind)


@pytest.mark.parametrize("kind", ["text", "lines", "srt", "jsonl", "ssml"])
def test_a_text_beyond_the_limit_is_refused(kind):
    assert "the limit of a job is 10" in problem("好" * 11, kind, DocumentLimits(10, 10, 10))


def test_too_many_parts_are_refused():
    assert "the input has 11 parts, the limit is 10" in problem("好\n" * 11, "lines", DocumentLimits(1000, 10, 10))


def test_lines_are_parts_with_numbered_names():
    found = parts("今天天气很好。\r\n\r\n  ../../etc/passwd\nCON\n", "lines")
    assert [(part.text, part.name, part.details["line"]) for part in found] == [
        ("今天天气很好。", "001 今天天气很好。", 1),
        ("../../etc/passwd", "003 .. .. etc passwd", 3),
        ("CON", "004 CON", 4),
    ]


def test_a_line_beyond_the_limit_is_named():
    text = "好\n" + "好" * 10_001
    assert problem(text, "lines") == "line 2 has a text of 10001 characters, the limit is 10000; divide it"


def test_lines_of_a_request():
    request = JobRequest.model_validate({"kind": "lines", "lines": ["一", "二"]})
    assert [part.text for part in read_parts(request, None, LIMITS)] == ["一", "二"]
    for fields in ({"kind": "text", "lines": ["一"]}, {"kind": "lines", "lines": ["一"], "input": "二"}):
        with pytest.raises(RequestError, match="lines belong to kind lines"):
            read_parts(JobRequest.model_validate(fields), None, LIMITS)
    with pytest.raises(RequestError, match="line break in text 1"):
        read_parts(JobRequest.model_validate({"kind": "lines", "lines": ["一\n二"]}), None, LIMITS)


def test_text_that_is_ssml_is_read_as_ssml():
    document = "<speak><p>你好。</p></speak>"
    assert [part.text for part in parts(document, "text")] == [document]
    assert "an SSML document begins with <speak>" in problem("你好", "ssml")


def test_json_lines_have_fields_and_names():
    lines = [
        {"input": "你好", "name": "welcome", "speed": 1.5, "voice": "demo/female"},
        {"input": "再见", "id": 7},
        {"input": "再见", "id": "welcome"},
        {"input": "谢谢"},
    ]
    found = parts("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), "jsonl")
    assert [part.name for part in found] == ["welcome", "7", "welcome (2)", "004 谢谢"]
    assert found[0].fields == {"speed": 1.5, "voice": "demo/female"}
    assert found[1].details == {"line": 2, "id": 7}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("{", "this is not valid JSON"),
        ("[" * 100_000, "this is not valid JSON"),
        ('{"a":' * 100_000, "this is not valid JSON"),
        ("[]", 'write an object such as {"input"'),
        ('{"text": "好"}', "'text' is not a field; valid: speed, speaker"),
        ('{"voice": "demo"}', "input is missing"),
        ('{"input": ""}', "input must be text of at least one character"),
        ('{"input": "  "}', "input is empty"),
        ('{"input": "好\\u0000"}', "input has control characters (U+0000)"),
        ('{"input": "好", "speed": 9}', "speed must be at most 4, not 9"),
        ('{"input": "好", "speed": "fast"}', "speed must be a number"),
        ('{"input": "好", "sample_rate": 8000}', "sample_rate is a field of the job"),
        ('{"input": "好", "response_format": "mp3"}', "response_format is a field of the job"),
        ('{"input": "' + "好" * 10_001 + '"}', "has a text of 10001 characters"),
    ],
)
def test_an_invalid_json_line_is_named(line, expected):
    message = problem('{"input": "好"}\n\n' + line, "jsonl")
    assert message.startswith("line 3")
    assert expected in message
    assert len(message) < 500


def test_a_separator_of_lines_within_json_is_text():
    assert parts('{"input": "好\u2028好"}', "jsonl")[0].text == "好\u2028好"


CUE = "{number}\n{begin} --> {end}\n{text}\n\n"


def subtitles(*cues: tuple[str, str, str]) -> str:
    return "".join(CUE.format(number=n, begin=b, end=e, text=t) for n, (b, e, t) in enumerate(cues, 1))


def test_cues_have_their_times():
    text = subtitles(
        ("00:00:01,500", "00:00:03,000", "你好，<i>世界</i>\n第二行"),
        ("00:00:04,000", "00:00:05,000", "   "),
        ("01:00:00,000", "01:00:02,000", "{\\an8}再见\n2025"),
    )
    found = parts("\ufeff" + text, "srt")
    assert [(part.text, part.slot.begin, part.slot.end, part.details) for part in found if part.slot] == [
        ("你好，世界 第二行", 1.5, 3.0, {"line": 2}),
        ("再见 2025", 3600.0, 3602.0, {"line": 11}),
    ]
    assert [part.name for part in found] == ["001", "002"]


def test_braces_and_backslashes_of_a_cue_are_text_unless_they_are_tags():
    found = parts(subtitles(("00:00:01,000", "00:00:02,000", "{音乐}你好{\\an8}，C:\\news{\n<b>{a</b>}")), "srt")
    assert [part.text for part in found] == ["{音乐}你好，C:\\news{ {a}"]


def test_cues_that_go_backwards_or_overlap_are_ordered_and_reported():
    text = subtitles(
        ("00:00:10,000", "00:00:12,000", "三"),
        ("00:00:01,000", "00:00:03,000", "一"),
        ("00:00:02,000", "00:00:04,000", "二"),
    )
    found = parts(text, "srt")
    assert [part.text for part in found] == ["一", "二", "三"]
    assert found[0].details["warnings"] == [
        "the cue of line 6 begins before the one above it; the order of the times counts",
        "the cue of line 10 begins before that of line 6 ends",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1\n00:00:01 --> x\n好\n", "line 2: this is not a time"),
        ("你好\n", "line 1: a cue begins with its number and its times"),
        (subtitles(("00:00:03,000", "00:00:03,000", "好")), "line 2: the cue ends before it begins"),
        (subtitles(("99:00:00,000", "99:00:01,000", "好")), "line 2: the cue ends after more than 24 hours"),
        (subtitles(("00:00:00,000", "00:00:01,000", "好" * 2001)), "line 2: the cue has more than 2000 characters"),
        (subtitles(("00:00:00,000", "00:00:01,000", "<a" * 5000)), "line 2: the cue has more than 2000 characters"),
    ],
)
def test_invalid_subtitles_are_refused_with_their_line(text, expected):
    assert expected in problem(text, "srt")


def test_thousands_of_cues_are_parts():
    cue = "{0}\n00:{1:02}:{2:02},000 --> 00:{1:02}:{2:02},900\n好\n\n"
    text = "".join(cue.format(n, n // 60 % 60, n % 60) for n in range(3000))
    assert len(parts(text, "srt")) == 3000


@pytest.mark.parametrize("kind", ["text", "lines", "srt", "jsonl", "ssml"])
def test_a_line_of_ten_megabytes_is_refused_or_divided(kind):
    limits = DocumentLimits(20_000_000, 10_000, 20_000)
    if kind == "text":
        assert all(len(part.text) <= 10_000 for part in parts(b"a" * 10_000_000, kind, limits))
    else:
        problem(b"a" * 10_000_000, kind, limits)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("../../etc/passwd", "etc passwd"),
        ("a\x00b\nc", "ab c"),
        ("C:\\x|y?*", "C x y"),
        ("con", "_con"),
        ("LPT1.txt", "_LPT1.txt"),
        ("name. . .", "name"),
        ("\u202egpj.exe", "gpj.exe"),
        ("\ud800", "default"),
        ("...", "default"),
        ("", "default"),
        ("西游记", "西游记"),
    ],
)
def test_names_are_safe(text, name):
    assert safe_name(text, "default") == name


@given(st.lists(st.text(max_size=200) | st.sampled_from(["a", "A", "a (2)", "manifest", "好" * 100]), max_size=20))
def test_names_are_unique_and_valid_on_all_systems(texts):
    names = FileNames()
    found = [names.unique(text, f"{index:03}") for index, text in enumerate(texts)]
    assert len({name.casefold() for name in found} | {"manifest"}) == len(found) + 1
    for name in found:
        assert 0 < len(name.encode()) <= MAX_NAME_BYTES
        assert not set(name) & set('<>:"/\\|?*\0\n')
        assert name == name.strip(" ")
        assert not name.startswith(".")
        assert not name.endswith(".")
