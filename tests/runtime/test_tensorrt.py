"""TensorRT as far as a machine without it can tell: sizes, folders of engines, options, and reasons in words."""

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


def sizes_of(providers: Providers, graph: str) -> ShapeProfile:
    sizes = providers.sizes(EMBEDDED / graph)
    assert sizes is not None
    return sizes


class Counted:
    """A session that keeps the shapes it ran with."""

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


def fitted(providers: Providers, kept: dict[str, tuple[Counted, list[Counted]]]) -> Callable[[Path, int], Any]:
    """Opens as TensorRT does, but with the CPU in place of both TensorRT and CUDA."""

    def opener(path: Path, threads: int) -> Any:
        engine, others = Counted(open_on_cpu(path, threads)), []
        kept[path.name] = engine, others

        def other() -> Counted:
            others.append(Counted(open_on_cpu(path, threads)))
            return others[-1]

        return ProfiledSession(engine, sizes_of(providers, path.name), other)

    return opener


def test_a_stream_runs_on_the_engine_and_elsewhere_only_where_a_chunk_is_too_short_or_too_long(
    providers: Providers,
) -> None:
    kept: dict[str, tuple[Counted, list[Counted]]] = {}
    settings = RuntimeSection(providers=("tensorrt", "cpu"), threads=1)
    voice, plain = open_voice(EMBEDDED, Runtime(settings, {"tensorrt": fitted(providers, kept)})), open_voice(EMBEDDED)
    got, expected = (samples_of(speak(one, TEXT, Style())) for one in (voice, plain))
    np.testing.assert_allclose(got, expected, atol=1e-5)
    frames = {"vocoder.onnx": "mel", "postnet.onnx": "frames"}
    assert kept.keys() == set(GRAPHS)
    for name, (engine, others) in kept.items():
        assert engine.runs, f"{name} never ran on its engine"
        elsewhere = [run for other in others for run in other.runs]
        assert name in frames or not elsewhere, f"{name} left its engine for {elsewhere}"
        for run in elsewhere:
            span = sizes_of(providers, name)[frames[name]][1]
            assert not span.least <= run[frames[name]][1] <= span.most


def test_sizes_that_no_engine_was_built_for_do_not_fit() -> None:
    sizes = {"mel": [SizeRange(1, 4, 16), SizeRange(18, 48, 128), SizeRange(80, 80, 80)]}
    assert tensorrt.fits(sizes, {"mel": (16, 18, 80)})
    for wrong in [(17, 48, 80), (1, 17, 80), (1, 129, 80)]:
        assert not tensorrt.fits(sizes, {"mel": wrong})


@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize("kind", ["least", "usual", "most"])
def test_each_end_of_the_sizes_is_a_run_that_every_layer_can_do(providers: Providers, graph: str, kind: str) -> None:
    sizes, session = sizes_of(Providers(providers.settings, max_batch=2), graph), open_on_cpu(EMBEDDED / graph, 1)
    kinds = {item.name: np.int64 if "int64" in item.type else np.float32 for item in session.get_inputs()}
    inputs = {name: np.zeros([getattr(span, kind) for span in spans], kinds[name]) for name, spans in sizes.items()}
    if "units" in inputs and kind == "most":
        inputs["units"] = inputs["units"][:, :100]  # more than the voice can read at a time
    assert all(np.isfinite(output).all() for output in session.run(None, inputs))


def test_the_profile_names_every_input_and_the_values_of_what_decides_over_sizes() -> None:
    sizes = {"final": [SizeRange(1, 1, 1)], "mel": [SizeRange(1, 4, 16), SizeRange(18, 48, 128), SizeRange(80, 80, 80)]}
    assert tensorrt.profile(sizes) == {
        "trt_profile_min_shapes": "final:0,mel:1x18x80",
        "trt_profile_opt_shapes": "final:0,mel:4x48x80",
        "trt_profile_max_shapes": "final:1,mel:16x128x80",
    }


def test_a_graph_with_an_axis_of_unknown_sizes_has_no_engine() -> None:
    assert tensorrt.sizes({"features": ["batch", "frames", 40]}, {}, {}, 16) is None


