"""Provider fallback: a provider whose run fails is replaced, and the stream continues."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
from onnxruntime.capi.onnxruntime_pybind11_state import RuntimeException

from server.config import RuntimeSection
from server.errors import DeviceError, LostStateError, SynthesisError, VoiceError
from server.runtime.runtime import Runtime
from server.runtime.session import OrtDeviceTensor
from server.runtime.tensors import Array
from server.types import Style
from tests.conftest import EMBEDDED, open_voice, samples_of, speak
from tests.runtime.failing_device import OUT_OF_MEMORY, FailingSession, runtime_that_fails_after

TEXT = "今天天气很好，我们一起去公园散步，然后回家吃饭。"


def test_a_provider_that_fails_at_its_first_run_is_replaced() -> None:
    runtime = runtime_that_fails_after(0)
    synthesizer = open_voice(EMBEDDED, runtime)
    assert runtime.provider == "cuda"
    synthesizer.warm_up()
    assert runtime.provider == "cpu"
    assert runtime.fallback_reason is not None
    assert OUT_OF_MEMORY in runtime.fallback_reason


@pytest.mark.parametrize("runs", [4, 30, 60, 61, 62])
def test_a_stream_continues_when_the_provider_fails_in_its_middle(runs: int) -> None:
    runtime = runtime_that_fails_after(runs)
    broken, whole = open_voice(EMBEDDED, runtime), open_voice(EMBEDDED)
    got = samples_of(speak(broken, TEXT, Style()))
    expected = samples_of(speak(whole, TEXT, Style()))
    assert runtime.provider == "cpu"
    np.testing.assert_allclose(got, expected, atol=1e-5)


@pytest.mark.parametrize("runs", [20, 35])
def test_states_that_are_lost_with_their_device_are_computed_again(runs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = runtime_that_fails_after(runs)
    lost: list[OrtDeviceTensor] = []
    original = OrtDeviceTensor.to_host

    def to_host_while_available(self: OrtDeviceTensor) -> Array:
        if runtime.provider != "cuda":
            lost.append(self)
            raise LostStateError("a state is lost with its device")
        return original(self)

    monkeypatch.setattr(OrtDeviceTensor, "to_host", to_host_while_available)
    broken, whole = open_voice(EMBEDDED, runtime), open_voice(EMBEDDED)
    units = next(iter(whole.sentences(TEXT))).units
    got, expected = (synthesizer.synthesize(units, chunk_steps=0).audio.samples for synthesizer in (broken, whole))
    np.testing.assert_allclose(got, expected, atol=1e-5)
    assert len(lost) == 1


@pytest.mark.parametrize("kind", [DeviceError, RuntimeError, RuntimeException])
def test_the_reason_why_a_provider_cannot_start_is_reported(kind: type[Exception]) -> None:
    def absent(path: Path, threads: int) -> ort.InferenceSession:
        raise kind("libcudnn.so.9: cannot open shared object file")

    runtime = Runtime(RuntimeSection(providers=("cuda", "cpu")), {"cuda": absent})
    open_voice(EMBEDDED, runtime)
    assert runtime.provider == "cpu"
    assert runtime.fallback_reason == "cuda: libcudnn.so.9: cannot open shared object file"


@pytest.mark.skipif("CUDAExecutionProvider" in ort.get_available_providers(), reason="this onnxruntime has CUDA")
def test_a_cpu_build_names_the_package_that_cuda_needs() -> None:
    runtime = Runtime(RuntimeSection(providers=("cuda", "cpu")))
    open_voice(EMBEDDED, runtime)
    assert runtime.provider == "cpu"
    assert "install the extra gpu or gpu-cu12" in (runtime.fallback_reason or "")


def test_without_another_provider_the_error_reaches_the_caller_and_the_next_run_is_tried() -> None:
    failing = True
    settings = RuntimeSection(providers=("cuda",))
    runtime = Runtime(settings, {"cuda": lambda path, threads: FailingSession(path, lambda: not failing)})
    synthesizer = open_voice(EMBEDDED, runtime)
    with pytest.raises(DeviceError, match="Failed to allocate memory"):
        synthesizer.warm_up()
    failing = False
    synthesizer.warm_up()


class NanSession(FailingSession):
    """A real session that computes NaN audio, as an overflow in half precision does."""

    def run(self, *arguments: Any) -> Any:
        return [output * np.nan if output.ndim == 2 else output for output in self._session.run(*arguments)]


def test_nan_audio_is_an_error_and_is_not_returned() -> None:
    def open_session(path: Path, threads: int) -> ort.InferenceSession:
        real = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
        return NanSession(path, lambda: True) if path.stem == "vocoder" else real

    synthesizer = open_voice(EMBEDDED, Runtime(RuntimeSection(providers=("cpu",)), {"cpu": open_session}))
    with pytest.raises(SynthesisError, match="not numbers"):
        next(speak(synthesizer, TEXT))


@pytest.mark.parametrize("content", [b"", b"not a graph", None])
def test_a_file_that_is_not_a_graph_is_a_voice_error(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "postnet.onnx"
    whole = (EMBEDDED / "postnet.onnx").read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if content is None else content)
    runtime = Runtime(RuntimeSection(providers=("cpu",)))
    with pytest.raises(VoiceError, match=r"postnet\.onnx cannot be loaded"):
        runtime.open(path)
    assert runtime.provider == "cpu"


def test_the_last_provider_is_kept_when_it_cannot_open_a_graph() -> None:
    def open_session(path: Path, threads: int) -> ort.InferenceSession:
        raise RuntimeException(OUT_OF_MEMORY)

    runtime = Runtime(RuntimeSection(providers=("cuda",)), {"cuda": open_session})
    with pytest.raises(VoiceError, match=r"postnet\.onnx cannot be loaded: Failed to allocate memory"):
        runtime.open(EMBEDDED / "postnet.onnx")
    assert runtime.provider == "cuda"


def test_onnxruntime_stores_no_telemetry(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "server", "speak", "你好。", "-o", str(tmp_path / "out.wav")]
    home = {"HOME": str(tmp_path / "home"), "PATH": "", "LANG": "C.UTF-8"}
    (tmp_path / "home").mkdir()
    subprocess.run(command, check=True, cwd=EMBEDDED.parents[1], env=home, capture_output=True)
    assert list((tmp_path / "home").rglob("*onnxruntime*")) == []


def test_states_are_read_from_the_graph(tmp_path: Path) -> None:
    shutil.copy(EMBEDDED / "mel_decoder.onnx", tmp_path)
    session = Runtime(RuntimeSection(providers=("cpu",))).open(tmp_path / "mel_decoder.onnx", threads=1)
    state = session.initial_state(window=5)
    assert {f"next_{name}" for name in state} < set(session.outputs)
    assert state["state.window"].shape[3] == 5


def test_a_graph_that_changed_cannot_be_opened_on_the_next_provider(tmp_path: Path) -> None:
    shutil.copy(EMBEDDED / "mel_decoder.onnx", tmp_path)
    session = runtime_that_fails_after(0).open(tmp_path / "mel_decoder.onnx", threads=1)
    (tmp_path / "mel_decoder.onnx").write_bytes((EMBEDDED / "postnet.onnx").read_bytes())
    with pytest.raises(VoiceError, match="has changed since the voice was loaded"):
        session.run({})
