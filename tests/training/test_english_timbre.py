"""English in the timbre of the human speaker."""

from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest

for package in ("torch", "pyworld", "soxr", "scipy"):
    pytest.importorskip(package)
pytestmark = pytest.mark.filterwarnings("ignore:pkg_resources:UserWarning")

from training.voice.analysis.f0 import f0_contour  # noqa: E402
from training.voice.corpus.labels import Unit  # noqa: E402
from training.voice.corpus.speakers import HUMAN_SPEAKER, WORD_EMOTION  # noqa: E402
from training.voice.corpus.utterance_file import LabeledSpeech, utterance_path, write_utterance  # noqa: E402
from training.voice.recordings import english  # noqa: E402
from training.voice.recordings.english import (  # noqa: E402
    TimbreMap,
    add_english,
    english_words,
    fit_conversion,
    missing_english,
    phone_means,
)
from training.voice.train.dataset import load_utterances  # noqa: E402

FRAMES = np.array([30, 50, 20])


def vowel(hz: float, formant: float) -> np.ndarray:
    """100 frames; all but the last 20 are harmonics of `hz`, the strongest near the formant."""
    time = np.arange(80 * 200) / 16000
    harmonics = np.arange(1, int(7500 / hz))
    levels = 1 / (1 + ((harmonics * hz - formant) / 400) ** 2) + 0.01
    samples = 0.05 * (levels * np.sin(2 * np.pi * hz * harmonics * time[:, None])).sum(1)
    noise = np.random.default_rng(0).normal(0, 1e-4, 100 * 200)
    return noise + np.pad(samples, (0, 20 * 200))


def write(
    corpus: Path, name: str, phones: tuple[str, str], hz: float, formant: float, speaker: str, emotion: str
) -> None:
    units = [Unit(phones[0], "tone1", "s_begin", "word_begin"), Unit(phones[1], "tone1", "s_end", "word_end")]
    voiced = np.arange(100) < 80
    speech = LabeledSpeech(
        [*units, Unit("#4", "tone_none", "s_none", "word_none")], FRAMES, vowel(hz, formant).astype(np.float32),
        np.full(100, hz, np.float32), voiced,
    )  # fmt: skip
    path = utterance_path(corpus, name)
    write_utterance(path, speech, speaker=speaker, emotion=emotion, text=f"{name}#4", held_out=False)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """espeak-ng's formants are at 900 and 1800 Hz, the human speaker's at 1100 and 2200 Hz."""
    (tmp_path / "utterances").mkdir()
    for number, (phone, formant) in enumerate([("a_c", 900), ("e_c", 1350), ("i_c", 1800)]):
        write(tmp_path, f"0000{number}", ("n_c", phone), 170, formant, "female", "neutral")
        write(tmp_path, f"word-0000{number}", ("n_c", phone), 220, formant * 11 / 9, HUMAN_SPEAKER, WORD_EMOTION)
    write(tmp_path, "00007", ("ae", "eh"), 170, 1000, "female", "happy")
    return tmp_path


def test_a_map_is_found_from_pairs_and_is_a_shift_where_nothing_else_is_known() -> None:
    rng = np.random.default_rng(0)
    source = rng.normal(0, 1, (300, 4))
    slope = np.diag([0.3, 0.0, -0.2, 0.1])
    found = TimbreMap.fit(source, source + source @ slope + 2.0)
    np.testing.assert_allclose(found.shift, 2.0, atol=0.2)
    np.testing.assert_allclose(np.sign(np.diag(found.slope).round(2)), [1, 0, -1, 1])
    np.testing.assert_allclose(found(source.mean(0)), source.mean(0) + found.shift)


def add(corpus: Path) -> list[str]:
    """Adds what is missing, and returns its names."""
    utterances = load_utterances(corpus, held_out=False)
    missing = missing_english(corpus, utterances)
    add_english(corpus, missing, fit_conversion(utterances, processes=1), processes=1)
    return [one.name for one in missing]


def test_english_gets_the_register_and_the_formants_of_the_human_speaker(corpus: Path) -> None:
    assert add(corpus) == ["00007"]
    one = next(one for one in load_utterances(corpus, held_out=False) if one.kind == "english")
    assert (one.name, one.style) == ("english-00007", f"{HUMAN_SPEAKER}-happy")
    assert one.units[:2, 0].tolist() == ["ae", "eh"]
    assert one.frames.tolist() == FRAMES.tolist()
    contour = f0_contour(one.audio())
    expected = 220 * np.exp(english.SENTENCE_SHIFT + english.HUMAN_EMOTIONS["happy"].f0_shift)
    assert np.median(contour.f0[contour.voiced]) == pytest.approx(expected, rel=0.02)
    spectrum = np.abs(np.fft.rfft(one.audio()[4000:12000]))
    hz = np.fft.rfftfreq(8000, 1 / 16000)
    assert (spectrum**2 * hz).sum() / (spectrum**2).sum() > 1040
    assert 20 * np.log10(np.abs(one.audio()[-2000:]).max()) < -55


def test_utterances_that_exist_are_kept(corpus: Path) -> None:
    add(corpus)
    path = utterance_path(corpus, "english-00007")
    before = path.stat().st_mtime_ns
    assert add(corpus) == []
    assert path.stat().st_mtime_ns == before


def test_means_are_by_phone_and_part(corpus: Path) -> None:
    words = [one for one in load_utterances(corpus, held_out=False) if one.kind == "word"]
    with ProcessPoolExecutor(1) as pool:
        means = phone_means(pool, words)
    assert means.keys() == {(phone, part) for phone in ("n_c", "a_c", "e_c", "i_c") for part in range(3)}


def test_without_recorded_words_there_is_no_conversion(corpus: Path) -> None:
    utterances = [one for one in load_utterances(corpus, held_out=False) if one.kind == "espeak"]
    with pytest.raises(SystemExit, match="too few words"):
        fit_conversion(utterances, processes=1)


def test_words_of_mixed_sentences_are_cut_out(corpus: Path) -> None:
    units = [
        Unit("n_c", "tone1", "s_begin", "word_begin"), Unit("a_c", "tone1", "s_end", "word_end"),
        Unit("#1", "tone_none", "s_none", "word_none"), Unit("ae", "tone1", "s_both", "word_both"),
        Unit("#4", "tone_none", "s_none", "word_none"),
    ]  # fmt: skip
    speech = LabeledSpeech(
        units, np.array([10, 20, 0, 50, 20]), vowel(170, 900).astype(np.float32), np.full(100, 170, np.float32),
        np.arange(100) < 80,
    )  # fmt: skip
    path = utterance_path(corpus, "00008")
    write_utterance(path, speech, speaker="female", emotion="neutral", text="na1#1 a#4", held_out=False)
    utterances = load_utterances(corpus, held_out=False)
    (word,) = english_words(utterances, fit_conversion(utterances, processes=1), processes=1)
    assert (word.syllables, word.phones, word.is_english) == (("a",), ["ae"], True)
    assert word.english_units == (units[3],)
    start, end = word.bounds.tolist()
    assert (start, end - start) == (english.MARGIN_FRAMES, 125)
    voiced = word.f0[start:end][word.f0[start:end] > 0]
    assert len(voiced) > 120
    assert np.median(voiced) == pytest.approx(220, rel=0.02)
    contour = f0_contour(word.samples)
    expected = 220 * np.exp(english.SENTENCE_SHIFT)
    assert np.median(contour.f0[contour.voiced]) == pytest.approx(expected, rel=0.02)
