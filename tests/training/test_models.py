"""The torch models of the recipe agree with the original code."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

torch = pytest.importorskip("torch")

from tests.conftest import GOLDEN  # noqa: E402
from training.voice.models.config import HIFIGAN_CONFIG  # noqa: E402
from training.voice.models.discriminators import Discriminators, generator_losses  # noqa: E402
from training.voice.models.hifigan import Generator, initialize_weights  # noqa: E402
from training.voice.models.sambert import Batch, Sambert  # noqa: E402
from training.voice.models.vocabulary import EMOTION_ROWS, UNIT_VOCABULARIES  # noqa: E402
from training.voice.train.training_loop import frozen  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:.*weight_norm:FutureWarning")
"""The newer weight norm of torch has other tensor names than KAN-TTS's checkpoints."""
PACKAGES = ("noncausal_16k", "nsf_24k")
"""Voices like that of the recipe: phones, one speaker table, no filled pauses."""
FRAMES_PER_STEP = 3
POSTNET_LOOKAHEAD = 12

TABLES = {
    "sy": "text_encoder.sy_emb", "tone": "text_encoder.tone_emb", "syllable_flag": "text_encoder.syllable_flag_emb",
    "word_segment": "text_encoder.ws_emb", "emotion": "emo_tokenizer", "speaker": "spk_tokenizer",
}  # fmt: skip


def weights(folder: Path) -> Any:
    return torch.load(folder / "ckpt" / "checkpoint_0.pth", weights_only=True)["model"]


def params(folder: Path, model: str) -> dict[str, Any]:
    return yaml.safe_load((folder / "config.yaml").read_text())["Model"][model]["params"]


def utterances(name: str) -> Iterator[tuple[Batch, dict[str, np.ndarray]]]:
    """Inputs of the original, without durations and mels yet, and its outputs."""
    arrays = np.load(GOLDEN / name / "expected.npz")
    for number, line in enumerate((GOLDEN / name / "symbols.txt").read_text().splitlines()):
        symbols = [unit.strip("{}").split("$") for unit in line.split("\t")[1].split()]
        expected = {key[3:]: arrays[key] for key in arrays if key.startswith(f"u{number}_")}
        units = len(symbols)
        rows = [
            [names.index(field) for names, field in zip(UNIT_VOCABULARIES, symbol, strict=False)] for symbol in symbols
        ]
        emotions = [EMOTION_ROWS[symbol[4].removeprefix("emotion_")] for symbol in symbols]
        frame_units = np.repeat(np.arange(units), expected["duration"])
        starts = np.cumsum(expected["duration"]) - expected["duration"]
        positions = np.arange(len(frame_units)) - starts[frame_units] + 1
        missing = -len(frame_units) % FRAMES_PER_STEP
        inputs = {
            "unit_rows": np.array(rows), "emotions": np.array(emotions),
            "speakers": np.zeros(units, int), "unit_mask": np.ones(units, bool),
            "durations": np.zeros(units, np.float32),
            "pitch": expected["pitch"], "energy": expected["energy"],
            "frame_units": np.pad(frame_units, (0, missing), constant_values=-1),
            "frame_positions": np.pad(positions, (0, missing)).astype(np.float32),
            "mel": np.zeros((len(frame_units) + missing, expected["mel"].shape[1]), np.float32),
        }  # fmt: skip
        yield Batch(**{key: torch.from_numpy(array)[None] for key, array in inputs.items()}), expected


@pytest.mark.parametrize("name", PACKAGES)
def test_sambert_agrees_with_the_original(name: str) -> None:
    """The model is teacher-forced: each pass with its own outputs as inputs makes one more step correct."""
    folder = GOLDEN / name / "voices" / name / "am"
    state = weights(folder)
    sizes = {field: len(state[f"{table}.weight"]) for field, table in TABLES.items()}
    model = Sambert(params(folder, "KanTtsSAMBERT") | sizes).eval()
    model.load_state_dict(state)
    for batch, expected in utterances(name):
        with torch.no_grad():
            for _ in range(len(expected["duration"])):
                batch = replace(batch, durations=torch.expm1(model(batch).log_durations))
            for _ in range(batch.mel.shape[1] // FRAMES_PER_STEP):
                outputs = model(batch)
                batch = replace(batch, mel=outputs.decoded)
        np.testing.assert_array_equal((batch.durations[0] + 0.5).long().numpy(), expected["duration"])
        np.testing.assert_allclose(outputs.pitch[0].numpy(), expected["pitch"], atol=1e-5)
        np.testing.assert_allclose(outputs.energy[0].numpy(), expected["energy"], atol=1e-5)
        # The original's postnet also reads the padding of the last step.
        complete = len(expected["mel"]) - (POSTNET_LOOKAHEAD if batch.frame_units[0, -1] < 0 else 0)
        np.testing.assert_allclose(outputs.mel[0, :complete].numpy(), expected["mel"][:complete], atol=1e-5)


@pytest.mark.parametrize("name", ["noncausal_16k", "se_nsf_global_16k"])
def test_hifigan_agrees_with_the_original(name: str) -> None:
    folder = GOLDEN / name / "voices" / name
    model = Generator(params(folder / "voc", "Generator")).eval()
    model.load_state_dict(weights(folder / "voc")["generator"])
    for _, expected in utterances(name):
        mel = torch.from_numpy(expected["mel"])
        f0, voicing = torch.zeros(len(mel)), torch.zeros(len(mel))
        if model.source_module:
            f0, voicing = (mel[:, -2] * 700 + 30).clamp(min=30), (mel[:, -1] >= 0.6).float()
        with torch.no_grad():
            outputs = model(mel[None, :, :80].mT, f0[None], voicing[None], random=False)
        # The original accumulates the phase in float32, which alone changes its audio by 2e-4.
        tolerance = 1e-3 if model.source_module else 1e-5
        np.testing.assert_allclose(outputs[0].numpy(), expected["audio"].ravel(), atol=tolerance)


def test_mixed_precision_changes_the_audio_little() -> None:
    torch.manual_seed(0)
    model, mel = Generator(HIFIGAN_CONFIG), torch.randn(1, 80, 20)
    initialize_weights(model)
    f0, voicing = torch.full((1, 20), 150.0), torch.ones(1, 20)
    with torch.no_grad():
        expected = model(mel, f0, voicing, random=False)
        with torch.autocast("cpu", torch.bfloat16):
            audio = model(mel, f0, voicing, random=False)
    assert audio.dtype == torch.float32
    difference = audio - expected
    assert 0 < difference.norm() < 0.04 * expected.norm()  # AMX rounds more often than AVX512-BF16


def test_frozen_discriminators_train_the_generator_alone() -> None:
    torch.manual_seed(0)
    discriminators, generated = Discriminators(), torch.randn(1, 3000, requires_grad=True)
    with frozen(discriminators):
        adversarial, features = generator_losses(discriminators(torch.randn(1, 3000)), discriminators(generated))
        (adversarial + features).backward()
    assert generated.grad is not None
    assert generated.grad.abs().sum() > 0
    assert all(parameter.grad is None and parameter.requires_grad for parameter in discriminators.parameters())
