"""The modules of the page: their types, their style, and the unit tests of what has logic."""

import json
import subprocess
from collections import Counter
from pathlib import Path
from typing import get_args

import pytest

from server.http.openapi.error_codes import ERROR_CODES
from server.http.static_files import FOLDER
from server.references.analysis.recording_warnings import WarningCode as RecordingWarningCode
from server.text.text_warning import WarningCode as TextWarningCode
from tests.clients.conftest import requires

HERE = Path(__file__).parent
TOOLS = HERE.parent / "node_modules" / ".bin"

pytestmark = [
    requires("node"),
    pytest.mark.skipif(not (TOOLS / "tsc").exists(), reason=f"run `npm ci` in {HERE.parent}"),
]


def passes(*command: str | Path) -> None:
    result = subprocess.run(command, cwd=HERE.parents[2], capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stdout + result.stderr


def test_types() -> None:
    passes(TOOLS / "tsc", "--project", HERE / "tsconfig.json")


def test_style() -> None:
    passes(TOOLS / "eslint", "--config", HERE / "eslint.config.js", FOLDER / "page", HERE / "unit")


def test_folders_stay_small() -> None:
    modules = Counter(file.parent for file in (FOLDER / "page").rglob("*.js"))
    assert {str(folder): count for folder, count in modules.items() if count > 12} == {}


def test_every_error_and_warning_of_the_server_has_words_in_chinese() -> None:
    script = """
      import {messages} from "./server/http/static/page/i18n/messages.js";
      const {errorCodes, text, reference} = messages("zh");
      const known = (code) => errorCodes.known(code, "") !== null;
      const {errors, texts, recordings} = JSON.parse(process.argv[1]);
      console.log(JSON.stringify([
        ...errors.filter((code) => !known(code)),
        ...texts.filter((code) => !(code in text.warnings)),
        ...recordings.filter((code) => !(code in reference.warnings)),
      ]));
    """
    codes = {
        "errors": [error.code for error in ERROR_CODES],
        "texts": get_args(TextWarningCode),
        "recordings": get_args(RecordingWarningCode),
    }
    command = ("node", "--input-type=module", "--eval", script, json.dumps(codes))
    printed = subprocess.run(command, cwd=HERE.parents[2], capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(printed.stdout) == []


def test_units() -> None:
    passes("node", "--test", *sorted((HERE / "unit").glob("*.test.js")))
