"""TensorRT: shape profiles, engine folders, provider options and error messages; most tests need no TensorRT."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest

from server.config import RuntimeSection
from server.errors import DeviceError, MissingProviderError
from server.runtime import cuda, tensorrt
from server.runtime.precision import choose_precision
from server.runtime.providers import ProfiledSession, Providers, open_on_cpu, open_on_device
from server.runtime.runtime import Runtime
from server.runtime.tensorrt import ShapeProfile, SizeRange
from server.types import Style
from tests.conftest import EMBEDDED, open_voice, samples_of, speak

TEXT = "今天天气很好，我们一起去公园散步。"
GRAPHS = sorted(file.name for file in EMBEDDED.glob("*.onnx"))

without_tensorrt = pytest.mark.skipif(
    "TensorrtExecutionProvider" in ort.get_available_providers(), reason="this onnxruntime has TensorRT"
)


@pytest.fixture
def providers(tmp_path: Path) -> Providers:
    return Providers(RuntimeSection(engine_cache=tmp_path / "engines", device_id=1), max_batch=16)


def profile_of(providers: Providers, graph: str) -> ShapeProfile:
    profile = providers.shape_profile(EMBEDDED / graph)
    assert profile is not None
    return profile


class RecordingSession:
    """A session that records the input shapes of its runs."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self.runs: list[dict[str, tuple[int, ...]]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def io_binding(self) -> Any:
        binding, shapes = self._session.io_binding(), {}
        from_host, from_device = binding.bind_cpu_input, binding.bind_ortvalue_input

        def bind_cpu_input(name: str, array: Any) -> None:
            shapes[name] = array.shape
            from_host(name, array)

        def bind_ortvalue_input(name: str, value: Any) -> None:
            shapes[name] = tuple(value.shape())
            from_device(name, value)

        binding.bind_cpu_input, binding.bind_ortvalue_input = bind_cpu_input, bind_ortvalue_input
        self.runs.append(shapes)
        return binding


def profiled(
    providers: Providers, opened: dict[str, tuple[RecordingSession, list[RecordingSession]]]
) -> Callable[[Path, int], Any]:
    """Opens graphs as with TensorRT, but on the CPU in place of both TensorRT and CUDA."""

    def open_session(path: Path, threads: int) -> Any:
        engine, others = RecordingSession(open_on_cpu(path, threads)), []
        opened[path.name] = engine, others

        def other() -> RecordingSession:
            others.append(RecordingSession(open_on_cpu(path, threads)))
            return others[-1]

        return ProfiledSession(engine, profile_of(providers, path.name), other)

    return open_session


def test_a_stream_runs_on_the_engine_except_for_chunks_that_are_too_short_or_too_long(
    providers: Providers,
) -> None:
    opened: dict[str, tuple[RecordingSession, list[RecordingSession]]] = {}
    settings = RuntimeSection(providers=("tensorrt", "cpu"), threads=1)
    voice, plain = (
        open_voice(EMBEDDED, Runtime(settings, {"tensorrt": profiled(providers, opened)})),
        open_voice(EMBEDDED),
    )
    got, expected = (samples_of(speak(one, TEXT)) for one in (voice, plain))
    np.testing.assert_allclose(got, expected, atol=1e-5)
    frames = {"vocoder.onnx": "mel", "postnet.onnx": "frames"}
    assert opened.keys() == set(GRAPHS)
    for name, (engine, others) in opened.items():
        assert engine.runs, f"{name} never ran on its engine"
        elsewhere = [run for other in others for run in other.runs]
        assert name in frames or not elsewhere, f"{name} left its engine for {elsewhere}"
        for run in elsewhere:
            span = profile_of(providers, name)[frames[name]][1]
            assert not span.min <= run[frames[name]][1] <= span.max


def test_shapes_outside_of_the_profile_are_detected() -> None:
    sizes = {"mel": [SizeRange(1, 4, 16), SizeRange(18, 48, 128), SizeRange(80, 80, 80)]}
    assert tensorrt.in_profile(sizes, {"mel": (16, 18, 80)})
    for wrong in [(17, 48, 80), (1, 17, 80), (1, 129, 80)]:
        assert not tensorrt.in_profile(sizes, {"mel": wrong})


@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize("bound", ["min", "opt", "max"])
def test_every_graph_runs_with_the_min_opt_and_max_shapes(providers: Providers, graph: str, bound: str) -> None:
    profile, session = profile_of(Providers(providers.settings, max_batch=2), graph), open_on_cpu(EMBEDDED / graph, 1)
    kinds = {item.name: np.int64 if "int64" in item.type else np.float32 for item in session.get_inputs()}
    inputs = {
        name: np.zeros([getattr(size, bound) for size in ranges], kinds[name]) for name, ranges in profile.items()
    }
    if "units" in inputs and bound == "max":
        inputs["units"] = inputs["units"][:, :100]  # the limit of the voice
    assert all(np.isfinite(output).all() for output in session.run(None, inputs))


