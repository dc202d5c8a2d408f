"""The log of a program: where it goes, its levels, and its texts."""

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from server.config import Config, LoggingSection
from server.logs.setup import configure_logging, reconfigure
from server.logs.texts import allow_texts, log_text

ROOT = Path(__file__).parents[2]
PROGRAM = """
import logging
from server.config import LoggingSection
from server.logs.setup import configure_logging
from server.logs.texts import log_text
configure_logging(LoggingSection(**{section!r}))
logging.getLogger("server.a").info("info")
logging.getLogger("server.a").warning("attention\\n%s", "x")
logging.getLogger("server.b").debug("detail")
log_text("秘密")
"""


def lines_of(**section: object) -> list[str]:
    """What a program writes to its standard error."""
    program = PROGRAM.format(section=section)
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=True)
    assert ran.stdout == b""
    return ran.stderr.decode().splitlines()


@pytest.fixture
def restored():
    yield
    configure_logging(LoggingSection())
    allow_texts(False)


def test_lines_for_people():
    lines = lines_of()
    assert [line.split(" ", 2)[2] for line in lines] == ["INFO server.a: info", r"WARNING server.a: attention\nx"]


def test_lines_for_programs():
    found = [json.loads(line) for line in lines_of(format="json", level="warning")]
    assert [(each["level"], each["logger"], each["message"]) for each in found] == [
        ("WARNING", "server.a", r"attention\nx")
    ]


def test_loggers_have_levels_of_their_own():
    lines = lines_of(levels={"server.a": "error", "server.b": "debug"})
    assert [line.split(" ", 2)[2] for line in lines] == ["DEBUG server.b: detail"]


def test_texts_are_logged_only_if_they_are_asked_for():
    assert not any("秘密" in line for line in lines_of(level="debug", levels={"server.texts": "debug"}))
    assert any("秘密" in line for line in lines_of(texts=True))


def test_a_new_configuration_takes_back_the_levels_of_the_old_one(restored, caplog):
    reconfigure(Config.model_validate({"logging": {"levels": {"server.x.y": "error"}, "texts": True}}))
    assert logging.getLogger("server.x.y").level == logging.ERROR
    log_text("一")
    reconfigure(Config.model_validate({"logging": {"level": "debug"}}))
    assert logging.getLogger("server.x.y").level == logging.NOTSET
    assert logging.getLogger().level == logging.DEBUG
    log_text("二")
    assert [entry.getMessage() for entry in caplog.records if entry.name == "server.texts"] == ["text: 一"]


def test_the_handlers_of_a_program_stay(restored):
    before = list(logging.getLogger().handlers)
    assert before
    configure_logging(LoggingSection(format="json"))
    assert logging.getLogger().handlers == before


def test_the_log_of_a_worker_is_as_configured():
    program = (
        "import sys, logging, server.jobs.distribution as distribution; from server.cli import main; "
        "distribution.run_worker = lambda *_: logging.getLogger('server.a').warning('attention') or 0; "
        "sys.exit(main(['worker', '--set', 'logging.format=json']))"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(ran.stderr)["message"] == "attention"
