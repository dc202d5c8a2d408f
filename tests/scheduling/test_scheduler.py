"""Streams that share batches: equal to streams alone, earliest deadline first, isolated from each other's failures."""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import inf
from queue import SimpleQueue

import numpy as np
import pytest

from server.config import SchedulerSection
from server.errors import BusyError, DeviceError, ShutdownError, SynthesisError
from server.runtime.session import Session
from server.runtime.tensors import Array, BatchTensor
from server.scheduling.graph_run import GraphRun
from server.scheduling.input_queue import InputQueue
from server.scheduling.playback import PlaybackClock
from server.scheduling.scheduler import MAX_UNCONSUMED_CHUNKS, Scheduler
from server.scheduling.task import Chunks, iterate
from server.synthesis.sequencing import Item
from server.synthesis.synthesizer import Synthesizer
from server.text.sentence import Sentence
from server.text.units.unit_tables import read_symbol_lines
from server.types import Audio, Floats, Style, Units
from tests.conftest import EMBEDDED, GOLDEN, PACKAGES, chunks_of, open_voice, samples_of, speak
from tests.runtime.failing_device import runtime_that_fails_after

Golden = Callable[[str], Synthesizer]


@dataclass(eq=False)
class Client:
    """A client that consumes every chunk at once."""

    scheduler: Scheduler
    chunks: list[bytes] = field(default_factory=list)
    error: Exception | None = None
    ended: threading.Event = field(default_factory=threading.Event)
    consumes: bool = True
    started: threading.Event = field(default_factory=threading.Event)

    def start(self, chunks: Callable[[PlaybackClock], Chunks[bytes]], voice: str = "") -> "Client":
        self.stream = self.scheduler.start(voice, chunks, self._on_chunk, self._on_end)
        self.started.set()
        return self

    def wait(self) -> "Client":
        assert self.ended.wait(300), "the stream never ended"
        return self

    @property
    def samples(self) -> Floats:
        return np.frombuffer(b"".join(self.chunks), np.float32)

    def _on_chunk(self, chunk: bytes) -> None:
        self.chunks.append(chunk)
        if self.consumes and self.started.wait(30):
            self.scheduler.chunk_consumed(self.stream)

    def _on_end(self, error: Exception | None) -> None:
        self.error = error
        self.ended.set()


def section(workers: int = 1) -> SchedulerSection:
    """No stream is refused because this machine computes slowly."""
    return SchedulerSection(workers=workers).model_copy(update={"max_utilization": inf})


@pytest.fixture
def scheduler():
    scheduler = Scheduler(section())
    yield scheduler
    scheduler.close()


