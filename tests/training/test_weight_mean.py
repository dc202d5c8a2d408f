"""The mean of the weights of a training at several times."""

import sys
from argparse import Namespace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from training.voice.train import weight_mean  # noqa: E402
from training.voice.train.training_loop import CHECKPOINT_NAME, load_checkpoint, run_training  # noqa: E402


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """Two checkpoints."""
    for name, steps, value in (("early", 2, 1.0), ("late", 5, 4.0)):
        (tmp_path / name).mkdir()
        weights = {"weight": torch.full((2, 3), value), "counter": torch.tensor(steps)}
        torch.save({"steps": steps, "model": weights, "parts": {}}, tmp_path / name / CHECKPOINT_NAME)
    return [tmp_path / "early", tmp_path / "late"]


def run(monkeypatch: pytest.MonkeyPatch, *arguments: Path) -> None:
    monkeypatch.setattr(sys, "argv", ["weight_mean", *map(str, arguments)])
    weight_mean.main()


def test_weights_are_averaged_and_counters_are_the_last(
    folders: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(monkeypatch, *folders, tmp_path / "mean")
    mean = load_checkpoint(tmp_path / "mean")
    assert mean["steps"] == 5
    assert mean["model"]["weight"].tolist() == [[2.5] * 3] * 2
    assert mean["model"]["counter"] == 5


def test_other_models_missing_checkpoints_and_an_output_that_exists_are_refused(
    folders: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other").mkdir()
    torch.save({"steps": 1, "model": {"weight": torch.zeros(3)}}, tmp_path / "other" / CHECKPOINT_NAME)
    for arguments, message in (
        ((*folders, tmp_path / "other", tmp_path / "mean"), "the checkpoints are of different models"),
        ((*folders, tmp_path / "missing", tmp_path / "mean"), "missing has no checkpoint latest.pth"),
        (folders, "late has a checkpoint already"),
    ):
        with pytest.raises(SystemExit):
            run(monkeypatch, *arguments)
        assert message in capsys.readouterr().err
    assert not (tmp_path / "mean").exists()


def test_a_mean_cannot_be_trained_further(folders: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(monkeypatch, *folders, tmp_path / "mean")
    arguments = Namespace(folder=tmp_path / "mean", steps=9, seed=1, save_every=2)
    with pytest.raises(SystemExit, match="cannot be trained further"):
        run_training(arguments, {"model": torch.nn.Linear(3, 2)}, iter(range(9)), lambda *_: {}, dict)
