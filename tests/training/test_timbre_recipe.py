"""The recipe of the voice with a speaker embedding: speakers, encoder, references, measurement of formants."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

for package in ("torch", "pyworld", "soxr", "scipy"):
    pytest.importorskip(package)
pytestmark = pytest.mark.filterwarnings("default")

import torch  # noqa: E402

from server.config import RuntimeSection  # noqa: E402
from server.runtime.runtime import Runtime  # noqa: E402
from server.synthesis.speaker_encoder.encoder import SpeakerEncoder  # noqa: E402
from server.synthesis.speaker_encoder.fbank import fbank  # noqa: E402
from server.types import Audio  # noqa: E402
from training.timbre.acoustic import ReferenceTable  # noqa: E402
from training.timbre.encoder import EMBEDDINGS_FILE, Features, crops, shuffled  # noqa: E402
from training.timbre.encoder_network import BINS, SIZE, EncoderNetwork, encoder_graph  # noqa: E402
from training.timbre.evaluation import SpokenAfter  # noqa: E402
from training.timbre.mel_encoder import POWER_SCALE, TimbreLoss  # noqa: E402
from training.timbre.variants import TRAITS, held_out_variants, style_of, training_variants  # noqa: E402
from training.voice.analysis.formant_scale import average_spectrum, formant_scale  # noqa: E402
from training.voice.corpus.speakers import EMOTIONS, HARMONICS  # noqa: E402
from training.voice.train.dataset import Statistics  # noqa: E402
from training.voice.train.training_loop import CHECKPOINT_NAME  # noqa: E402


def speech(seconds: float, seed: int = 0) -> Audio:
    """Noise in bursts."""
    samples = np.random.default_rng(seed).normal(0, 0.1, round(seconds * 16000))
    return Audio((samples * (np.sin(np.arange(len(samples)) / 900) > 0)).astype(np.float32), 16000)


def test_the_speakers_cover_every_trait() -> None:
    places = np.stack([variant.targets() for variant in training_variants(120)])
    assert places.shape == (120, len(TRAITS))
    assert (np.abs(places) <= 1 + 1e-6).all()
    for name, column in zip(TRAITS, places.T, strict=True):
        spread = (0.75, 0.75) if name == "f0" else (0.9, 0.9)
        assert column.min() < -spread[0], name
        assert column.max() > spread[1], name


def test_held_out_speakers_are_others() -> None:
    known = {variant.traits for variant in training_variants(120)}
    assert not [variant for variant in held_out_variants(20) if variant.traits in known]


def test_the_harmonics_of_every_speaker_stay_below_the_nyquist_frequency() -> None:
    for variant in training_variants(120):
        for emotion in EMOTIONS:
            assert style_of(variant, emotion).f0_range[1] * HARMONICS < 8000


def test_a_variant_file_has_the_traits() -> None:
    variant = next(each for each in training_variants(120) if each.trait("breath") > 30)
    lines = style_of(variant, "neutral").variant_file().splitlines()
    assert f"pitch {variant.min_f0} {variant.max_f0}" in lines
    assert f"roughness {variant.trait('roughness'):.0f}" in lines
    assert [line.split()[0] for line in lines].count("formant") == 9
    assert any(line.startswith("breath ") for line in lines)


def test_the_graph_of_the_encoder_computes_what_the_network_does(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network, audio = EncoderNetwork(), speech(2.0)
    network.train()
    for seed in range(3):  # so that the norm is not the identity
        network(torch.from_numpy(np.stack([fbank(speech(1.5, 10 * seed + n), BINS) for n in range(4)])))
    path = tmp_path / "speaker_encoder.onnx"
    path.write_bytes(encoder_graph(network).build().SerializeToString())
    encoder = SpeakerEncoder(Runtime(RuntimeSection(providers=("cpu",), threads=1)).open(path))
    with torch.no_grad():
        expected = network.eval()(torch.from_numpy(fbank(audio, BINS))[None]).numpy()
    assert expected.shape == (1, SIZE)
    np.testing.assert_allclose(encoder.embed(audio), expected, rtol=0, atol=1e-4)


def test_the_encoder_ignores_level_and_silence() -> None:
    torch.manual_seed(0)
    network = EncoderNetwork().eval()

    def embedding(samples: np.ndarray) -> torch.Tensor:
        with torch.no_grad():
            return network(torch.from_numpy(fbank(Audio(samples.astype(np.float32), 16000), BINS))[None])

    samples = speech(2.0).samples + 1e-3 * speech(2.0, 1).samples
    quiet = np.concatenate([np.zeros(8000), 0.1 * samples, np.zeros(8000)])
    torch.testing.assert_close(embedding(quiet), embedding(samples), rtol=0, atol=0.03)


def test_crops_depend_on_their_generator_alone() -> None:
    utterances = [Features(str(n), n, True, fbank(speech(2.0, n), BINS).astype(np.float16)) for n in range(3)]
    first, second = (crops(utterances, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert first.shape[0] == 3
    assert 100 <= first.shape[1] <= 198
    batches = shuffled(10, 4, seed=1)
    epoch = [*next(batches), *next(batches)]
    assert len(set(epoch)) == 8


def test_an_utterance_is_spoken_after_neutral_ones_of_its_speaker(tmp_path: Path) -> None:
    names = [f"v{speaker:03}-{index:02}" for speaker in range(3) for index in range(5)]
    embeddings = np.arange(15 * SIZE, dtype=np.float32).reshape(15, SIZE)
    neutral = [index > 0 for _ in range(3) for index in range(5)]
    np.savez(tmp_path / EMBEDDINGS_FILE, names=names, neutral=neutral, embeddings=embeddings)
    table = ReferenceTable(tmp_path)
    chosen = [table.choose(["v000", "v002", "v000"], seed) for seed in range(30)]
    assert {row for each in chosen for row in [each["v000"]]} == set(range(1, 5))
    assert {row for each in chosen for row in [each["v002"]]} == set(range(11, 15))
    assert chosen[4] == table.choose(["v000", "v002"], 4)
    torch.testing.assert_close(table.means(["v002"])[0], torch.from_numpy(embeddings[11:].mean(0)))


def test_the_timbre_loss_compares_the_speech_of_a_batch_and_not_its_padding(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = EncoderNetwork().eval()
    torch.save({"model": network.state_dict()}, tmp_path / CHECKPOINT_NAME)
    statistics = Statistics(np.full(80, -0.5, np.float32), np.full(80, 0.2, np.float32), (200.0, 50.0), (0.0, 1.0))
    loss, mel = TimbreLoss(tmp_path, statistics), torch.randn(2, 120, 82)
    frame_units = torch.zeros(2, 120)
    frame_units[1, 90:] = -1
    with torch.no_grad():
        features = POWER_SCALE * (0.2 * mel[..., :80] - 0.5)
        speakers = torch.cat([network(features[:1]), network(features[1:, :90])])
        batch = SimpleNamespace(frame_units=frame_units)
        before = loss(SimpleNamespace(mel=mel), batch, speakers)
        mel[1, 90:] = 9
        after = loss(SimpleNamespace(mel=mel), batch, speakers)
        other = loss(SimpleNamespace(mel=mel.roll(1, 0)), batch, -speakers)
    assert before == after
    assert before < 0.02  # the convolutions see the edge of the padding
    assert other > 1


@pytest.mark.parametrize(("others", "expected"), [((0.1,) * 59, 1), ((0.9,) + (0.1,) * 59, 41 / 60), ((0.9,) * 59, 0)])
def test_the_own_recording_is_compared_with_those_of_19_others(others: tuple[float, ...], expected: float) -> None:
    after = SpokenAfter(held_out_variants(1)[0], np.zeros(1), np.zeros(1), 0.5, others)
    assert after.probability_of_nearest() == pytest.approx(expected)


@pytest.mark.parametrize("factor", [0.85, 0.97, 1.0, 1.12, 1.25])
def test_the_scale_of_formants_is_measured(factor: float) -> None:
    reference, stretched = (average_spectrum(vowel(scale)) for scale in (1.0, factor))
    assert formant_scale(stretched, reference) == pytest.approx(factor, abs=0.02)


def vowel(scale: float) -> np.ndarray:
    """A second of a voice of 110 Hz with formants at 600, 1300, 2500, 3600 and 4700 Hz, times `scale`."""
    frequencies = 110 * np.arange(1, 70)
    centers = scale * np.array([600, 1300, 2500, 3600, 4700])
    levels = (1 / (1 + ((frequencies[:, None] - centers) / (0.08 * centers + 40)) ** 2)).sum(1) / frequencies**0.5
    times = np.arange(16000) / 16000
    phases = np.random.default_rng(0).uniform(0, 2 * np.pi, len(frequencies))
    waves = levels[:, None] * np.sin(2 * np.pi * frequencies[:, None] * times + phases[:, None])
    return (0.3 * waves.sum(0) / np.abs(waves.sum(0)).max()).astype(np.float32)
