"""Many streams, one scheduler: they sound as alone, the most urgent goes first, and none hurts another."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from server.config import RuntimeSection, SchedulerSection
from server.errors import BusyError, DeviceError, ShutdownError
from server.runtime.runtime import Runtime
from server.runtime.session import Session
from server.runtime.tensors import Array, BatchTensor
from server.scheduling.admission import AdmissionControl
from server.scheduling.playback import PlaybackClock
from server.scheduling.scheduler import AHEAD, Scheduler
from server.scheduling.task import Run, Speech, at_once, each, run, together
from server.synthesis.synthesizer import Synthesizer
from server.text.frontend import Sentence
from server.text.units.unit_tables import read_symbol_lines
from server.types import Audio, Floats, Style, Units
from tests.conftest import EMBEDDED, GOLDEN, PACKAGES, open_voice
from tests.runtime.test_fallback import FailingSession

Golden = Callable[[str], Synthesizer]


@dataclass(eq=False)
class Heard:
    """A listener who takes every chunk at once."""

    scheduler: Scheduler
    chunks: list[bytes] = field(default_factory=list)
    error: Exception | None = None
    over: threading.Event = field(default_factory=threading.Event)
    takes: bool = True
    started: threading.Event = field(default_factory=threading.Event)

    def listen(self, speech: Speech[bytes], pace: PlaybackClock | None = None, voice: str = "") -> "Heard":
        self.job = self.scheduler.start(voice, speech, self._take, self._end, pace=pace)
        self.started.set()
        return self

    def wait(self) -> "Heard":
        assert self.over.wait(60), "the stream never ended"
        return self

    @property
    def samples(self) -> Floats:
        return np.frombuffer(b"".join(self.chunks), np.float32)

    def _take(self, chunk: bytes) -> None:
        self.chunks.append(chunk)
        if self.takes and self.started.wait(30):
            self.scheduler.taken(self.job)

    def _end(self, error: Exception | None) -> None:
        self.error = error
        self.over.set()


@pytest.fixture
def scheduler():
    scheduler = Scheduler(SchedulerSection(workers=1, max_streams=100, headroom=1))
    yield scheduler
    scheduler.close()


@pytest.fixture
def widths(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[int]]:
    """How many streams each kind of graph has computed together."""
    seen: dict[str, set[int]] = {}
    real = Session.run

    def noted(
        self: Session, inputs: Mapping[str, BatchTensor], *, keep_states: bool = False
    ) -> Mapping[str, BatchTensor]:
        rows = {
            inputs[name].shape[axis] for name, axis in self.batch_axes.items() if name in inputs and axis is not None
        }
        seen.setdefault(self.path.stem, set()).update(rows)
        return real(self, inputs, keep_states=keep_states)

    monkeypatch.setattr(Session, "run", noted)
    return seen


def raw(speech: Speech[Audio]) -> Speech[bytes]:
    return each(speech, lambda audio: audio.samples.tobytes())


def lone(units: Units) -> Sentence:
    """A sentence of which nothing but its units is known."""
    return Sentence("", "", (), (), (), (), (), "", units, (), ())


def variants(synthesizer: Synthesizer) -> list[list[Sentence]]:
    """Utterances of several lengths, at speeds that give several bands."""
    if synthesizer.voice.name == "demo":
        texts = ("你好。", "今天天气很好，我们一起去公园散步。回家吃晚饭。", "早点休息吧。", "明天还要上班。")
        parts = [list(synthesizer.read(text)) for text in texts]
    else:
        lines = read_symbol_lines((GOLDEN / synthesizer.voice.name / "symbols.txt").read_text())
        whole = [symbols.split() for _, symbols in lines]
        cuts = [whole[0], whole[1], whole[0][:7], [*whole[1][:5], *whole[0][:9]]]
        parts = [[lone(synthesizer.tables.encode(" ".join(cut)))] for cut in cuts]
    return [
        [replace(sentence, unit_styles=(Style(speed),)) for sentence in part]
        for part, speed in zip(parts, (1.0, 0.4, 2.0, 0.7), strict=True)
    ]


@pytest.mark.parametrize("name", [*PACKAGES, "demo"])
@pytest.mark.parametrize("workers", [1, 3])
def test_streams_that_share_batches_sound_as_alone(
    name: str, workers: int, golden: Golden, demo: Synthesizer, widths: dict[str, set[int]]
) -> None:
    synthesizer = demo if name == "demo" else golden(name)
    spoken = variants(synthesizer)
    alone = [
        np.concatenate([audio.samples for audio in at_once(synthesizer.speech(sentences))]) for sentences in spoken
    ]
    bands = {synthesizer.utter(first.units, first.unit_styles[0]).score.band for first, *_ in spoken}
    widths.clear()
    scheduler = Scheduler(SchedulerSection(workers=workers, max_streams=100))
    listeners = []
    for sentences in spoken * 2:
        pace = PlaybackClock()
        listeners.append(Heard(scheduler).listen(raw(synthesizer.speech(sentences, pace)), pace))
    for listener, expected in zip(listeners, alone * 2, strict=True):
        assert listener.wait().error is None
        np.testing.assert_allclose(listener.samples, expected, atol=1e-4)
    scheduler.close()
    assert len(bands) > 1
    assert max(widths["mel_decoder"]) > (1 if workers == 1 else 0)


@pytest.mark.parametrize("runs", [40, 90])
def test_streams_in_a_batch_go_on_when_their_provider_fails(runs: int, demo: Synthesizer) -> None:
    left = runs

    def works() -> bool:
        nonlocal left
        left -= 1
        return left >= 0

    settings = RuntimeSection(providers=("cuda", "cpu"), threads=1)
    runtime = Runtime(settings, {"cuda": lambda path, threads: FailingSession(path, works)})
    broken, scheduler = open_voice(EMBEDDED, runtime), Scheduler(SchedulerSection(workers=1, max_streams=9))
    texts = ("你好，世界。", "早点休息吧。", "再见。")
    listeners = [Heard(scheduler).listen(raw(broken.speech(broken.read(text)))) for text in texts]
    for listener, text in zip(listeners, texts, strict=True):
        assert listener.wait().error is None
        expected = np.concatenate([audio.samples for audio in demo.speak(text)])
        np.testing.assert_allclose(listener.samples, expected, atol=1e-4)
    scheduler.close()
    assert runtime.provider == "cpu"


class Doubling:
    """The smallest graph: twice a number, in batches; it refuses 13, and can be held."""

    batch_axes: Mapping[str, int | None] = {"x": 0, "y": 0}

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

    def speech(self, *numbers: float, pace: PlaybackClock | None = None) -> Speech[bytes]:
        for number in numbers:
            outputs = yield from run(self, {"x": np.array([[number]])})
            if pace is not None:
                pace.hand_over(10)
            yield b"%d " % outputs["y"].item()

    def blocked(self, scheduler: Scheduler) -> Heard:
        """A stream that holds the only worker inside of its run, until `may_run` is set."""
        self.may_run.clear()
        self.entered.clear()
        listener = Heard(scheduler).listen(self.speech(0))
        assert self.entered.wait(30)
        return listener


def test_runs_of_one_form_share_a_batch(scheduler: Scheduler) -> None:
    gate, graph = Doubling(), Doubling()
    gate.blocked(scheduler)
    listeners = [Heard(scheduler).listen(graph.speech(number, number + 20)) for number in (1, 2, 3)]
    gate.may_run.set()
    assert [b"".join(listener.wait().chunks) for listener in listeners] == [b"2 42 ", b"4 44 ", b"6 46 "]
    assert max(map(len, graph.batches)) > 1


def test_a_stream_that_fails_does_not_hurt_its_mates(scheduler: Scheduler) -> None:
    gate, graph = Doubling(), Doubling()
    gate.blocked(scheduler)
    numbers = (1, 13, 2)
    listeners = [Heard(scheduler).listen(graph.speech(5, number, 6)) for number in numbers]
    gate.may_run.set()
    chunks = [b"".join(listener.wait().chunks) for listener in listeners]
    assert chunks == [b"10 2 12 ", b"10 ", b"10 4 12 "]
    assert [type(listener.error) for listener in listeners] == [type(None), ArithmeticError, type(None)]
    assert any(13 in batch and len(batch) > 1 for batch in graph.batches)


@pytest.mark.parametrize(("seconds", "failed"), [(60.0, 1), (0.0, 4)])
def test_a_batch_that_does_not_fit_on_the_device_is_halved_for_a_while(
    seconds: float, failed: int, scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.scheduling.scheduler.NARROW", seconds)

    class Narrow(Doubling):
        def run(self, inputs: Mapping[str, Array], *, keep_states: bool = False) -> Mapping[str, Array]:
            outputs = super().run(inputs)
            if len(inputs["x"]) > 2:
                raise DeviceError("cuda: out of memory")
            return outputs

    graph = Narrow()
    blocked = graph.blocked(scheduler)
    listeners = [Heard(scheduler).listen(graph.speech(*range(number, number + 4))) for number in range(1, 5)]
    graph.may_run.set()
    assert [listener.wait().error for listener in [blocked, *listeners]] == [None] * 5
    widths = [len(batch) for batch in graph.batches]
    assert widths.count(4) == failed
    assert max(width for width in widths if width != 4) <= 2


def test_the_listener_who_runs_dry_soonest_goes_first(scheduler: Scheduler) -> None:
    gate, graphs = Doubling(), [Doubling() for _ in range(3)]
    order: list[int] = []
    gate.blocked(scheduler)
    for place, lead in ((0, 30.0), (1, 10.0), (2, 20.0)):
        pace = PlaybackClock()
        pace.hand_over(lead)

        def speech(place: int = place) -> Speech[bytes]:
            yield from run(graphs[place], {"x": np.array([[1.0]])})
            order.append(place)
            yield b""

        listener = Heard(scheduler).listen(speech(), pace)
    gate.may_run.set()
    listener.wait()
    while not scheduler.resting:
        pass
    assert order == [1, 2, 0]


def test_a_new_stream_is_heard_although_others_never_end(scheduler: Scheduler) -> None:
    graph, stop = Doubling(), threading.Event()

    def endless(pace: PlaybackClock) -> Speech[bytes]:
        while not stop.is_set():
            yield from run(graph, {"x": np.array([[1.0, 1.0]])})
            pace.hand_over(0.001)
            yield b"x"

    paces = [PlaybackClock() for _ in range(5)]
    others = [Heard(scheduler).listen(endless(pace), pace) for pace in paces]
    assert Heard(scheduler).listen(graph.speech(1, 2, 3)).wait().chunks == [b"2 ", b"4 ", b"6 "]
    stop.set()
    assert all(other.wait().chunks for other in others)


def test_a_stream_that_nobody_hears_any_more_ends_at_its_next_run(scheduler: Scheduler) -> None:
    graph = Doubling()
    graph.may_run.clear()
    listener = Heard(scheduler).listen(graph.speech(*range(1000)))
    assert graph.entered.wait(30)
    scheduler.stop(listener.job)
    graph.may_run.set()
    assert listener.wait().error is None
    assert len(graph.batches) == 1
    assert scheduler.load().streams == 0


def test_computing_waits_for_a_listener_who_does_not_take(scheduler: Scheduler) -> None:
    graph = Doubling()
    listener = Heard(scheduler, takes=False).listen(graph.speech(*range(1, 1001)))
    while not scheduler.resting or not listener.chunks:
        pass
    assert len(listener.chunks) == AHEAD + 1
    scheduler.taken(listener.job)
    while len(listener.chunks) < AHEAD + 2:
        pass
    scheduler.stop(listener.job)
    listener.wait()


def test_nothing_starts_after_closing() -> None:
    scheduler = Scheduler(SchedulerSection(workers=1))
    waiting = Heard(scheduler, takes=False).listen(Doubling().speech(*range(1, 1001)))
    scheduler.close()
    assert waiting.over.is_set()
    with pytest.raises(ShutdownError):
        Heard(scheduler).listen(Doubling().speech(1))


def test_beyond_the_limit_a_stream_is_refused_and_told_when_to_come_back() -> None:
    scheduler, graph = Scheduler(SchedulerSection(workers=1, max_streams=1)), Doubling()
    first = graph.blocked(scheduler)
    with pytest.raises(BusyError) as refusal:
        Heard(scheduler).listen(graph.speech(1))
    assert refusal.value.retry_after >= 1
    graph.may_run.set()
    first.wait()
    assert Heard(scheduler).listen(graph.speech(1)).wait().chunks == [b"2 "]
    scheduler.close()


def test_a_rehearsal_measures_how_many_streams_fit(demo: Synthesizer) -> None:
    scheduler = Scheduler(SchedulerSection(workers=2))
    assert scheduler.load("demo").capacity is None
    scheduler.rehearse("demo", demo.rehearsal)
    capacity = scheduler.load("demo").capacity
    scheduler.close()
    assert capacity is not None
    assert capacity >= 1


def test_a_rehearsal_is_late_for_nobody() -> None:
    scheduler = Scheduler(SchedulerSection(workers=1))

    def speech(pace: PlaybackClock) -> Speech[Audio]:
        for _ in range(2):
            pace.hand_over(-1.0)  # the listener has run dry at once
            yield Audio(np.zeros(1, np.float32), 16000)

    scheduler.rehearse("slow", speech)
    scheduler.close()
    assert scheduler.load().late == 0


def test_pauses_do_not_make_a_voice_look_cheap(scheduler: Scheduler) -> None:
    graph, pace = Doubling(), PlaybackClock()

    def speech() -> Speech[bytes]:
        yield from run(graph, {"x": np.array([[1.0]])})
        pace.hand_over(1e-6)
        yield b"sound"
        pace.hand_over(1000, computed=False)
        yield b"pause"

    Heard(scheduler).listen(speech(), pace, "slow").wait()
    assert scheduler.load("slow").capacity == 1


def test_capacity_follows_what_is_observed() -> None:
    capacity = AdmissionControl(workers=2, headroom=0.8, most=0)
    capacity.observe("a", 1, computing=1.0, sound=10.0)
    assert capacity.streams([], "a") == 16  # 16 x 0.1 over two workers
    for _ in range(20):
        capacity.observe("a", 1, computing=4.0, sound=10.0)
    assert capacity.streams([], "a") in (4, 5)
    assert capacity.admits([], "a")
    assert not capacity.admits(["a"] * 5, "a")


def test_streams_that_share_batches_are_counted_as_cheaper() -> None:
    capacity = AdmissionControl(workers=1, headroom=1.0, most=0)
    capacity.observe("a", 1, computing=2.0, sound=10.0)
    assert capacity.streams([], "a") == 5
    capacity.observe("a", 4, computing=1.0, sound=10.0)
    assert capacity.streams([], "a") == 10


def test_the_first_stream_is_admitted_however_slow_the_voice() -> None:
    capacity = AdmissionControl(workers=1, headroom=0.8, most=0)
    capacity.observe("slow", 1, computing=50.0, sound=10.0)
    assert capacity.admits([], "slow")
    assert not capacity.admits(["slow"], "slow")


def test_inputs_without_a_batch_axis_must_be_equal_to_share_one(demo: Synthesizer) -> None:
    vocoder = demo._vocoder._graph._session
    forms = set()
    for final in (0, 1):
        inputs = {"final": np.array([final]), "mel": np.zeros((1, 8, 80), np.float32)}
        forms.add(Run(vocoder, inputs).form)
    assert len(forms) == 2


def test_one_run_alone_is_computed_as_it_is() -> None:
    graph = Doubling()
    assert together([Run(graph, {"x": np.array([[4.0]])})])[0]["y"].item() == 8
