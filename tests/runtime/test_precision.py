"""Selection of the precision, and streams in each precision."""

from pathlib import Path

import numpy as np
import pytest

from convert.quantization.metrics import compare_audio, signal_to_noise_ratio
from server.cli import main
from server.config import Config, ModelsSection, RuntimeSection
from server.runtime import precision
from server.runtime.cpu import integer_dot_products, products_saturate
from server.runtime.precision import choose_precision
from server.runtime.runtime import Runtime
from server.scheduling.batching import run_batch
from server.scheduling.graph_run import GraphRun
from server.scheduling.playback import PlaybackClock
from server.scheduling.task import Task
from server.synthesis.registry import VoiceRegistry
from server.synthesis.synthesizer import Synthesizer
from server.voices.voice import Voice
from tests.conftest import EMBEDDED, chunks_of, open_voice, samples_of, speak
from tests.runtime.failing_device import runtime_that_fails_after

VARIANTS = ("fp16", "int8")
TEXT = "今天天气很好，我们一起去公园散步，然后回家吃饭。"
PRECISIONS = ("fp32", "fp16", "int8")


def open_in_precision(folder: Path, kind: str) -> Synthesizer:
    return open_voice(folder, Runtime(RuntimeSection(providers=("cpu",), threads=1, precision=kind)))


@pytest.mark.parametrize("kind", VARIANTS)
def test_a_variant_gives_the_same_durations_and_mel_and_similar_audio(kind: str, several: Path) -> None:
    exact, other = (open_in_precision(several / "demo", name) for name in ("fp32", kind))
    units = next(exact.sentences(TEXT)).units
    expected, got = (voice.synthesize(units, chunk_steps=0, source_noise=False) for voice in (exact, other))
    np.testing.assert_array_equal(got.prosody.durations, expected.prosody.durations)
    if kind == "fp16":  # a variant of the vocoder alone
        np.testing.assert_array_equal(got.mel, expected.mel)
    else:
        assert signal_to_noise_ratio(expected.mel - expected.mel.mean(0), got.mel - expected.mel.mean(0)) > 38
    metrics = compare_audio([expected.audio.samples], [got.audio.samples])
    assert not np.array_equal(got.audio.samples, expected.audio.samples)
    # In int8 F0 differs by some cents, and so the phase: a source that begins a quarter of a cycle later gives 2.3 dB.
    assert metrics.snr_db > 40 or kind == "int8"
    assert metrics.log_spectral_distance_db < {"fp16": 0.5, "int8": 2.3}[kind]


@pytest.mark.parametrize(("name", "kind"), [("demo", "int8"), ("demo", "fp16"), ("noncausal_16k", "fp16")])
@pytest.mark.parametrize("steps", [2, 7])
def test_streamed_audio_equals_whole_audio_in_every_precision(name: str, kind: str, steps: int, several: Path) -> None:
    synthesizer = open_in_precision(several / name, kind)
    units = next(synthesizer.sentences(TEXT)).units
    whole, streamed = (synthesizer.synthesize(units, chunk_steps=size, source_noise=False) for size in (0, steps))
    # The mel of a stream differs in its last bits with the chunk length; the coarser precision can round such values
    # to different steps. The difference must stay far below the error of the precision itself.
    assert compare_audio([whole.audio.samples], [streamed.audio.samples]).snr_db > {"fp16": 65, "int8": 45}[kind]


def first_vocoder_run(synthesizer: Synthesizer, text: str) -> GraphRun:
    task = Task(chunks_of(synthesizer, synthesizer.sentences(text), PlaybackClock(lambda: 0.0)))
    item = task.resume()
    while isinstance(item, GraphRun) and item.graph.path.stem != "vocoder":
        item = task.resume(run_batch([item])[0])
    assert isinstance(item, GraphRun)
    return item


@pytest.mark.parametrize("kind", PRECISIONS)
def test_the_vocoder_gives_the_same_audio_in_a_batch_as_alone(kind: str, several: Path) -> None:
    synthesizer = open_in_precision(several / "demo", kind)
    runs = [first_vocoder_run(synthesizer, text) for text in ("你好。", "今天天气很好。", "早点休息吧。")]
    assert len({run.batch_key for run in runs}) == 1
    for run, in_batch in zip(runs, run_batch(runs), strict=True):
        (alone,) = run_batch([run])
        np.testing.assert_allclose(in_batch["audio"], alone["audio"], atol=1e-5)


