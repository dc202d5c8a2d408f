"""Converted voices compute what the original PyTorch code computed; tests/golden holds both. Float32 throughout.

The original computes an NSF source's phase in float32, which alone moves its audio by up to 2e-4; ours is exact.
"""

from collections.abc import Callable

import numpy as np
import pytest

from server.synthesis.synthesizer import Synthesizer, Trace
from server.text.units.unit_tables import read_symbol_lines
from tests.conftest import GOLDEN, PACKAGES

Golden = Callable[[str], Synthesizer]


def utterances(synthesizer: Synthesizer) -> list[tuple[Trace, dict[str, np.ndarray]]]:
    folder = GOLDEN / synthesizer.voice.name
    expected = np.load(folder / "expected.npz")
    pairs = []
    for index, (_, symbols) in enumerate(read_symbol_lines((folder / "symbols.txt").read_text())):
        trace = synthesizer.synthesize(synthesizer.tables.encode(symbols), source_noise=False)
        prefix = f"u{index}_"
        pairs.append((trace, {key.removeprefix(prefix): expected[key] for key in expected if key.startswith(prefix)}))
    return pairs


@pytest.mark.parametrize("name", PACKAGES)
def test_every_stage_agrees_with_the_original(name: str, golden: Golden) -> None:
    synthesizer = golden(name)
    tolerance = 1e-3 if synthesizer.voice.manifest.vocoder.harmonics else 1e-5
    for trace, expected in utterances(synthesizer):
        np.testing.assert_array_equal(trace.prosody.durations, expected["duration"])
        np.testing.assert_allclose(trace.prosody.pitch, expected["pitch"], atol=1e-5)
        np.testing.assert_allclose(trace.prosody.energy, expected["energy"], atol=1e-5)
        np.testing.assert_allclose(trace.mel, expected["mel"], atol=1e-5)
        np.testing.assert_allclose(trace.audio.samples, expected["audio"], atol=tolerance)


def test_filled_pauses_are_inserted_as_the_original_does(golden: Golden) -> None:
    synthesizer = golden("filled_pause_8k")
    lines = read_symbol_lines((GOLDEN / "filled_pause_8k" / "symbols.txt").read_text())
    for (trace, _), (_, symbols) in zip(utterances(synthesizer), lines, strict=True):
        inserted = len(trace.prosody.durations) - len(synthesizer.tables.encode(symbols))
        assert inserted > 0
        assert inserted % 3 == 0
