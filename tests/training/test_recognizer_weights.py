"""Trained recognizers as files, and the embedded voice as the shipped one hears it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("pyworld")

from server.config import RuntimeSection, SynthesisSection  # noqa: E402
from server.runtime.runtime import Runtime  # noqa: E402
from server.synthesis.speech_plan import SpeechPlan  # noqa: E402
from server.synthesis.synthesizer import Synthesizer  # noqa: E402
from server.voices.voice import Voice  # noqa: E402
from training.voice.analysis.features import mel_of_audio  # noqa: E402
from training.voice.evaluate.recognition import recognize  # noqa: E402
from training.voice.evaluate.scoring import Score, score  # noqa: E402
from training.voice.models.recognizer import Recognizer  # noqa: E402
from training.voice.train.recognizer_weights import load_recognizer, write_recognizer  # noqa: E402
from training.voice.train.training_loop import CHECKPOINT_NAME  # noqa: E402

ROOT = Path(__file__).parents[2]
RECOGNIZERS = ROOT / "training/voice/recognizers"
TEXTS = ("今天下午三点我们在学校门口见面。", "火车晚点了二十分钟。", "老师说，只要每天坚持练习，就一定会有进步。")


def test_a_file_holds_what_the_training_folder_holds(tmp_path: Path) -> None:
    torch.manual_seed(1)
    model = Recognizer().eval()
    model.mel_mean.fill_(0.4)
    model.mel_deviation.fill_(0.123456789)
    torch.save({"model": model.state_dict()}, tmp_path / CHECKPOINT_NAME)
    write_recognizer(load_recognizer(tmp_path), tmp_path / "listener.npz")
    loaded = load_recognizer(tmp_path / "listener.npz")
    torch.testing.assert_close(loaded.mel_deviation, model.mel_deviation, rtol=0, atol=0)
    mel = torch.randn(1, 60, 80, generator=torch.Generator().manual_seed(0))
    for one, other in zip(loaded(mel, torch.tensor([60])), model(mel, torch.tensor([60])), strict=True):
        torch.testing.assert_close(one, other, rtol=0.01, atol=0.01)
    assert sorted(path.name for path in tmp_path.iterdir()) == [CHECKPOINT_NAME, "listener.npz"]


def test_what_is_no_recognizer_is_named(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"listener\.npz"):
        load_recognizer(tmp_path)
    command = [sys.executable, "-m", "training.voice.train.recognizer_weights", str(tmp_path), "weights.txt"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "has to end in .npz" in done.stderr


@pytest.mark.parametrize("speaker", ["natural", "female", "male"])
def test_the_embedded_voice_is_understood(speaker: str) -> None:
    runtime = Runtime(RuntimeSection(providers=("cpu",), threads=1))
    synthesizer = Synthesizer(Voice(ROOT / "models/demo"), runtime, SynthesisSection())
    heard: dict[str, Score] = {}
    for name in ("listener", "phonetic"):
        recognizer, heard[name] = load_recognizer(RECOGNIZERS / f"{name}.npz"), Score()
        for text in TEXTS:
            chunks = SpeechPlan.for_text(synthesizer, text, speaker=speaker).speak()
            mel = mel_of_audio(np.concatenate([chunk.samples for chunk in chunks]))
            sentences = synthesizer.sentences(text, speaker=speaker)
            units = [unit.strip("{}").split("$")[:4] for one in sentences for unit in one.symbols.split()]
            recognition = recognize(recognizer, mel)
            assert recognition.style == f"{speaker}-neutral"
            heard[name] += score(units, recognition.tokens)
    assert heard["listener"].syllables == 42
    assert heard["listener"].wrong_syllables <= 2
    assert heard["phonetic"].wrong_syllables <= 6