@pytest.mark.parametrize("runs", [30, 60, 62, 70])
def test_a_stream_continues_when_a_gpu_fails_and_the_precision_changes(runs: int, several: Path) -> None:
    opened: list[str] = []
    runtime = runtime_that_fails_after(runs, opened)
    broken, whole = open_voice(several / "demo", runtime), open_in_precision(several / "demo", "fp32")
    got, expected = (samples_of(speak(voice, TEXT)) for voice in (broken, whole))
    assert "vocoder.fp16.onnx" in opened
    assert runtime.provider == "cpu"
    # Not the SNR: the decoder in 8 bits moves F0 by some cents, and so the phase of all that follows.
    assert compare_audio([expected], [got]).log_spectral_distance_db < 2.3


def test_the_precision_follows_the_provider_and_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "products_saturate", lambda: False)
    for instructions, expected in (("AVX-512 VNNI", "int8"), (None, "fp32")):
        monkeypatch.setattr(precision, "integer_dot_products", lambda found=instructions: found)
        assert choose_precision("cpu", PRECISIONS).precision == expected
    assert choose_precision("cuda", PRECISIONS).precision == "fp16"
    assert choose_precision("cuda", ("fp32", "int8")).precision == "fp32"
    assert choose_precision("cpu", ("fp32", "fp16")).precision == "fp32"
    for forced in PRECISIONS:
        assert (
            choose_precision("cuda", PRECISIONS, forced).precision
            == choose_precision("cpu", PRECISIONS, forced).precision
            == forced
        )


@pytest.mark.parametrize(
    ("flags", "name"),
    [("fpu avx512_vnni", "AVX-512 VNNI"), ("avx_vnni sse", "AVX VNNI"), ("fp asimddp", "ARM dot products")],
)
def test_the_int8_instructions_of_the_cpu_are_read(flags: str, name: str, tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text(f"flags : {flags}\n")
    assert integer_dot_products(tmp_path) == name


def test_a_cpu_without_int8_instructions_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.system", lambda: "Linux")
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text("flags : fpu avx2 avx512f\n")
    assert integer_dot_products(tmp_path) is None
    assert integer_dot_products(tmp_path / "nowhere") is None


@pytest.mark.parametrize(
    ("machine", "flags", "expected"),
    [("x86_64", "avx2 avx512f", True), ("AMD64", "avx2 avx_vnni", False), ("aarch64", "fp asimd", False)],
)
def test_products_saturate_on_x86_without_vnni(
    machine: str, flags: str, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text(f"flags : {flags}\n")
    assert products_saturate(tmp_path) == expected


def test_int8_is_refused_where_products_saturate(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(precision, "products_saturate", lambda: True)
    monkeypatch.setattr(precision, "integer_dot_products", lambda: None)
    assert choose_precision("cpu", PRECISIONS).precision == "fp32"
    assert choose_precision("cpu", PRECISIONS, "fp16").precision == "fp16"
    for command in (["serve"], ["speak", "你好。"]):
        assert main([*command, "--models", str(EMBEDDED.parent), "--set", "runtime.precision=int8"]) == 1
        assert "runtime.precision: int8 cannot be used on this CPU" in capsys.readouterr().err


def test_the_error_for_a_missing_forced_precision_names_the_available_ones_and_the_remedy() -> None:
    settings = RuntimeSection(providers=("cpu",), threads=1, precision="fp16")
    registry = VoiceRegistry(Config(models=ModelsSection(path=EMBEDDED.parent), runtime=settings))
    registry.load()
    assert registry.state == "failed"
    assert "voice 'demo' has no fp16 variant (runtime.precision), only fp32" in registry.broken["demo"]
    assert "--precision fp32,fp16" in registry.broken["demo"]


def test_a_voice_without_variants_has_only_fp32() -> None:
    voice = Voice(EMBEDDED)
    assert voice.precisions == ("fp32",)
    assert voice.variants("vocoder") == {}


def test_the_vocoder_and_the_decoder_have_variants(several: Path) -> None:
    voice = Voice(several / "demo")
    assert voice.precisions == PRECISIONS
    assert set(voice.variants("vocoder")) == set(VARIANTS)
    assert set(voice.variants("mel_decoder")) == {"int8"}
    assert voice.variants("postnet") == {}


def test_doctor_and_voices_print_the_precision_and_its_reason(
    several: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in ("doctor", "voices"):
        assert main([command, "--models", str(several)]) == 0
    shown = capsys.readouterr().out
    chosen = choose_precision("cpu", PRECISIONS)
    assert f"Hz) in {chosen.precision}: {chosen.reason}" in shown
    assert "dB SNR" in shown
    assert f"{chosen.precision} on cpu: {chosen.reason}" in shown
