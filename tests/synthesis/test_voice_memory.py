"""The memory budget: voices leave memory, come back on demand, and every one gets its turn under load."""

import asyncio
import threading
import time
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from server.errors import ShutdownError, UnknownNameError, VoiceError, VoiceMemoryError
from server.runtime.memory import memory_usage
from server.synthesis.options import SpeechOptions
from server.synthesis.registry import VoiceRegistry
from server.synthesis.registry.pool import MIB, VoicePool
from server.synthesis.speech_plan import SpeechPlanner
from server.synthesis.voice_loading import with_voices
from server.types import Floats
from tests.conftest import samples_of
from tests.synthesis.voice_copies import copy_voice, registry_of

TEXT = "今天天气很好。"
NAMES = ("anna", "bert", "cara", "dora")


class SmallVoice:
    """Stands for a synthesizer."""

    def __init__(self, name: str) -> None:
        self.voice = SimpleNamespace(name=name, digest=f"digest of {name}")

    def share(self) -> "SmallVoice":
        return SmallVoice(self.voice.name)


class Source:
    """Voices of 10 MiB, `large` of 25; opening one can be held up, and can fail."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.may_open = threading.Event()
        self.may_open.set()
        self.error: Exception | None = None
        self.stays: set[str] = set()

    def memory_estimate(self, name: str) -> int:
        if name == "absent":
            raise UnknownNameError("voice", name, NAMES)
        return (25 if name == "large" else 10) * MIB

    def open_known(self, name: str) -> SmallVoice:
        assert self.may_open.wait(30)
        self.opened.append(name)
        if self.error:
            raise self.error
        return SmallVoice(name)

    def must_stay(self, name: str) -> bool:
        return name in self.stays


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def pool(source: Source) -> Iterator[VoicePool]:
    """Room for two voices."""
    opened = VoicePool(source, 20 * MIB, wait_seconds=60)
    yield opened
    source.may_open.set()
    opened.close()


def get(pool: VoicePool, *names: str) -> dict[str, SmallVoice]:
    return pool.request(names).result(30)


def test_the_least_recently_used_voice_makes_room(pool: VoicePool, source: Source) -> None:
    for name in ("anna", "bert", "anna", "cara"):
        get(pool, name)
    assert list(pool.loaded) == ["anna", "cara"]
    assert source.opened == ["anna", "bert", "cara"]
    statistics = pool.statistics
    assert (statistics.loads, statistics.evictions, statistics.bytes) == (3, 1, 20 * MIB)


def test_the_voices_can_be_listed_while_they_come_and_go(pool: VoicePool) -> None:
    ended = threading.Event()

    def load_and_remove() -> None:
        while not ended.is_set():
            pool.load("anna")
            pool.remove("anna")

    with ThreadPoolExecutor(1) as threads:
        changing = threads.submit(load_and_remove)
        try:
            for _ in range(2000):
                assert all(pool.synthesizers.values())
        finally:
            ended.set()
        changing.result(30)


def test_a_voice_is_opened_once_for_many_requests(pool: VoicePool, source: Source) -> None:
    source.may_open.clear()
    requests = [pool.request(["anna"]) for _ in range(100)]
    source.may_open.set()
    assert len({id(each.result(30)["anna"]) for each in requests}) == 100
    assert source.opened == ["anna"]


def test_a_voice_in_use_is_not_unloaded_and_the_request_waits_for_its_end(pool: VoicePool) -> None:
    held = get(pool, "anna", "bert")
    waiting = pool.request(["cara"])
    assert not waiting.done()
    del held["anna"]
    assert waiting.result(30)
    assert list(pool.loaded) == ["bert", "cara"]


def test_while_a_voice_waits_for_room_requests_for_the_one_that_makes_it_wait_behind(
    pool: VoicePool, source: Source
) -> None:
    anna, bert = get(pool, "anna"), get(pool, "bert")
    cara = pool.request(["cara"])
    while not pool._draining:  # until the thread has seen the request
        time.sleep(0.001)
    assert pool.find("anna") is None
    again = pool.request(["anna"])
    assert pool.find("bert") is not None
    anna.clear()
    assert cara.result(30)
    assert not again.done()
    bert.clear()
    assert again.result(30)
    assert source.opened == ["anna", "bert", "cara", "anna"]


def test_all_voices_get_their_turn_under_load(pool: VoicePool) -> None:
    most, lock = [0], threading.Lock()

    def client(number: int) -> None:
        for turn in range(30):
            voices = get(pool, NAMES[(number + turn) % 4])
            with lock:
                most[0] = max(most[0], pool.statistics.bytes)
            voices.clear()

    with ThreadPoolExecutor(8) as clients:
        for finished in [clients.submit(client, number) for number in range(8)]:
            finished.result(60)
    assert most[0] <= 20 * MIB
    assert pool.statistics.evictions > 0


def test_voices_of_one_text_are_loaded_together(pool: VoicePool) -> None:
    def texts(*names: str) -> None:
        for _ in range(20):
            get(pool, *names).clear()

    with ThreadPoolExecutor(3) as clients:  # each two would wait for each other if they took one voice after another
        pairs = [("anna", "bert"), ("bert", "cara"), ("cara", "anna")]
        for finished in [clients.submit(texts, *pair) for pair in pairs]:
            finished.result(60)


def test_a_request_that_waits_too_long_gets_the_reason(pool: VoicePool) -> None:
    held = get(pool, "anna", "bert")
    pool.resize(20 * MIB, wait_seconds=0)
    with pytest.raises(
        VoiceMemoryError, match=r"cara is not in memory, .*\(20 MiB\) while others speak \(anna, bert\)"
    ):
        get(pool, "cara")
    assert pool.find("anna") is not None  # nobody waits for its room any more
    assert held


@pytest.mark.parametrize("names", [["large"], ["anna", "bert", "cara"]])
def test_what_can_never_fit_is_refused_at_once(names: list[str], pool: VoicePool) -> None:
    with pytest.raises(VoiceMemoryError, match=r"need \d+ MiB; models.memory_budget_mb is 20") as caught:
        get(pool, *names)
    assert caught.value.retry_after is None
    assert get(pool, "dora")


@pytest.mark.parametrize("error", [VoiceError("damaged"), ZeroDivisionError("x")])
def test_an_error_of_opening_reaches_all_that_wait(error: Exception, pool: VoicePool, source: Source) -> None:
    source.error = error
    source.may_open.clear()
    requests = [pool.request(["anna"]), pool.request(["bert", "anna"]), pool.request(["absent"])]
    source.may_open.set()
    assert [type(each.exception(30)) for each in requests] == [type(error), type(error), UnknownNameError]
    source.error = None
    assert get(pool, "anna")


def test_a_request_that_was_given_up_holds_nobody_up(pool: VoicePool) -> None:
    held = get(pool, "anna", "bert")
    given_up = pool.request(["cara"])
    assert given_up.cancel()
    held.clear()
    assert get(pool, "dora", "anna")
    assert "cara" not in pool.loaded


def test_a_voice_that_could_not_come_back_stays(pool: VoicePool, source: Source) -> None:
    for name in ("anna", "bert"):
        get(pool, name)
    source.stays = {"anna"}
    get(pool, "cara")
    assert list(pool.loaded) == ["anna", "cara"]
    assert pool.unload_idle(0) == 1
    assert list(pool.loaded) == ["anna"]


def test_a_replaced_version_counts_until_its_last_stream_ends(pool: VoicePool) -> None:
    held = get(pool, "anna")
    pool.load("anna")
    assert (pool.statistics.bytes, pool.retired_uses("anna")) == (20 * MIB, 1)
    waiting = pool.request(["bert", "anna"])
    assert not waiting.done()
    held.clear()
    assert waiting.result(30)
    assert (pool.statistics.bytes, pool.retired_uses("anna")) == (20 * MIB, 0)


def test_a_smaller_budget_unloads_what_nobody_uses(pool: VoicePool) -> None:
    held = get(pool, "anna", "bert")
    held.pop("anna")
    threads, destroyed = [], threading.Event()
    weakref.finalize(
        pool.synthesizers["anna"], lambda: (threads.append(threading.current_thread().name), destroyed.set())
    )
    pool.resize(10 * MIB, 60)
    assert list(pool.loaded) == ["bert"]
    assert destroyed.wait(30)
    assert threads == ["voice-loader"]
    pool.resize(0, 60)
    assert get(pool, *NAMES)


def test_requests_that_wait_at_the_end_get_an_error(pool: VoicePool) -> None:
    held = get(pool, "anna", "bert")
    waiting = pool.request(["cara"])
    pool.close()
    for each in (waiting, pool.request(["anna"])):
        with pytest.raises(ShutdownError):
            each.result(30)
    assert held


# With real voices.


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    for name in NAMES:
        copy_voice(folder, name)
    return folder


@pytest.fixture
def registry(models: Path) -> Iterator[VoiceRegistry]:
    """Four voices of which two fit."""
    opened = registry_of(models, models={"memory_budget_mb": 60, "memory_wait": 60.0})
    yield opened
    opened.close()


def spoken(registry: VoiceRegistry, voice: str) -> Floats:
    return samples_of(SpeechPlanner(registry).plan_text(TEXT, SpeechOptions(voice=voice, seed=3)).speak())


def test_only_the_voices_that_fit_are_loaded_and_the_others_come_on_demand(registry: VoiceRegistry) -> None:
    assert (list(registry.known), list(registry.voices)) == ([*NAMES], ["anna", "bert"])
    report = registry.report()
    assert [each.state for each in report.voices] == ["loaded", "loaded", "unloaded", "unloaded"]
    expected = spoken(registry, "anna")
    for name in (*NAMES, *NAMES):  # all are the same voice; those that come back sound the same
        np.testing.assert_array_equal(spoken(registry, name), expected)
    report = registry.report()
    assert sum(each.state == "loaded" for each in report.voices) == 2
    assert report.statistics.bytes <= 60 * MIB
    assert report.statistics.evictions >= 6


def test_concurrent_requests_for_all_voices_stay_within_the_budget(registry: VoiceRegistry) -> None:
    for name in NAMES:
        spoken(registry, name)  # the heap has reached its size
    before, most = memory_usage().current, [0, 0]
    ended = threading.Event()

    def observe() -> None:
        has_ended = False
        while not has_ended:  # at least once, however late this thread begins
            has_ended = ended.wait(0.01)
            most[:] = max(most[0], registry.report().statistics.bytes), max(most[1], memory_usage().current)

    def client(number: int) -> Floats:
        return spoken(registry, NAMES[number % 4])

    with ThreadPoolExecutor(9) as threads:
        observing = threads.submit(observe)
        results = list(threads.map(client, range(24)))
        ended.set()
        observing.result(30)
    assert all(np.array_equal(each, results[0]) for each in results)
    assert 0 < most[0] <= 60 * MIB
    assert most[1] - before < 2 * 60  # what running streams need for themselves included


def test_work_on_the_event_loop_waits_without_a_thread(registry: VoiceRegistry) -> None:
    planner = SpeechPlanner(registry)
    done: list[str] = []

    async def plan(name: str) -> None:
        made = await with_voices(lambda: planner.plan_text(TEXT, SpeechOptions(voice=name)))
        done.append(made.main_voice)

    async def scenario() -> None:
        held = [registry.synthesizer("anna"), registry.synthesizer("bert")]
        waiting = [asyncio.create_task(plan("cara")) for _ in range(100)]  # more than asyncio has threads
        await plan("bert" if registry.report().voices[1].state == "loaded" else "anna")
        assert len(done) == 1
        held.clear()
        await asyncio.gather(*waiting)
        ssml = '<speak><voice name="dora">你好</voice><voice name="anna">再见</voice></speak>'
        mixed = await with_voices(lambda: planner.plan_text(ssml))
        assert [each.synthesizer.voice.name for each in mixed.segments] == ["dora", "anna"]

    asyncio.run(asyncio.wait_for(scenario(), 300))
    assert registry.report().statistics.bytes <= 60 * MIB


def test_an_idle_voice_is_unloaded_and_comes_back(models: Path) -> None:
    registry = registry_of(models, runtime={"unload_after": 1e-9})
    before = spoken(registry, "anna")
    stream = SpeechPlanner(registry).plan_text(TEXT, SpeechOptions(voice="bert")).speak()
    next(stream)
    registry.unload_idle()
    assert list(registry.voices) == ["bert"]
    np.testing.assert_array_equal(spoken(registry, "anna"), before)
    stream.close()
    del stream
    registry.unload_idle()
    assert not registry.voices
    registry.close()


def test_a_voice_whose_files_changed_while_it_was_unloaded_comes_back_in_its_new_version(tmp_path: Path) -> None:
    for name in NAMES[:2]:
        copy_voice(tmp_path, name)
    registry = registry_of(tmp_path, runtime={"unload_after": 1e-9})
    registry.unload_idle()
    (tmp_path / "anna" / "vocoder.onnx").write_bytes(b"damaged")
    with pytest.raises(VoiceError, match=r"vocoder\.onnx is damaged"):
        registry.synthesizer("anna")
    assert registry.broken.keys() == {"anna"}
    assert registry.synthesizer("bert")
    registry.close()
