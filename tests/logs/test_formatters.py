"""The lines of the log: people's and programs', with requests, and without anything that a client could forge."""

import json
import logging
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.client import Client
from server.errors import SynthesisError
from server.logs.console import ConsoleFormatter
from server.logs.context import RequestContext, current_request, name_client
from server.logs.escaping import escaped
from server.logs.json_lines import JsonLinesFormatter
from server.logs.texts import allow_texts

FORGED = "x\r\n2026-01-01 00:00:00,000 INFO server: all is well"
HOSTILE = (
    FORGED, "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "a\u202eexe.txt", "\u2066a\u2069", "\x00", "\x7f", "\x9b31m",
    "a\u2028b\u2029c", "\ud800", "\ufeff", "\x85", "\U000e0041",
)  # fmt: skip


@pytest.fixture
def request_context():
    context = RequestContext("id-1")
    token = current_request.set(context)
    yield context
    current_request.reset(token)


@pytest.fixture
def texts_allowed():
    allow_texts(True)
    yield
    allow_texts(False)


def record(message: str, *arguments: object, error: BaseException | None = None, **extra: object) -> logging.LogRecord:
    info = (type(error), error, error.__traceback__) if error else None
    made = logging.LogRecord("server.http", logging.INFO, __file__, 1, message, arguments, info)
    made.__dict__.update(extra)
    return made


def raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:
        return caught


def is_harmless(line: str) -> bool:
    return all(unicodedata.category(each) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for each in line)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_nothing_hostile_is_left_of_a_message(hostile):
    line = ConsoleFormatter().format(record("path %s", hostile))
    assert is_harmless(line)
    assert line.isprintable()
    shown = json.loads(JsonLinesFormatter().format(record("path %s", hostile, user_agent=hostile)))
    assert is_harmless(shown["message"])
    assert is_harmless(shown["user_agent"])


@given(st.text())
def test_an_escaped_text_is_one_harmless_line(text):
    line = escaped(text)
    assert is_harmless(line)
    assert len(line.splitlines()) <= 1
    line.encode()


@pytest.mark.parametrize("text", ["你好，世界！", "１２　３", "naïve café", "emoji 🎉", "C:\\folder", ""])
def test_readable_text_stays_as_it_is(text):
    assert escaped(text) == text


def test_a_line_ends_with_the_id_of_its_request(request_context):
    assert ConsoleFormatter().format(record("hello")).endswith(" INFO server.http: hello [id-1]")


def test_a_json_line_has_the_fields_of_the_entry_and_of_the_request(request_context):
    name_client(Client("reception", "192.0.2.1"))
    found = json.loads(JsonLinesFormatter().format(record("a %d", 1, status=200, seconds=0.5)))
    assert found.pop("time").endswith("+00:00")
    assert found == {
        "level": "INFO", "logger": "server.http", "message": "a 1", "status": 200, "seconds": 0.5,
        "request_id": "id-1", "client": "reception",
    }  # fmt: skip


def test_without_a_request_there_is_no_id():
    name_client(Client("nobody"))
    assert "request_id" not in json.loads(JsonLinesFormatter().format(record("hello")))
    assert ConsoleFormatter().format(record("hello")).endswith("hello")


@pytest.mark.parametrize("formatter", [ConsoleFormatter(), JsonLinesFormatter()])
def test_what_an_unexpected_error_says_is_withheld_within_a_request(formatter, request_context):
    inner = raised(KeyError("我的秘密"))
    error = ValueError("我的秘密")
    error.__cause__ = inner
    entry = record("it failed", error=raised(error))
    for _ in range(2):
        logging.Formatter().format(entry)  # keeps the whole traceback in the record
        line = formatter.format(entry)
        assert "秘密" not in line
        assert "ValueError" in line
        assert "KeyError" in line
        assert "test_formatters.py" in line
        assert "logging.texts in config.yaml shows it" in line


@pytest.mark.parametrize("formatter", [ConsoleFormatter(), JsonLinesFormatter()])
def test_it_is_shown_if_texts_are_allowed(formatter, request_context, texts_allowed):
    assert "秘密" in formatter.format(record("it failed", error=raised(ValueError("秘密"))))


@pytest.mark.parametrize("error", [SynthesisError("the model is broken"), OSError(28, "No space left on device")])
def test_what_known_errors_say_is_always_shown(error, request_context):
    assert str(error) in ConsoleFormatter().format(record("it failed", error=raised(error)))


@pytest.mark.parametrize("formatter", [ConsoleFormatter(), JsonLinesFormatter()])
def test_what_libraries_log_of_unexpected_errors_is_withheld_everywhere(formatter):
    entry = record("Task exception was never retrieved", error=raised(ValueError("我的秘密")))
    entry.name = "asyncio"
    assert "秘密" not in formatter.format(entry)
    assert "ValueError" in formatter.format(entry)


def test_what_an_error_says_outside_of_a_request_is_shown():
    assert "at the start" in ConsoleFormatter().format(record("it failed", error=raised(ValueError("at the start"))))


def test_all_errors_of_a_group_are_shown(request_context):
    group = ExceptionGroup("secret group", [raised(SynthesisError("one")), raised(ValueError("two"))])
    line = ConsoleFormatter().format(record("it failed", error=raised(group)))
    assert "server.errors.SynthesisError: one" in line
    assert "ValueError: (the message" in line
    assert "secret" not in line.partition("ExceptionGroup(")[0]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_the_lines_of_a_traceback_cannot_look_like_another_entry(hostile):
    lines = ConsoleFormatter().format(record("it failed", error=raised(SynthesisError(hostile)))).split("\n")
    assert all(line.startswith("    ") for line in lines[1:])
    assert all(map(is_harmless, lines))


def test_an_error_that_leads_to_itself_is_shown_once():
    error = raised(ValueError("a"))
    error.__context__ = other = raised(KeyError("b"))
    other.__context__ = error
    assert ConsoleFormatter().format(record("it failed", error=error)).count("ValueError: a") == 1
    assert sys.exc_info() == (None, None, None)
