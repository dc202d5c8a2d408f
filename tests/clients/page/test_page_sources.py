"""The modules of the page: their types, their style, and the unit tests of what has logic."""

import subprocess
from collections import Counter
from pathlib import Path

import pytest

from server.http.static_files import FOLDER
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


def test_units() -> None:
    passes("node", "--test", *sorted((HERE / "unit").glob("*.test.js")))
