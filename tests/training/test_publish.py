"""A voice that is ready to ship: half as large, and it says where it comes from."""

import shutil
from pathlib import Path

import numpy as np

from server.text.units.tables import read_symbol_lines
from tests.conftest import GOLDEN, open_voice
from training.voice.publish import publish

NAME = "noncausal_16k"


def test_a_published_voice_is_smaller_and_says_the_same(voices: Path, tmp_path: Path) -> None:
    shutil.copytree(voices / NAME, tmp_path / NAME)
    publish(tmp_path / NAME, {"origin": "a test"})
    before, after = (
        sum(file.stat().st_size for file in folder.glob("*.onnx")) for folder in (voices / NAME, tmp_path / NAME)
    )
    assert after < 0.75 * before
    assert open_voice(tmp_path / NAME).voice.manifest.source["origin"] == "a test"
    whole, small = open_voice(voices / NAME), open_voice(tmp_path / NAME)
    for _, line in read_symbol_lines((GOLDEN / NAME / "symbols.txt").read_text()):
        wanted, made = (voice.utter(voice.tables.encode(line)) for voice in (whole, small))
        np.testing.assert_array_equal(made.score.durations, wanted.score.durations)
        np.testing.assert_allclose(made.mel, wanted.mel, atol=0.02)
        np.testing.assert_allclose(made.audio.samples, wanted.audio.samples, atol=0.02)
