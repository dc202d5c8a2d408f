"""A training can start from a published voice, and mixes what the corpus has."""

import json
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
for package in ("pyworld", "soxr", "scipy"):
    pytest.importorskip(package)

from convert.__main__ import main as convert  # noqa: E402
from training.voice.corpus.speakers import HUMAN_SPEAKER, WORD_EMOTION  # noqa: E402
from training.voice.models.config import HIFIGAN_CONFIG, SAMBERT_CONFIG  # noqa: E402
from training.voice.models.discriminators import Discriminators, discriminator_loss, generator_losses  # noqa: E402
from training.voice.models.hifigan import Generator  # noqa: E402
from training.voice.models.sambert import Sambert  # noqa: E402
from training.voice.models.vocabulary import EMOTION_ROWS, SPEAKER_ROWS, TABLE_SIZES  # noqa: E402
from training.voice.publish.package import pack, with_mel_gain  # noqa: E402
from training.voice.publish.publication import NOTICE_FILE, publish  # noqa: E402
from training.voice.train.dataset import Statistics, Utterance, mixed_batches  # noqa: E402
from training.voice.train.pretrained import initialize_acoustic, initialize_vocoder  # noqa: E402
from training.voice.train.vocoder import (  # noqa: E402
    EDGE_PROBABILITY,
    SEGMENT_FRAMES,
    SHARES,
    counted_part,
    random_segments,
    segment,
)

pytestmark = pytest.mark.filterwarnings("ignore:.*weight_norm:FutureWarning", "ignore:pkg_resources:UserWarning")
F0 = (150.0, 50.0)
SPEAKERS = [HUMAN_SPEAKER, "female", "male"]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Sambert, Generator]:
    """A published voice with random weights, and the models that it was made from."""
    folder = tmp_path_factory.mktemp("training")
    torch.manual_seed(0)
    sambert, generator = Sambert(SAMBERT_CONFIG | TABLE_SIZES).eval(), Generator(HIFIGAN_CONFIG).eval()
    statistics = {"mel_mean": [0.5] * 80, "mel_deviation": [0.2] * 80, "f0": F0, "energy": (1.0, 1.0)}
    (folder / "statistics.json").write_text(json.dumps(statistics))
    for name, model in (("acoustic", sambert), ("vocoder", generator)):
        (folder / name).mkdir()
        torch.save({"steps": 1, "model": model.state_dict()}, folder / name / "latest.pth")
    pack(folder, folder / "acoustic", folder / "vocoder", folder / "package", "demo", SPEAKERS)
    arguments = ["--output", str(folder / "models"), "--precision", "fp32", "--emotions", "neutral,happy,sad,angry"]
    assert convert([str(folder / "package"), *arguments]) == 0
    publish(folder / "models" / "demo", folder / "published" / "demo", {}, "float16")
    return folder / "published" / "demo", sambert, generator


def test_the_acoustic_model_starts_with_the_weights_of_the_voice(published: tuple[Path, Sambert, Generator]) -> None:
    voice, original, _ = published
    torch.manual_seed(1)
    model = Sambert(SAMBERT_CONFIG | TABLE_SIZES)
    initialize_acoustic(model, voice, F0)
    expected, actual = original.state_dict(), model.state_dict()
    trained = [EMOTION_ROWS[name] for name in ("none", "neutral", "happy", "sad", "angry", WORD_EMOTION)]
    for name, weight in expected.items():
        if "bias_ih" in name or "bias_hh" in name:
            other = name.replace("bias_ih", "bias_hh") if "bias_ih" in name else name.replace("bias_hh", "bias_ih")
            weight, found = weight + expected[other], actual[name] + actual[other]
        elif name.endswith(("fc_x.bias", "fc_h.bias")):
            other = name.replace("fc_x", "fc_h") if "fc_x" in name else name.replace("fc_h", "fc_x")
            weight, found = weight + expected[other], actual[name] + actual[other]
        else:
            found = actual[name]
        if name == "emo_tokenizer.weight":
            weight, found = weight[trained], found[trained]
        if name == "spk_tokenizer.weight":
            weight, found = weight[: len(SPEAKER_ROWS)], found[: len(SPEAKER_ROWS)]
        torch.testing.assert_close(found, weight, rtol=2e-3, atol=1e-4, msg=lambda text, name=name: f"{name}: {text}")


def test_f0_in_hz_stays_with_other_statistics(published: tuple[Path, Sambert, Generator]) -> None:
    voice, original, _ = published
    model = Sambert(SAMBERT_CONFIG | TABLE_SIZES)
    initialize_acoustic(model, voice, (100.0, 25.0))
    row = 80
    bias = original.state_dict()["mel_decoder.mel_dec.dec_out_proj.bias"][row] * F0[1] + F0[0]
    started = model.state_dict()["mel_decoder.mel_dec.dec_out_proj.bias"][row] * 25 + 100
    assert float(started) == pytest.approx(float(bias), rel=1e-3)


