"""What the recognizer of the evaluation is trained on: chains of words at other tempos."""

import numpy as np
import pytest

for package in ("torch", "scipy"):
    pytest.importorskip(package)

from training.voice.models.recognizer import TOKEN_ROWS  # noqa: E402
from training.voice.train.dataset import Statistics, Utterance  # noqa: E402
from training.voice.train.recognizer import CHAIN_TEMPO, Example, at_tempo, chains, example  # noqa: E402

PLAIN = Statistics(np.zeros(80, np.float32), np.ones(80, np.float32), (200.0, 20.0), (1.0, 1.0))
UNITS = (("n_c", "tone2", "s_begin", "word_begin"), ("i_c", "tone2", "s_end", "word_end"), ("#4", *["tone_none"] * 3))


def word(seed: int) -> Example:
    """Three units of 10, 20 and 6 frames; the first mel channel counts the frames."""
    mel = np.zeros((36, 80), np.float16)
    mel[:, 0] = np.arange(36)
    plain = np.full(36, 200, np.float32)
    samples = np.full(36 * 200, seed, np.int16)
    one = Utterance(
        "word-0", "natural", "calm", "", np.array(UNITS), np.array([10, 20, 6]), samples, mel, plain, plain, plain > 0
    )
    return example(one, PLAIN)


def test_tokens_and_frames_are_those_of_the_units() -> None:
    one = word(0)
    assert one.tokens == [TOKEN_ROWS["n_c"], TOKEN_ROWS["i_c2"]]
    assert one.frame_tokens.tolist() == [TOKEN_ROWS["n_c"]] * 10 + [TOKEN_ROWS["i_c2"]] * 20 + [0] * 6


@pytest.mark.parametrize("tempo", [0.5, 1.0, 1.6])
def test_a_tempo_moves_frames_and_their_tokens_alike(tempo: float) -> None:
    faster = at_tempo(word(0), tempo)
    assert len(faster.mel) == len(faster.frame_tokens) == pytest.approx(35 / tempo, abs=1)
    np.testing.assert_allclose(faster.mel[:, 0], np.arange(len(faster.mel)) * tempo, atol=1e-3)
    positions = faster.mel[:, 0].round(3)
    assert (
        faster.frame_tokens
        == np.where(positions < 10, TOKEN_ROWS["n_c"], np.where(positions < 30, TOKEN_ROWS["i_c2"], 0))
    ).all()
    assert faster.tokens == word(0).tokens


def test_words_are_joined_eight_at_a_time() -> None:
    joined = chains([word(n) for n in range(11)], np.random.default_rng(1))
    assert [len(one.tokens) // 2 for one in joined] == [8, 3]
    for one in joined:
        assert len(one.mel) == len(one.frame_tokens)
        words = len(one.tokens) // 2
        assert 35 * words / CHAIN_TEMPO[1] <= len(one.mel) <= 36 * words / CHAIN_TEMPO[0]
        assert (np.diff(one.mel[:, 0]) < 0).sum() == words - 1
