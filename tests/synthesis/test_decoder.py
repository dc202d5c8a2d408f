"""Frames do not depend on chunk sizes, on the batch, or on the moment when a stream goes on in another precision."""

from collections.abc import Sequence
from itertools import cycle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convert.quantization.metrics import signal_to_noise_ratio
from server.config import RuntimeSection
from server.runtime import precision
from server.runtime.runtime import Runtime
from server.runtime.tensors import Array, to_host
from server.scheduling.batching import run_batch, select_row
from server.scheduling.graph_run import GraphRun, StateRow, StreamTensor
from server.scheduling.task import Chunks, iterate
from server.synthesis.acoustic.decoder import RUN_STEPS, Decoder, DecoderState
from server.synthesis.acoustic.length_regulator import regulate_length
from server.types import Floats
from server.voices.voice import Voice
from tests.conftest import open_voice
from tests.runtime.failing_device import runtime_that_fails_after

TEXT = "今天天气很好，我们一起去公园散步。"
KINDS = ("fp32", "int8")


def open_decoder(folder: Path, runtime: Runtime) -> Decoder:
    voice = Voice(folder)
    step = runtime.open(voice.graph("mel_decoder"), variants=voice.variants("mel_decoder"), threads=1)
    return Decoder(runtime.open(voice.graph("decoder_memory"), threads=1), step)


def cpu_runtime(kind: str) -> Runtime:
    return Runtime(RuntimeSection(providers=("cpu",), threads=1, precision=kind))


@pytest.fixture(scope="module")
def decoders(several: Path) -> dict[str, Decoder]:
    return {kind: open_decoder(several / "demo", cpu_runtime(kind)) for kind in KINDS}


@pytest.fixture(scope="module")
def spoken(several: Path) -> tuple[Floats, int]:
    """Memory and band of a sentence."""
    voice = open_voice(several / "demo", cpu_runtime("fp32"))
    prosody = voice.synthesize(next(voice.sentences(TEXT)).units, chunk_steps=0).prosody
    return regulate_length(prosody, voice.voice.manifest.acoustic.frames_per_step), prosody.attention_band


async def frames_of(decoder: Decoder, state: DecoderState, sizes: Sequence[int]) -> Chunks[Floats]:
    """The frames in chunks of these steps, again and again."""
    for size in cycle(sizes):
        frames, state = await decoder.advance(state, size)
        yield frames
        if not state.remaining_steps:
            return


def decode(decoder: Decoder, memory: Floats, band: int, sizes: Sequence[int] = (1000,)) -> Floats:
    return np.concatenate(list(iterate(frames_of(decoder, decoder.start(memory, band), sizes))))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=10, deadline=None, derandomize=True)
@given(sizes=st.lists(st.integers(1, 20), min_size=1, max_size=6))
def test_frames_do_not_depend_on_chunk_sizes(
    kind: str, sizes: list[int], decoders: dict[str, Decoder], spoken: tuple[Floats, int]
) -> None:
    memory, band = spoken[0][:23], spoken[1]
    np.testing.assert_array_equal(decode(decoders[kind], memory, band, sizes), decode(decoders[kind], memory, band))


@pytest.mark.parametrize("kind", KINDS)
def test_a_memory_that_goes_on_gives_the_frames_of_the_whole(
    kind: str, decoders: dict[str, Decoder], spoken: tuple[Floats, int]
) -> None:
    decoder, (memory, band) = decoders[kind], spoken
    known, whole = decoder.start(memory[:37], band, is_whole=False), decode(decoder, memory, band)
    assert known.independent_steps == (37 - known.window) // RUN_STEPS * RUN_STEPS

    async def extended(steps: int) -> Chunks[Floats]:
        frames, state = await decoder.advance(known, steps)
        yield frames
        async for rest in frames_of(decoder, decoder.extend(state, memory, band), [5]):
            yield rest

    for steps in (1, known.independent_steps):
        np.testing.assert_array_equal(np.concatenate(list(iterate(extended(steps)))), whole)


def next_run(decoder: Decoder, memory: Floats, band: int, steps: int) -> GraphRun:
    """The run after `steps` steps."""
    driver = decoder.advance(decoder.start(memory, band), 1000).__await__()
    run, done = next(driver), 0
    while run.graph is not decoder._step_session or done < steps:
        done += run.size if run.graph is decoder._step_session else 0
        run = driver.send(run_batch([run])[0])
    return run


def on_host(tensor: StreamTensor) -> Array:
    return select_row(to_host(tensor.batch), tensor.axis, tensor.row) if isinstance(tensor, StateRow) else tensor


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [2, 5])
def test_a_row_of_a_batch_is_exactly_the_row_alone(
    kind: str, count: int, decoders: dict[str, Decoder], spoken: tuple[Floats, int]
) -> None:
    memory, band = spoken
    loud = np.float32(30)  # would change the scale of all rows, if they had one in common
    runs = [next_run(decoders[kind], memory * (loud if row else 1), band, 4 * row) for row in range(count)]
    assert len({run.batch_key for run in runs}) == 1
    for run, in_batch in zip(runs, run_batch(runs), strict=True):
        (alone,) = run_batch([run])
        for name, array in alone.items():
            np.testing.assert_array_equal(on_host(in_batch[name]), on_host(array), err_msg=name)


@pytest.mark.parametrize("runs", [1, 4, 9])
def test_a_stream_goes_on_in_8_bits_when_its_device_fails(
    runs: int, several: Path, decoders: dict[str, Decoder], spoken: tuple[Floats, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "integer_dot_products", lambda: "VNNI")
    memory, band = spoken
    opened: list[str] = []
    broken = open_decoder(several / "demo", runtime_that_fails_after(runs, opened))
    got, exact = decode(broken, memory, band, [8]), decode(decoders["fp32"], memory, band)
    assert opened == ["mel_decoder.onnx", "decoder_memory.onnx"] or opened == [
        "decoder_memory.onnx",
        "mel_decoder.onnx",
    ]
    assert broken._step_session._providers.provider == "cpu"
    assert got.shape == exact.shape
    assert not np.array_equal(got, exact)
    assert signal_to_noise_ratio(exact - exact.mean(axis=0), got - exact.mean(axis=0)) > 38
    before = 8 * (runs // 3) * 3  # a chunk is a run for the memory and two for its steps
    np.testing.assert_array_equal(got[:before], exact[:before])
