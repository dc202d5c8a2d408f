"""The human speaker: recordings are fetched, cleaned, read and aligned."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

for package in ("torch", "pyworld", "soxr", "scipy"):
    pytest.importorskip(package)
pytestmark = pytest.mark.filterwarnings("ignore:pkg_resources:UserWarning")

import soundfile  # noqa: E402

from training.voice.analysis.f0 import f0_contour  # noqa: E402
from training.voice.analysis.features import FRAME_RATE  # noqa: E402
from training.voice.recordings import source  # noqa: E402
from training.voice.recordings.alignment import Aligner, WordFeatures  # noqa: E402
from training.voice.recordings.cleaning import LEVEL_DBFS, clean  # noqa: E402
from training.voice.recordings.readings import other_readings, read_word  # noqa: E402
from training.voice.recordings.style import SCALE  # noqa: E402


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


class TestSource:
    @pytest.fixture
    def repository(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A repository like that of the recordings, with one word."""
        folder = tmp_path / "repository"
        (folder / source.FOLDER).mkdir(parents=True)
        (folder / source.FOLDER / "cmn-你好.mp3").write_bytes(b"speech")
        (folder / "README.md").write_text(f"| {source.SPEAKER_CREDIT} | {source.SPEAKER_LICENSE} |\n")
        git(folder, "init", "--quiet")
        git(folder, "add", ".")
        git(folder, "commit", "--quiet", "-m", "recordings")
        monkeypatch.setattr(source, "COMMIT", git(folder, "rev-parse", "HEAD"))
        return folder

    def test_recordings_are_fetched_once(self, repository: Path, tmp_path: Path) -> None:
        fetched = source.fetch(tmp_path / "fetched", str(repository))
        assert [text for text, _ in source.recording_files(fetched)] == ["你好"]
        assert source.fetch(tmp_path / "fetched", "/nowhere") == fetched

    def test_a_changed_recording_is_refused(self, repository: Path, tmp_path: Path) -> None:
        fetched = source.fetch(tmp_path / "fetched", str(repository))
        (fetched / "cmn-你好.mp3").write_bytes(b"something else")
        with pytest.raises(SystemExit, match="not as in commit"):
            source.fetch(tmp_path / "fetched", str(repository))

    def test_another_license_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "README.md").write_text(f"| {source.SPEAKER_CREDIT} | all rights reserved |\n")
        with pytest.raises(SystemExit, match="does not say"):
            source.check_license(tmp_path / "README.md")

    def test_without_a_network_a_folder_can_be_named(self, tmp_path: Path) -> None:
        with pytest.raises(SystemExit, match="--recordings FOLDER"):
            source.fetch(tmp_path / "fetched", str(tmp_path / "nowhere"))

    def test_patterns_are_not_words(self, tmp_path: Path) -> None:
        for name in ("cmn-从_到_.mp3", "cmn-名字.mp3", "名字.mp3", "cmn-名字.txt"):
            (tmp_path / name).touch()
        assert [text for text, _ in source.recording_files(tmp_path)] == ["名字"]
        (tmp_path / "cmn-名字.mp3").unlink()
        with pytest.raises(SystemExit, match="has no files like"):
            list(source.recording_files(tmp_path))


class TestCleaning:
    RATE = 22050

    def write(self, path: Path, *parts: float) -> Path:
        """Tones of 220 Hz of these durations in seconds; negative ones are silence."""
        rng = np.random.default_rng(0)
        signal = [
            np.sin(2 * np.pi * 220 * np.arange(int(abs(part) * self.RATE)) / self.RATE) * (0.2 if part > 0 else 0)
            for part in (-0.3, *parts, -0.3)
        ]
        samples = np.concatenate(signal)
        hum = 0.01 * np.sin(2 * np.pi * 50 * np.arange(len(samples)) / self.RATE)
        soundfile.write(path, samples + hum + rng.normal(0, 1e-4, len(samples)), self.RATE)
        return path

    def test_a_recording_is_trimmed_leveled_and_scaled(self, tmp_path: Path) -> None:
        cleaned = clean(self.write(tmp_path / "cmn-啊.wav", 0.5), "啊")
        assert cleaned is not None
        assert len(cleaned.samples) / 16000 == pytest.approx(0.5 / SCALE + 11 / FRAME_RATE, abs=0.04)
        contour = f0_contour(cleaned.samples)
        assert np.median(contour.f0[contour.voiced]) == pytest.approx(220 * SCALE, rel=0.01)
        middle = cleaned.samples[4000:6000]
        assert 10 * np.log10((middle**2).mean()) == pytest.approx(LEVEL_DBFS, abs=1)
        assert np.abs(cleaned.samples[:600]).max() < 0.01

    def test_a_word_that_was_read_in_two_parts_is_left_out(self, tmp_path: Path) -> None:
        assert clean(self.write(tmp_path / "cmn-啊.wav", 0.3, -0.6, 0.3), "啊") is None


def test_words_are_read_with_sandhi_and_corrections() -> None:
    assert read_word("你好") == ("ni2", "hao3")
    assert read_word("得") == ("dei3",)
    assert read_word("女人") == ("nv3", "ren2")
    assert read_word("A") is None
    assert ("chang2",) in other_readings("长")
    assert other_readings("长城") == []


def test_the_aligner_finds_the_boundaries_of_sounds_that_differ() -> None:
    rng = np.random.default_rng(1)
    phones = ["m_c", "a_c", "n_c", "i_c", "l_c", "u_c"]
    sounds = {phone: rng.normal(0, 3, 8) for phone in ["silence", *phones]}
    words, labels, expected = [], [], []
    for _ in range(120):
        chosen = [str(phone) for pair in rng.permutation(3)[:2] for phone in phones[2 * pair : 2 * pair + 2]]
        durations = [20, *rng.integers(15, 50, 4), 20]
        features = np.repeat([sounds[name] for name in ("silence", *chosen, "silence")], durations, axis=0)
        features = (features + rng.normal(0, 0.3, features.shape)).astype(np.float32)
        words.append(WordFeatures(features, np.full(len(features), 200, np.float32)))
        labels.append(chosen)
        expected.append(np.cumsum(durations)[:-1])
    aligner = Aligner(phones)
    aligner.train(words, labels)
    assert aligner.knows(phones)
    assert not aligner.knows(["zh_c"])
    errors = []
    for bounds, truth in zip(aligner.align(words, labels), expected, strict=True):
        assert bounds is not None
        errors.append(np.abs(bounds - truth).max())
    assert np.median(errors) <= 4  # the delays that were measured on speech are subtracted
    right = aligner.log_likelihood(words[0], labels[0])
    assert right > aligner.log_likelihood(words[0], labels[0][2:] + labels[0][:2])
