"""Writes a page on which recordings, copy synthesis and speech can be heard side by side."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from training.voice.analysis.features import SAMPLE_RATE

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Sounds of the evaluation</title>
<style>body {{ font-family: sans-serif }} td, th {{ padding: 4px 8px; text-align: left }}</style>
<table><tr><th></th>{columns}</tr>
{rows}
</table></html>
"""


@dataclass(frozen=True, slots=True)
class SoundRow:
    """One text in several versions."""

    name: str
    """Prefix of the file names."""
    title: str
    sounds: Mapping[str, NDArray[np.float32]]
    """(samples,) at 16 kHz, by the name of the version."""


def write_sound_page(folder: Path, rows: Sequence[SoundRow]) -> None:
    """Writes index.html and the sounds as WAV files."""
    folder.mkdir(parents=True, exist_ok=True)
    versions = list(dict.fromkeys(version for row in rows for version in row.sounds))
    lines = []
    for row in rows:
        cells = [f"<th>{html.escape(row.title)}</th>"]
        for version in versions:
            if version not in row.sounds:
                cells.append("<td></td>")
                continue
            file = f"{row.name}-{version.replace(' ', '-')}.wav"
            soundfile.write(folder / file, row.sounds[version], SAMPLE_RATE, subtype="PCM_16")
            cells.append(f'<td><audio controls preload="none" src="{html.escape(file)}"></audio></td>')
        lines.append(f"<tr>{''.join(cells)}</tr>")
    columns = "".join(f"<th>{html.escape(version)}</th>" for version in versions)
    (folder / "index.html").write_text(PAGE.format(columns=columns, rows="\n".join(lines)), encoding="utf-8")
