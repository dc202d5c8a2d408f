"""The models that the recipe trains compute what the original code computed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

torch = pytest.importorskip("torch")

from tests.conftest import GOLDEN  # noqa: E402
from training.voice.hifigan import Generator  # noqa: E402
from training.voice.sambert import Batch, Sambert  # noqa: E402
from training.voice.vocabulary import EMOTION_ROWS, FIELDS  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:.*weight_norm:FutureWarning")
"""The newer form of weight norm names its tensors differently than KAN-TTS's checkpoints do."""
PACKAGES = ("noncausal_16k", "nsf_24k")
"""Voices of the kind that the recipe trains: phones, one speaker table, no filled pauses."""
FRAMES_PER_STEP = 3
LOOKAHEAD = 12

TABLES = {
    "sy": "text_encoder.sy_emb", "tone": "text_encoder.tone_emb", "syllable_flag": "text_encoder.syllable_flag_emb",
    "word_segment": "text_encoder.ws_emb", "emotion": "emo_tokenizer", "speaker": "spk_tokenizer",
}  # fmt: skip


def weights(folder: Path) -> Any:
    return torch.load(folder / "ckpt" / "checkpoint_0.pth", weights_only=True)["model"]


def params(folder: Path, model: str) -> dict[str, Any]:
    return yaml.safe_load((folder / "config.yaml").read_text())["Model"][model]["params"]


def utterances(name: str) -> Iterator[tuple[Batch, dict[str, np.ndarray]]]:
    """What the original was given, nothing of the melody known yet, and what it made of it."""
    arrays = np.load(GOLDEN / name / "expected.npz")
    for number, line in enumerate((GOLDEN / name / "symbols.txt").read_text().splitlines()):
        symbols = [unit.strip("{}").split("$") for unit in line.split("\t")[1].split()]
        wanted = {key[3:]: arrays[key] for key in arrays if key.startswith(f"u{number}_")}
        units = len(symbols)
        rows = [[names.index(field) for names, field in zip(FIELDS, symbol, strict=False)] for symbol in symbols]
        emotions = [EMOTION_ROWS[symbol[4].removeprefix("emotion_")] for symbol in symbols]
        owner = np.repeat(np.arange(units), wanted["duration"])
        place = np.arange(len(owner)) - (np.cumsum(wanted["duration"]) - wanted["duration"])[owner] + 1
        missing = -len(owner) % FRAMES_PER_STEP
        given = {
            "features": np.array(rows), "emotions": np.array(emotions),
            "speakers": np.zeros(units, int), "known": np.ones(units, bool), "durations": np.zeros(units, np.float32),
            "pitch": wanted["pitch"], "energy": wanted["energy"],
            "owner": np.pad(owner, (0, missing), constant_values=-1),
            "place": np.pad(place, (0, missing)).astype(np.float32),
            "mel": np.zeros((len(owner) + missing, wanted["mel"].shape[1]), np.float32),
        }  # fmt: skip
        yield Batch(**{key: torch.from_numpy(array)[None] for key, array in given.items()}), wanted


@pytest.mark.parametrize("name", PACKAGES)
def test_sambert_agrees_with_the_original(name: str) -> None:
    """The models see whole targets. Given their own outputs again and again, they get one step further each time."""
    folder = GOLDEN / name / "voices" / name / "am"
    state = weights(folder)
    sizes = {field: len(state[f"{table}.weight"]) for field, table in TABLES.items()}
    model = Sambert(params(folder, "KanTtsSAMBERT") | sizes).eval()
    model.load_state_dict(state)
    for batch, wanted in utterances(name):
        with torch.no_grad():
            for _ in range(len(wanted["duration"])):
                batch = replace(batch, durations=torch.expm1(model(batch).log_durations))
            for _ in range(batch.mel.shape[1] // FRAMES_PER_STEP):
                made = model(batch)
                batch = replace(batch, mel=made.decoded)
        np.testing.assert_array_equal((batch.durations[0] + 0.5).long().numpy(), wanted["duration"])
        np.testing.assert_allclose(made.pitch[0].numpy(), wanted["pitch"], atol=1e-5)
        np.testing.assert_allclose(made.energy[0].numpy(), wanted["energy"], atol=1e-5)
        # The original's postnet also reads the frames that fill up the last step.
        complete = len(wanted["mel"]) - (LOOKAHEAD if batch.owner[0, -1] < 0 else 0)
        np.testing.assert_allclose(made.mel[0, :complete].numpy(), wanted["mel"][:complete], atol=1e-5)


@pytest.mark.parametrize("name", ["noncausal_16k", "se_nsf_global_16k"])
def test_hifigan_agrees_with_the_original(name: str) -> None:
    folder = GOLDEN / name / "voices" / name
    model = Generator(params(folder / "voc", "Generator")).eval()
    model.load_state_dict(weights(folder / "voc")["generator"])
    for _, wanted in utterances(name):
        mel = torch.from_numpy(wanted["mel"])
        f0, voicing = torch.zeros(len(mel)), torch.zeros(len(mel))
        if model.source_module:
            f0, voicing = (mel[:, -2] * 700 + 30).clamp(min=30), (mel[:, -1] >= 0.6).float()
        with torch.no_grad():
            made = model(mel[None, :, :80].mT, f0[None], voicing[None], random=False)
        # The original's phase is in float32, which alone moves its audio by 2e-4.
        tolerance = 1e-3 if model.source_module else 1e-5
        np.testing.assert_allclose(made[0].numpy(), wanted["audio"].ravel(), atol=tolerance)