@pytest.fixture(autouse=True)
def batches_as_large_as_they_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long a run has taken on this machine."""
    monkeypatch.setattr("server.scheduling.batch_policy.MAX_BATCH_SECONDS", 1e6)


@pytest.fixture
def batch_sizes(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[int]]:
    """Graph name -> the batch sizes of its runs."""
    seen: dict[str, set[int]] = {}
    real = Session.run

    def recorded(
        self: Session, inputs: Mapping[str, BatchTensor], *, keep_states: bool = False
    ) -> Mapping[str, BatchTensor]:
        rows = {
            inputs[name].shape[axis] for name, axis in self.batch_axes.items() if name in inputs and axis is not None
        }
        seen.setdefault(self.path.stem, set()).update(rows)
        return real(self, inputs, keep_states=keep_states)

    monkeypatch.setattr(Session, "run", recorded)
    return seen


def raw(synthesizer: Synthesizer, items: Callable[[], Iterable[Item]]) -> Callable[[PlaybackClock], Chunks[bytes]]:
    """The samples of sentences as bytes, for `Scheduler.start`."""

    async def chunks(clock: PlaybackClock) -> Chunks[bytes]:
        async for audio in chunks_of(synthesizer, items(), clock):
            yield audio.samples.tobytes()

    return chunks


def sentence_of(units: Units) -> Sentence:
    """A sentence with nothing but units."""
    return Sentence("", "", (), (), (), (), (), "", units, (), ())


def utterances(synthesizer: Synthesizer) -> list[list[Sentence]]:
    """Utterances of several lengths, at speeds that give several attention bands."""
    if synthesizer.voice.name == "demo":
        texts = ("你好。", "今天天气很好，我们一起去公园散步。回家吃晚饭。", "早点休息吧。", "明天还要上班。")
        parts = [list(synthesizer.sentences(text)) for text in texts]
    else:
        lines = read_symbol_lines((GOLDEN / synthesizer.voice.name / "symbols.txt").read_text())
        whole = [symbols.split() for _, symbols in lines]
        cuts = [whole[0], whole[1], whole[0][:7], [*whole[1][:5], *whole[0][:9]]]
        parts = [[sentence_of(synthesizer.tables.encode(" ".join(cut)))] for cut in cuts]
    return [
        [replace(sentence, unit_styles=(Style(speed),)) for sentence in part]
        for part, speed in zip(parts, (1.0, 0.4, 2.0, 0.7), strict=True)
    ]


@pytest.mark.parametrize("name", [*PACKAGES, "demo"])
@pytest.mark.parametrize("workers", [1, 3])
def test_a_stream_in_a_batch_equals_the_stream_alone(
    name: str, workers: int, golden: Golden, demo: Synthesizer, batch_sizes: dict[str, set[int]]
) -> None:
    synthesizer = demo if name == "demo" else golden(name)
    spoken = utterances(synthesizer)
    alone = [samples_of(iterate(chunks_of(synthesizer, sentences))) for sentences in spoken]
    bands = {synthesizer.synthesize(first.units, first.unit_styles[0]).prosody.attention_band for first, *_ in spoken}
    batch_sizes.clear()
    scheduler, gate = Scheduler(section(workers)), Doubling()
    for _ in range(workers):
        gate.block(scheduler)
    clients = [
        Client(scheduler).start(raw(synthesizer, lambda sentences=sentences: sentences)) for sentences in spoken * 2
    ]
    gate.may_run.set()
    for client, expected in zip(clients, alone * 2, strict=True):
        assert client.wait().error is None
        np.testing.assert_allclose(client.samples, expected, atol=1e-4)
    scheduler.close()
    assert len(bands) > 1
    assert max(batch_sizes["mel_decoder"]) > (1 if workers == 1 else 0)


@pytest.mark.parametrize("runs", [20, 35])
def test_streams_in_a_batch_continue_when_their_provider_fails(runs: int, demo: Synthesizer) -> None:
    runtime = runtime_that_fails_after(runs)
    broken, scheduler = open_voice(EMBEDDED, runtime), Scheduler(section())
    texts = ("你好，世界。", "早点休息吧。", "再见。")
    clients = [Client(scheduler).start(raw(broken, lambda text=text: broken.sentences(text))) for text in texts]
    for client, text in zip(clients, texts, strict=True):
        assert client.wait().error is None
        np.testing.assert_allclose(client.samples, samples_of(speak(demo, text)), atol=1e-4)
    scheduler.close()
    assert runtime.provider == "cpu"


class Doubling:
    """The smallest graph: doubles a number, in batches. It fails for 13, and can be blocked."""

    batch_axes: Mapping[str, int | None] = {"x": 0, "y": 0}
    next_states: Mapping[str, str] = {}

    def __init__(self) -> None:
        self.batches: list[list[float]] = []
        self.entered = threading.Event()
        self.may_run = threading.Event()
        self.may_run.set()

    def run(self, inputs: Mapping[str, Array], *, keep_states: bool = False) -> Mapping[str, Array]:
        self.entered.set()
        assert self.may_run.wait(30)
        self.batches.append(inputs["x"][:, 0].tolist())
        if 13 in inputs["x"]:
            raise ArithmeticError("13 is refused")
        return {"y": inputs["x"] * 2}

    def chunks(self, *numbers: float) -> Callable[[PlaybackClock], Chunks[bytes]]:
        async def chunks(clock: PlaybackClock) -> Chunks[bytes]:
            for number in numbers:
                outputs = await GraphRun(self, {"x": np.array([[number]])})
                yield b"%d " % outputs["y"].item()

        return chunks

    def block(self, scheduler: Scheduler) -> Client:
        """A stream that occupies a worker in its run, until `may_run` is set."""
        self.may_run.clear()
        self.entered.clear()
        client = Client(scheduler).start(self.chunks(0))
        assert self.entered.wait(30)
        return client


def test_matching_runs_share_a_batch(scheduler: Scheduler) -> None:
    gate, graph = Doubling(), Doubling()
    gate.block(scheduler)
    clients = [Client(scheduler).start(graph.chunks(number, number + 20)) for number in (1, 2, 3)]
    gate.may_run.set()
    assert [b"".join(client.wait().chunks) for client in clients] == [b"2 42 ", b"4 44 ", b"6 46 "]
    assert max(map(len, graph.batches)) > 1


def test_a_stream_that_fails_does_not_affect_the_rest_of_its_batch(scheduler: Scheduler) -> None:
    gate, graph = Doubling(), Doubling()
    gate.block(scheduler)
    numbers = (1, 13, 2)
    clients = [Client(scheduler).start(graph.chunks(5, number, 6)) for number in numbers]
    gate.may_run.set()
    chunks = [b"".join(client.wait().chunks) for client in clients]
    assert chunks == [b"10 2 12 ", b"10 ", b"10 4 12 "]
    assert [type(client.error) for client in clients] == [type(None), ArithmeticError, type(None)]
    assert any(13 in batch and len(batch) > 1 for batch in graph.batches)


@pytest.mark.parametrize(("seconds", "failed"), [(60.0, 1), (0.0, 4)])
def test_a_batch_that_does_not_fit_on_the_device_is_halved_for_a_while(
    seconds: float, failed: int, scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.scheduling.batch_policy.BATCH_LIMIT_SECONDS", seconds)

    class SmallDevice(Doubling):
        def run(self, inputs: Mapping[str, Array], *, keep_states: bool = False) -> Mapping[str, Array]:
            outputs = super().run(inputs)
            if len(inputs["x"]) > 2:
                raise DeviceError("cuda: out of memory")
            return outputs

    graph = SmallDevice()
    blocked = graph.block(scheduler)
    clients = [Client(scheduler).start(graph.chunks(*range(number, number + 4))) for number in range(1, 5)]
    graph.may_run.set()
    assert [client.wait().error for client in [blocked, *clients]] == [None] * 5
    sizes = [len(batch) for batch in graph.batches]
    assert sizes.count(4) == failed
    assert max(size for size in sizes if size != 4) <= 2


def test_the_stream_with_the_earliest_deadline_goes_first(scheduler: Scheduler) -> None:
    gate, graphs = Doubling(), [Doubling() for _ in range(3)]
    order: list[int] = []
    gate.block(scheduler)
    for index, buffered in ((0, 3000.0), (1, 1000.0), (2, 2000.0)):

        def start(clock: PlaybackClock, index: int = index, buffered: float = buffered) -> Chunks[bytes]:
            clock.push(buffered)
            return chunks(index)

        async def chunks(index: int) -> Chunks[bytes]:
            await GraphRun(graphs[index], {"x": np.array([[1.0]])})
            order.append(index)
            yield b""

        client = Client(scheduler).start(start)
    gate.may_run.set()
    client.wait()
    while not scheduler.is_idle:
        pass
    assert order == [1, 2, 0]


def test_a_new_stream_is_served_although_others_never_end(scheduler: Scheduler) -> None:
    graph, stop = Doubling(), threading.Event()

    async def endless(clock: PlaybackClock) -> Chunks[bytes]:
        while not stop.is_set():
            await GraphRun(graph, {"x": np.array([[1.0, 1.0]])})
            clock.push(0.001)
            yield b"x"

    others = [Client(scheduler).start(endless) for _ in range(5)]
    assert Client(scheduler).start(graph.chunks(1, 2, 3)).wait().chunks == [b"2 ", b"4 ", b"6 "]
    stop.set()
    assert all(other.wait().chunks for other in others)


def test_a_cancelled_stream_ends_at_its_next_run(scheduler: Scheduler) -> None:
    graph = Doubling()
    graph.may_run.clear()
    client = Client(scheduler).start(graph.chunks(*range(1000)))
    assert graph.entered.wait(30)
    scheduler.cancel(client.stream)
    graph.may_run.set()
    assert client.wait().error is None
    assert len(graph.batches) == 1
    assert scheduler.load().streams == 0


async def echo(queue: InputQueue[bytes]) -> Chunks[bytes]:
    while (item := await queue.get()) is not None:
        yield item


def test_a_stream_that_waits_for_input_occupies_no_worker_and_continues_with_it(scheduler: Scheduler) -> None:
    queue: InputQueue[bytes] = InputQueue()
    waiting = Client(scheduler).start(lambda clock: echo(queue))
    while not scheduler.is_idle:
        pass
    assert Client(scheduler).start(Doubling().chunks(1, 2)).wait().chunks == [b"2 ", b"4 "]
    queue.put(b"a", b"b")
    queue.put(b"c")
    queue.close()
    assert waiting.wait().chunks == [b"a", b"b", b"c"]
    assert waiting.error is None


@pytest.mark.parametrize("end", ["cancel", "close"])
def test_a_stream_that_waits_for_input_can_be_ended(end: str, scheduler: Scheduler) -> None:
    queue: InputQueue[bytes] = InputQueue()
    client = Client(scheduler).start(lambda clock: echo(queue))
    while not scheduler.is_idle:
        pass
    if end == "cancel":
        scheduler.cancel(client.stream)
    else:
        scheduler.close()
    assert client.wait().error is None
    queue.put(b"too late")
    queue.close()
    assert (client.chunks, scheduler.load().streams) == ([], 0)


def test_a_stream_that_is_cancelled_just_before_it_waits_for_input_ends(scheduler: Scheduler) -> None:
    client = Client(scheduler)

    async def chunks(clock: PlaybackClock) -> Chunks[bytes]:
        assert client.started.wait(30)
        scheduler.cancel(client.stream)
        async for item in echo(InputQueue()):
            yield item

    assert client.start(chunks).wait().error is None


def test_a_chunk_that_is_consumed_does_not_wake_a_stream_that_waits_for_input(scheduler: Scheduler) -> None:
    queue: InputQueue[bytes] = InputQueue()
    queue.put(b"a")
    client = Client(scheduler, consumes=False).start(lambda clock: echo(queue))
    while not scheduler.is_idle or not client.chunks:
        pass
    clock = client.stream.clock
    clock.underrun_at = 0.0
    scheduler.chunk_consumed(client.stream)
    assert client.stream.paused
    assert clock.underrun_at == 0.0
    queue.put(b"b")
    assert clock.underrun_at > 0.0  # its audio is due as at the start, and not late
    queue.close()
    assert client.wait().chunks == [b"a", b"b"]


def test_computing_waits_for_a_client_that_does_not_consume(scheduler: Scheduler) -> None:
    graph = Doubling()
    client = Client(scheduler, consumes=False).start(graph.chunks(*range(1, 1001)))
    while not scheduler.is_idle or not client.chunks:
        pass
    assert len(client.chunks) == MAX_UNCONSUMED_CHUNKS + 1
    deadline = client.stream.clock.underrun_at
    scheduler.chunk_consumed(client.stream)
    assert client.stream.clock.underrun_at > deadline  # the wait was the client's own
    while len(client.chunks) < MAX_UNCONSUMED_CHUNKS + 2:
        pass
    scheduler.cancel(client.stream)
    client.wait()


def test_no_stream_starts_after_closing() -> None:
    scheduler = Scheduler(SchedulerSection(workers=1))
    paused = Client(scheduler, consumes=False).start(Doubling().chunks(*range(1, 1001)))
    scheduler.close()
    assert paused.ended.is_set()
    with pytest.raises(ShutdownError):
        Client(scheduler).start(Doubling().chunks(1))


def test_beyond_the_limit_a_stream_is_refused_with_a_time_to_retry() -> None:
    scheduler, graph = Scheduler(SchedulerSection(workers=1, max_streams=1)), Doubling()
    first = graph.block(scheduler)
    with pytest.raises(BusyError) as refusal:
        Client(scheduler).start(graph.chunks(1))
    assert refusal.value.retry_after >= 1
    graph.may_run.set()
    first.wait()
    assert Client(scheduler).start(graph.chunks(1)).wait().chunks == [b"2 "]
    scheduler.close()


def test_a_cancelled_stream_makes_room_at_once() -> None:
    scheduler, graph = Scheduler(SchedulerSection(workers=1, max_streams=1)), Doubling()
    first = graph.block(scheduler)
    scheduler.cancel(first.stream)
    second = Client(scheduler).start(graph.chunks(1))
    with pytest.raises(BusyError, match="with 1 streams"):
        Client(scheduler).start(graph.chunks(1))
    graph.may_run.set()
    assert second.wait().chunks == [b"2 "]
    assert first.wait().chunks == []
    scheduler.close()


def test_measuring_a_voice_gives_its_capacity(demo: Synthesizer) -> None:
    scheduler = Scheduler(SchedulerSection(workers=2))
    assert scheduler.load("demo").capacity is None
    scheduler.measure_cost("demo", demo.probe)
    capacity = scheduler.load("demo").capacity
    scheduler.close()
    assert capacity is not None
    assert capacity >= 1


def test_a_measurement_has_no_late_chunks() -> None:
    scheduler = Scheduler(SchedulerSection(workers=1))

    async def chunks(clock: PlaybackClock) -> Chunks[Audio]:
        for _ in range(2):
            clock.push(-1.0)  # an underrun at once
            yield Audio(np.zeros(1, np.float32), 16000)

    scheduler.measure_cost("slow", chunks)
    scheduler.close()
    assert scheduler.load().late_chunks == 0


def test_an_error_of_a_measurement_is_raised() -> None:
    scheduler = Scheduler(SchedulerSection(workers=2))

    async def chunks(clock: PlaybackClock) -> Chunks[Audio]:
        raise DeviceError("cuda: out of memory")
        yield

    with pytest.raises(DeviceError, match="out of memory"):
        scheduler.measure_cost("broken", chunks)
    scheduler.close()


def test_a_callback_that_fails_ends_its_stream_and_no_worker(scheduler: Scheduler) -> None:
    def fail(*arguments: object) -> None:
        raise ZeroDivisionError

    errors: SimpleQueue[Exception | None] = SimpleQueue()
    scheduler.start("", Doubling().chunks(1, 2), fail, errors.put)
    assert isinstance(errors.get(timeout=30), ZeroDivisionError)
    scheduler.start("", Doubling().chunks(1), lambda chunk: None, fail)
    assert Client(scheduler).start(Doubling().chunks(1)).wait().chunks == [b"2 "]


def test_a_panic_in_a_stage_ends_its_stream_and_no_worker(scheduler: Scheduler) -> None:
    class PanicError(BaseException):
        """As Rust extensions raise it."""

    async def chunks(clock: PlaybackClock) -> Chunks[bytes]:
        raise PanicError("index out of bounds")
        yield b""

    assert isinstance(Client(scheduler).start(chunks).wait().error, SynthesisError)
    assert Client(scheduler).start(Doubling().chunks(1)).wait().chunks == [b"2 "]


def test_pauses_do_not_make_a_voice_look_cheap() -> None:
    scheduler, graph = Scheduler(SchedulerSection(workers=1)), Doubling()

    async def chunks(clock: PlaybackClock) -> Chunks[bytes]:
        await GraphRun(graph, {"x": np.array([[1.0]])})
        clock.push(1e-6)
        yield b"audio"
        clock.push(1000, computed=False)
        yield b"pause"

    Client(scheduler).start(chunks, "slow").wait()
    scheduler.close()
    assert scheduler.load("slow").capacity == 1