def test_the_options_follow_the_configuration(providers: Providers) -> None:
    path = EMBEDDED / "vocoder.onnx"
    options = providers.tensorrt_options(path, sizes_of(providers, path.name))
    assert (options["device_id"], options["trt_fp16_enable"]) == (1, 0)
    assert options["trt_max_workspace_size"] == 2048 * 2**20
    assert Path(options["trt_engine_cache_path"]).is_relative_to(providers.settings.engine_cache)
    assert Path(options["trt_timing_cache_path"]).is_relative_to(providers.settings.engine_cache)
    assert {name for name in options if name.startswith("trt_profile")} == set(tensorrt.profile({}))


def test_half_precision_is_allowed_only_to_a_graph_that_has_it(providers: Providers, tmp_path: Path) -> None:
    half = tmp_path / "postnet.fp16.onnx"
    half.write_bytes((EMBEDDED / "postnet.onnx").read_bytes())
    assert providers.tensorrt_options(half, {})["trt_fp16_enable"] == 1
    assert choose_precision("tensorrt", ("fp32", "fp16", "int8")).precision == "fp16"
    assert choose_precision("tensorrt", ("fp32", "int8")).precision == "fp32"


def test_engines_of_graphs_with_other_weights_or_another_version_are_not_mixed(tmp_path: Path) -> None:
    for number in range(2):
        (tmp_path / f"{number}.onnx").write_bytes(bytes([number]))
    folders = [
        tensorrt.engine_folder(tmp_path / "engines", tmp_path / f"{number}.onnx", version)
        for number in range(2)
        for version in ("10.1", "10.2", "10.2")
    ]
    assert len(set(folders)) == 4
    assert all(folder.is_dir() for folder in folders)


def test_a_folder_that_cannot_be_written_to_is_refused_with_the_key_to_change(tmp_path: Path) -> None:
    graph = tmp_path / "file"
    graph.touch()
    with pytest.raises(DeviceError, match=r"let runtime\.engine_cache name a folder"):
        tensorrt.engine_folder(graph / "engines", graph, "10.1")


@without_tensorrt
def test_a_build_without_tensorrt_names_the_packages_that_have_it(providers: Providers) -> None:
    with pytest.raises(MissingProviderError, match="install the extra gpu or gpu-cu12"):
        providers.factories["tensorrt"](EMBEDDED / "postnet.onnx", 1)


@without_tensorrt
def test_every_provider_that_cannot_work_is_named_with_its_reason() -> None:
    runtime = Runtime(RuntimeSection(providers=("tensorrt", "cuda", "cpu"), threads=1))
    open_voice(EMBEDDED, runtime)
    assert runtime.provider == "cpu"
    assert "tensorrt: this onnxruntime is built without TensorRT" in (runtime.fallback_reason or "")
    assert "cuda: " in (runtime.fallback_reason or "")


@pytest.mark.skipif(
    "TensorrtExecutionProvider" not in ort.get_available_providers() or cuda.missing_gpu() is not None,
    reason="needs onnxruntime-gpu and a GPU",
)
def test_tensorrt_gives_the_sound_of_the_cpu_or_says_why_it_cannot(tmp_path: Path) -> None:
    settings = RuntimeSection(providers=("tensorrt", "cuda", "cpu"), engine_cache=tmp_path)
    runtime = Runtime(settings)
    synthesizer, plain = open_voice(EMBEDDED, runtime), open_voice(EMBEDDED)
    got, expected = (samples_of(speak(one, TEXT, Style())) for one in (synthesizer, plain))
    np.testing.assert_allclose(got, expected, atol=1e-3)
    assert runtime.provider == "tensorrt" or runtime.fallback_reason


def test_the_missing_library_leads_to_the_package_of_the_right_version() -> None:
    said = "the TensorRT provider cannot be loaded: libnvinfer.so.10: cannot open shared object file"
    assert tensorrt.advice(said, "13.0") == f"{said}; pip install 'tensorrt-cu13-libs==10.*'"
    assert "tensorrt-cu12-libs==11.*" in tensorrt.advice("libnvonnxparser.so.11: not there", "12.8")
    assert tensorrt.advice("libcudnn.so.9: not there", "13.0") == "libcudnn.so.9: not there"


@without_tensorrt
def test_a_provider_that_does_not_open_a_graph_says_so_and_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.warns(UserWarning, match="not in available provider names"), pytest.raises(DeviceError):
        open_on_device(EMBEDDED / "postnet.onnx", 1, [("TensorrtExecutionProvider", {})])
    assert capfd.readouterr().out == ""
