"""The examples of README run as they are written."""

import asyncio
import re
import textwrap
from pathlib import Path

import pytest

from tests.conftest import EMBEDDED

README = EMBEDDED.parents[1] / "README.md"


def test_the_examples_of_the_readme_speak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    section = README.read_text("utf-8").split("\n## Python\n")[1].split("\n## ")[0]
    files, asynchronous = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    (tmp_path / "models").symlink_to(EMBEDDED.parent)
    monkeypatch.chdir(tmp_path)
    exec(files)
    assert Path("hello.mp3").stat().st_size > 1000
    names: dict[str, object] = {}
    exec(f"async def example():\n{textwrap.indent(asynchronous, '    ')}    return chunk", names)
    chunk = asyncio.run(names["example"]())  # type: ignore[operator]
    assert len(chunk.samples)
