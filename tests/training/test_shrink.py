"""A voice whose weights are stored in half says the same."""

import shutil
from pathlib import Path

import numpy as np

from server.text.units.tables import read_symbol_lines
from tests.conftest import GOLDEN, open_voice
from training.voice.shrink import shrink

NAME = "noncausal_16k"


def test_a_shrunk_voice_is_half_as_large_and_says_the_same(voices: Path, tmp_path: Path) -> None:
    shutil.copytree(voices / NAME, tmp_path / NAME)
    shrink(tmp_path / NAME)
    before, after = (
        sum(file.stat().st_size for file in folder.glob("*.onnx")) for folder in (voices / NAME, tmp_path / NAME)
    )
    assert after < 0.75 * before
    whole, small = open_voice(voices / NAME), open_voice(tmp_path / NAME)
    for _, line in read_symbol_lines((GOLDEN / NAME / "symbols.txt").read_text()):
        wanted, made = (voice.utter(voice.tables.encode(line)) for voice in (whole, small))
        np.testing.assert_array_equal(made.score.durations, wanted.score.durations)
        np.testing.assert_allclose(made.mel, wanted.mel, atol=0.02)
        np.testing.assert_allclose(made.audio.samples, wanted.audio.samples, atol=0.02)
