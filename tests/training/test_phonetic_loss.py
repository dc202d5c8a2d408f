"""The phonetic loss, by a recognizer with random weights."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from training.voice.analysis.features import mel_of_audio  # noqa: E402
from training.voice.models.recognizer import Recognizer  # noqa: E402
from training.voice.train.phonetic_loss import PhoneticLoss  # noqa: E402
from training.voice.train.spectral_loss import differentiable_mels  # noqa: E402
from training.voice.train.training_loop import CHECKPOINT_NAME  # noqa: E402


@pytest.fixture(scope="module")
def loss(tmp_path_factory: pytest.TempPathFactory) -> PhoneticLoss:
    folder: Path = tmp_path_factory.mktemp("recognizer")
    torch.manual_seed(1)
    torch.save({"model": Recognizer().state_dict()}, folder / CHECKPOINT_NAME)
    return PhoneticLoss(folder, "cpu")


def mels(seed: int, frames: int = 24) -> torch.Tensor:
    return torch.randn(2, frames, 80, generator=torch.Generator().manual_seed(seed))


def test_the_loss_is_zero_for_equal_speech_alone(loss: PhoneticLoss) -> None:
    assert loss(mels(1), mels(1)).item() == pytest.approx(0, abs=1e-6)
    near, far = loss(mels(1) + 0.1 * mels(2), mels(1)), loss(mels(2), mels(1))
    assert 0 < near < far


def test_the_gradient_is_that_of_the_generated_speech_alone(loss: PhoneticLoss) -> None:
    generated, recorded = mels(2).requires_grad_(), mels(1).requires_grad_()
    loss(generated, recorded).backward()
    assert generated.grad is not None
    assert generated.grad.abs().sum() > 0
    assert recorded.grad is None
    step = generated.detach() - 0.01 * generated.grad / generated.grad.norm()
    assert loss(step, mels(1)) < loss(mels(2), mels(1))


def test_padding_does_not_count(loss: PhoneticLoss) -> None:
    lengths = torch.tensor([24, 13])
    generated, recorded = mels(2), mels(1)
    other = generated.clone()
    other[1, 13:] = 7.0
    assert loss(other, recorded, lengths).item() == loss(generated, recorded, lengths).item()
    other[1, 12] = 7.0
    assert loss(other, recorded, lengths).item() != loss(generated, recorded, lengths).item()


def test_differentiable_mels_are_those_of_the_corpus() -> None:
    rng = np.random.default_rng(1)
    samples = (rng.normal(0, 0.1, 6450) * np.linspace(0, 1, 6450)).astype(np.float32)
    computed = differentiable_mels(torch.from_numpy(samples)[None])[0]
    np.testing.assert_allclose(computed, mel_of_audio(samples), atol=1e-5)


def test_differentiable_mels_of_silence_have_finite_gradients() -> None:
    silence = torch.zeros(1, 6400, requires_grad=True)
    differentiable_mels(silence).sum().backward()
    assert silence.grad is not None
    assert torch.isfinite(silence.grad).all()