def test_the_profile_options_name_every_input_and_the_values_of_a_shape_tensor() -> None:
    sizes = {"final": [SizeRange(1, 1, 1)], "mel": [SizeRange(1, 4, 16), SizeRange(18, 48, 128), SizeRange(80, 80, 80)]}
    assert tensorrt.profile_options(sizes) == {
        "trt_profile_min_shapes": "final:0,mel:1x18x80",
        "trt_profile_opt_shapes": "final:0,mel:4x48x80",
        "trt_profile_max_shapes": "final:1,mel:16x128x80",
    }


def test_a_graph_with_an_unknown_dynamic_axis_has_no_profile() -> None:
    assert tensorrt.shape_profile({"features": ["batch", "frames", 40]}, {}, {}, 16) is None


def test_the_options_follow_the_configuration(providers: Providers) -> None:
    path = EMBEDDED / "vocoder.onnx"
    options = providers.tensorrt_options(path, profile_of(providers, path.name))
    assert (options["device_id"], options["trt_fp16_enable"]) == (1, 0)
    assert options["trt_max_workspace_size"] == 2048 * 2**20
    assert Path(options["trt_engine_cache_path"]).is_relative_to(providers.settings.engine_cache)
    assert Path(options["trt_timing_cache_path"]).is_relative_to(providers.settings.engine_cache)
    assert {name for name in options if name.startswith("trt_profile")} == set(tensorrt.profile_options({}))


def test_fp16_is_enabled_only_for_fp16_graphs(providers: Providers, tmp_path: Path) -> None:
    half = tmp_path / "postnet.fp16.onnx"
    half.write_bytes((EMBEDDED / "postnet.onnx").read_bytes())
    assert providers.tensorrt_options(half, {})["trt_fp16_enable"] == 1
    assert choose_precision("tensorrt", ("fp32", "fp16", "int8")).precision == "fp16"
    assert choose_precision("tensorrt", ("fp32", "int8")).precision == "fp32"


def test_each_graph_content_and_version_has_its_own_engine_folder(tmp_path: Path) -> None:
    for number in range(2):
        (tmp_path / f"{number}.onnx").write_bytes(bytes([number]))
    folders = [
        tensorrt.engine_folder(tmp_path / "engines", tmp_path / f"{number}.onnx", version)
        for number in range(2)
        for version in ("10.1", "10.2", "10.2")
    ]
    assert len(set(folders)) == 4
    assert all(folder.is_dir() for folder in folders)


def test_the_error_for_an_unwritable_engine_folder_names_the_key(tmp_path: Path) -> None:
    graph = tmp_path / "file"
    graph.touch()
    with pytest.raises(DeviceError, match=r"set runtime\.engine_cache to a writable folder"):
        tensorrt.engine_folder(graph / "engines", graph, "10.1")


@without_tensorrt
def test_the_error_of_a_build_without_tensorrt_names_the_extras(providers: Providers) -> None:
    with pytest.raises(MissingProviderError, match="install the extra gpu or gpu-cu12"):
        providers.factories["tensorrt"](EMBEDDED / "postnet.onnx", 1)


@without_tensorrt
def test_every_unavailable_provider_is_named_with_its_reason() -> None:
    runtime = Runtime(RuntimeSection(providers=("tensorrt", "cuda", "cpu"), threads=1))
    open_voice(EMBEDDED, runtime)
    assert runtime.provider == "cpu"
    assert "tensorrt: this onnxruntime is built without TensorRT" in (runtime.fallback_reason or "")
    assert "cuda: " in (runtime.fallback_reason or "")


@pytest.mark.skipif(
    "TensorrtExecutionProvider" not in ort.get_available_providers() or cuda.gpu_problem() is not None,
    reason="needs onnxruntime-gpu and a GPU",
)
def test_tensorrt_gives_the_samples_of_the_cpu_or_reports_why_not(tmp_path: Path) -> None:
    settings = RuntimeSection(providers=("tensorrt", "cuda", "cpu"), engine_cache=tmp_path)
    runtime = Runtime(settings)
    synthesizer, plain = open_voice(EMBEDDED, runtime), open_voice(EMBEDDED)
    got, expected = (samples_of(speak(one, TEXT, Style())) for one in (synthesizer, plain))
    np.testing.assert_allclose(got, expected, atol=1e-3)
    assert runtime.provider == "tensorrt" or runtime.fallback_reason


def test_a_missing_tensorrt_library_adds_the_package_of_the_right_version() -> None:
    error = "the TensorRT provider cannot be loaded: libnvinfer.so.10: cannot open shared object file"
    assert tensorrt.with_install_hint(error, "13.0") == f"{error}; pip install 'tensorrt-cu13-libs==10.*'"
    assert "tensorrt-cu12-libs==11.*" in tensorrt.with_install_hint("libnvonnxparser.so.11: not there", "12.8")
    assert tensorrt.with_install_hint("libcudnn.so.9: not there", "13.0") == "libcudnn.so.9: not there"


@without_tensorrt
def test_a_provider_that_cannot_open_a_graph_raises_an_error_and_prints_nothing(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with pytest.warns(UserWarning, match="not in available provider names"), pytest.raises(DeviceError):
        open_on_device(EMBEDDED / "postnet.onnx", 1, [("TensorrtExecutionProvider", {})])
    assert capfd.readouterr().out == ""