def test_the_vocoder_starts_with_the_sound_of_the_voice(published: tuple[Path, Sambert, Generator]) -> None:
    voice, _, original = published
    model = Generator(HIFIGAN_CONFIG)
    initialize_vocoder(model, voice)
    inputs = torch.randn(1, 80, 30), torch.full((1, 30), 200.0), (torch.arange(30) > 10).float()[None]
    with torch.no_grad():
        expected, actual = (each(*inputs, random=False) for each in (original, model))
    torch.testing.assert_close(actual, expected, rtol=1e-3, atol=1e-5)


def test_a_vocoder_with_a_gain_hears_louder_mels(published: tuple[Path, Sambert, Generator]) -> None:
    original, model = published[2], Generator(HIFIGAN_CONFIG).eval()
    model.load_state_dict(with_mel_gain(original.state_dict(), 1.25))
    mel, f0, voicing = torch.randn(1, 80, 30), torch.full((1, 30), 200.0), torch.ones(1, 30)
    with torch.no_grad():
        expected, actual = original(1.25 * mel, f0, voicing, random=False), model(mel, f0, voicing, random=False)
        unlike = original(mel, f0, voicing, random=False)
    torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-6)
    assert (actual - unlike).abs().max() > 1e-3 * actual.abs().max()


def test_a_voice_with_the_human_speaker_names_its_license(published: tuple[Path, Sambert, Generator]) -> None:
    notice = (published[0] / NOTICE_FILE).read_text()
    assert "Attribution-ShareAlike" in notice
    assert "Modified" in notice
    assert "CC BY-SA" in (published[0] / "voice.yaml").read_text()


def utterance(name: str, speaker: str, emotion: str, frames: int) -> Utterance:
    units = np.array([("a_c", "tone1", "s_end", "word_end")])
    mel = np.zeros((frames, 80), np.float16)
    plain = np.full(frames, 200, np.float32)
    samples = np.zeros(frames * 200, np.int16)
    return Utterance(name, speaker, emotion, "", units, np.array([frames]), samples, mel, plain, plain, plain > 0)


CORPUS = [
    *(utterance(f"e{n}", "male", "sad", 60 + n) for n in range(60)),
    *(utterance(f"w{n}", HUMAN_SPEAKER, WORD_EMOTION, 30 + n) for n in range(60)),
    *(utterance(f"s{n}", HUMAN_SPEAKER, "neutral", 50 + n) for n in range(60)),
]


def test_a_batch_has_the_shares_of_every_kind() -> None:
    for batch in islice(mixed_batches(CORPUS, 12, {"espeak": 4, "word": 3, "sentence": 5}, seed=1), 20):
        kinds = [CORPUS[index].kind for index in batch]
        assert {kind: kinds.count(kind) for kind in kinds} == {"espeak": 4, "word": 3, "sentence": 5}


def test_a_corpus_without_a_human_is_one_kind() -> None:
    for batch in islice(mixed_batches(CORPUS[:60], 12, {"espeak": 4, "word": 3, "sentence": 5}, seed=1), 5):
        assert {CORPUS[index].kind for index in batch} == {"espeak"}
        assert len(batch) >= 12


def test_the_vocoder_learns_mostly_from_what_was_recorded() -> None:
    drawn = [CORPUS[index].kind for batch in islice(random_segments(CORPUS, 4, seed=2), 300) for index, _ in batch]
    for kind, share in SHARES.items():
        assert drawn.count(kind) / len(drawn) == pytest.approx(share, abs=0.06)
    assert SHARES["espeak"] + SHARES["word"] > 2 * SHARES["sentence"]


def test_segments_reach_the_edges_of_utterances_and_the_loss_with_them() -> None:
    longer = utterance("long", "male", "sad", 400)
    firsts = [first for batch in islice(random_segments([longer], 4, seed=2), 200) for _, first in batch]
    for edge in (0, 400 - SEGMENT_FRAMES):
        assert firsts.count(edge) / len(firsts) == pytest.approx(EDGE_PROBABILITY, abs=0.04)
    parts = {first: counted_part(first, 400) for first in (0, 100, 360)}
    assert [(part.start // 200, part.stop // 200) for part in parts.values()] == [(0, 32), (4, 36), (8, 40)]
    assert counted_part(0, 30) == parts[0]


def test_a_segment_has_the_predicted_mel_if_there_is_one() -> None:
    plain = Statistics(np.zeros(80, np.float32), np.ones(80, np.float32), F0, (1.0, 1.0))
    predicted = {"w3": np.full((33, 80), 0.5, np.float16)}
    for one, value in ((CORPUS[63], 0.5), (CORPUS[64], 0.0)):
        mel, f0, _, samples = segment(one, 3, plain, predicted)
        assert (mel.shape, f0.shape, samples.shape) == ((80, 40), (40,), (8000,))
        assert mel[0, 0] == value
        assert mel[0, -1] == 0


def test_discriminators_learn_to_tell_noise_from_tones() -> None:
    torch.manual_seed(3)
    model = Discriminators()
    tones = (torch.arange(4000) * 0.1).sin()[None].repeat(2, 1) * 0.3
    noise = torch.randn(2, 4000) * 0.1
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    losses = []
    for _ in range(12):
        loss = discriminator_loss(model(tones), model(noise))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]
    adversarial, features = generator_losses(model(tones), model(noise))
    same, none = generator_losses(model(tones), model(tones))
    assert same < adversarial
    assert none < features
