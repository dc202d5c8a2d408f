"""The tables of docs/reliability.md name tests that exist, and all tests of this folder."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "docs" / "reliability.md").read_text("utf-8"))


def names_in(file: Path) -> set[str]:
    functions = ast.walk(ast.parse(file.read_text("utf-8")))
    return {
        node.name
        for node in functions
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


def test_every_test_that_is_named_exists():
    assert len(NAMED) > 40
    assert [f"{path}::{name}" for path, name in NAMED if name not in names_in(ROOT / path)] == []


def test_every_test_of_this_folder_is_named():
    here = {
        (file.relative_to(ROOT).as_posix(), name)
        for file in Path(__file__).parent.glob("test_*.py")
        if file != Path(__file__)
        for name in names_in(file)
    }
    assert here - set(NAMED) == set()
