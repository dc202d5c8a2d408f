"""Speech for asyncio: concurrent streams, backpressure, cancellation, errors, and closing."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest

from server.api import (
    AsyncTextToSpeech,
    BusyError,
    DeviceError,
    NothingToSpeakError,
    RequestError,
    ShutdownError,
    TextToSpeech,
    UnknownNameError,
)
from server.audio.pcm import pcm_bytes
from server.runtime.session import Session
from server.runtime.tensors import Arrays
from server.scheduling.scheduler import MAX_UNCONSUMED_CHUNKS
from server.types import Floats
from tests.api.conftest import MODELS, settings
from tests.conftest import samples_of

TEXT = "今天天气很好，我们一起去公园散步。然后回家吃晚饭。"
LONG = "今天天气很好我们一起去公园散步然后回家吃晚饭明天还要上班所以早点休息吧。" * 3
HANGS = 300
"""Seconds after which a scenario, which takes about one, will not end any more, even on a busy machine."""
LARGEST_CHUNK = 16
"""Decoder steps."""


def opened(**sections: dict[str, object]) -> AsyncTextToSpeech:
    return AsyncTextToSpeech("demo", config=settings(**sections))


async def collected(tts: AsyncTextToSpeech, text: object, **arguments: object) -> Floats:
    async with asyncio.timeout(HANGS):
        return samples_of([chunk async for chunk in tts.speak(text, **arguments)])  # type: ignore[arg-type]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(HANGS):
        while not condition():
            await asyncio.sleep(0.001)


async def until_idle(tts: AsyncTextToSpeech) -> None:
    """Waits until nothing is computed any more."""
    await until(lambda: tts._ready()[1]._scheduler.is_idle)


async def test_streams_that_share_batches_have_the_samples_of_single_ones(tts: TextToSpeech, tmp_path: Path) -> None:
    texts = [f"{number}个人去公园散步。" for number in range(6)]
    path = tmp_path / "hello.wav"
    async with opened() as speech:
        *streams, raw, written = await asyncio.gather(
            *(collected(speech, text) for text in texts),
            collected(speech, TEXT, seed=3, speed=2),
            speech.save(TEXT, path, seed=3, speed=2),
        )
        timing = await speech.timestamps(TEXT, speed=2)
        data = b"".join([data async for data in speech.encode(TEXT, response_format="wav", seed=3, speed=2)])
    for text, got in zip(texts, streams, strict=True):
        np.testing.assert_allclose(got, samples_of(tts.speak(text)), atol=1e-4)
    np.testing.assert_array_equal(raw, samples_of(tts.speak(TEXT, seed=3, speed=2)))
    assert path.read_bytes()[44:] == data[44:] == pcm_bytes(raw)
    assert written.seconds == len(raw) / 16000
    assert written.timing == timing == tts.timestamps(TEXT, speed=2)


async def test_the_event_loop_computes_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    threads: set[str] = set()
    others = set(threading.enumerate()) - {threading.main_thread()}  # what earlier tests left may still compute
    run = Session.run

    def recorded(self: Session, inputs: Arrays, *, keep_states: bool = False) -> object:
        if threading.current_thread() not in others:
            threads.add(threading.current_thread().name)
        return run(self, inputs, keep_states=keep_states)

    monkeypatch.setattr(Session, "run", recorded)
    async with opened() as speech:
        assert threads
        assert "MainThread" not in threads
        threads.clear()
        await collected(speech, TEXT)
        await speech.save(TEXT, tmp_path / "hello.wav")
    assert {name.split("-")[0] for name in threads} == {"speech"}


async def test_a_stream_is_computed_only_a_few_chunks_ahead_of_its_reader(decoder_steps: list[str]) -> None:
    async with opened() as speech:
        decoder_steps.clear()
        async with aclosing(speech.speak(LONG)) as chunks:
            await anext(chunks)
            await until_idle(speech)
            ahead = len(decoder_steps)
            rest = [chunk async for chunk in chunks]
        assert ahead <= (MAX_UNCONSUMED_CHUNKS + 2) * LARGEST_CHUNK < len(decoder_steps)
        assert rest


async def leave_the_loop(speech: AsyncTextToSpeech) -> None:
    async for _ in speech.speak(LONG):
        break


async def cancel_the_task(speech: AsyncTextToSpeech) -> None:
    started = asyncio.Event()

    async def read() -> None:
        async for _ in speech.speak(LONG):
            started.set()
            await asyncio.Future()

    task = asyncio.create_task(read())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def time_out(speech: AsyncTextToSpeech) -> None:
    async def read() -> None:
        async with asyncio.timeout(None) as limit:
            async for _ in speech.speak(LONG):
                limit.reschedule(0)

    with pytest.raises(TimeoutError):
        await read()


async def raise_an_error(speech: AsyncTextToSpeech) -> None:
    async def read() -> None:
        async for _ in speech.speak(LONG):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await read()


@pytest.mark.parametrize("leave", [leave_the_loop, cancel_the_task, time_out, raise_an_error])
async def test_leaving_a_stream_ends_its_computing(leave, decoder_steps: list[str]) -> None:
    async with opened() as speech:
        decoder_steps.clear()
        await leave(speech)
        await until(lambda: not speech._ready()[1]._streams)
        steps = len(decoder_steps)
        assert 0 < steps <= (MAX_UNCONSUMED_CHUNKS + 2) * LARGEST_CHUNK
        await collected(speech, "你好。")


async def test_a_device_that_fails_in_the_middle_is_an_error_after_the_chunks_before_it(
    device_fails: threading.Event,
) -> None:
    async with AsyncTextToSpeech("demo", models=MODELS) as speech:
        chunks = speech.speak(LONG)
        other = speech.speak(LONG, speed=2)
        assert len((await anext(chunks)).samples)
        assert len((await anext(other)).samples)
        device_fails.set()
        for stream in (chunks, other):
            with pytest.raises(DeviceError, match="Failed to allocate memory"):
                [chunk async for chunk in stream]
        device_fails.clear()
        assert len(await collected(speech, "你好。"))


class Pieces:
    """Characters of a text one by one; after `text` it waits, unless it `ends` or `fails`."""

    def __init__(self, text: str, *, ends: bool = True, fails: bool = False) -> None:
        self.text = text
        self.ends = ends
        self.fails = fails
        self.threads: set[str] = set()
        self.begun = self.closed = False

    async def __aiter__(self) -> AsyncIterator[str]:
        self.begun = True
        try:
            for character in self.text:
                yield character
                await asyncio.sleep(0)
            if self.fails:
                raise ZeroDivisionError
            if not self.ends:
                await asyncio.Future()
        finally:
            self.closed = True

    def __iter__(self) -> Iterator[str]:
        for character in self.text:
            self.threads.add(threading.current_thread().name)
            yield character


async def test_texts_in_pieces_are_spoken_as_whole_texts(tts: TextToSpeech, tmp_path: Path) -> None:
    whole = samples_of(tts.speak(TEXT, seed=1))
    async with opened(synthesis={"early_clause": False}) as speech:
        awaited, blocking = Pieces(TEXT), Pieces(TEXT)
        first, second, written = await asyncio.gather(
            collected(speech, awaited, seed=1),
            collected(speech, blocking.__iter__(), seed=1),
            speech.save(Pieces(TEXT), tmp_path / "hello.wav", seed=1),
        )
    np.testing.assert_array_equal(first, whole)
    np.testing.assert_array_equal(second, whole)
    assert written.seconds == len(whole) / 16000
    assert awaited.closed
    assert "MainThread" not in blocking.threads


async def test_speech_begins_before_the_text_ends_and_leaving_it_closes_the_pieces() -> None:
    async with opened() as speech:
        pieces = Pieces(TEXT, ends=False)
        async for chunk in speech.speak(pieces):
            assert len(chunk.samples)
            break
        await until(lambda: pieces.closed and not speech._ready()[1]._streams)


async def test_an_error_of_the_pieces_ends_the_stream() -> None:
    async with opened() as speech:
        pieces = Pieces(TEXT, fails=True)
        with pytest.raises(ZeroDivisionError):
            await collected(speech, pieces)
        for wrong, error in (([], NothingToSpeakError), (["🎉"], NothingToSpeakError), ([5], RequestError)):
            with pytest.raises(error):
                await collected(speech, wrong)
        with pytest.raises(RequestError, match="a piece of input must be text, not None"):
            await collected(speech, ["你好。", None, "再见。"])
        with pytest.raises(RequestError, match="input must be text or an iterator of its pieces, not 5"):
            await collected(speech, 5)
        assert len(await collected(speech, "你好。"))


async def test_an_error_of_the_stream_ends_the_pieces(device_fails: threading.Event) -> None:
    async with AsyncTextToSpeech("demo", models=MODELS) as speech:
        pieces = Pieces(TEXT * 3, ends=False)  # more than is computed ahead of the reader
        chunks = speech.speak(pieces)
        await anext(chunks)
        device_fails.set()
        async with asyncio.timeout(HANGS):
            with pytest.raises(DeviceError):
                [chunk async for chunk in chunks]
        assert pieces.closed


async def test_closing_ends_a_stream_that_waits_for_pieces() -> None:
    speech = await opened().open()
    pieces = Pieces("你好", ends=False)
    reading = asyncio.create_task(collected(speech, pieces))
    await until(lambda: pieces.begun)
    await speech.close()
    with pytest.raises(ShutdownError):
        await reading
    assert pieces.closed


async def test_wrong_arguments_are_refused_at_once_and_names_with_the_first_chunk(tmp_path: Path) -> None:
    async with opened() as speech:
        with pytest.raises(RequestError, match="speed must be at most 4"):
            speech.speak("你好。", speed=9)
        with pytest.raises(RequestError, match="speeed is not an argument"):
            speech.encode("你好。", speeed=1)  # type: ignore[call-arg]
        for wrong in ({"voice": "absent"}, {"emotion": "hungry"}, {"response_format": "ape"}):
            with pytest.raises(UnknownNameError):
                await anext(speech.encode("你好。", **wrong))  # type: ignore[arg-type]
        with pytest.raises(NothingToSpeakError):
            await speech.save("🎉", tmp_path / "hello.wav")
    assert_is_empty(tmp_path)


def assert_is_empty(folder: Path) -> None:
    assert not list(folder.iterdir())


async def test_no_stream_is_refused_for_the_load_but_for_a_limit_of_their_number() -> None:
    async with opened(scheduler={"workers": 1, "max_utilization": 0.01}) as speech:
        await collected(speech, TEXT)
        lengths = {len(samples) for samples in await asyncio.gather(*(collected(speech, "你好。") for _ in range(8)))}
        assert len(lengths) == 1
    async with opened(scheduler={"max_streams": 1}) as speech, aclosing(speech.speak(LONG)) as chunks:
        await anext(chunks)
        with pytest.raises(BusyError):
            await collected(speech, "你好。")


async def test_closing_ends_the_streams_and_the_threads() -> None:
    others = set(threading.enumerate())
    speech = opened()
    assert await speech.open() is await speech.open() is speech
    assert speech.voice.speakers == ("natural", "male", "female")
    chunks = speech.speak(LONG)
    await anext(chunks)
    await asyncio.gather(speech.close(), speech.close())
    with pytest.raises(ShutdownError, match="this AsyncTextToSpeech is closed; create another one"):
        [chunk async for chunk in chunks]
    with pytest.raises(ShutdownError, match="closed"):
        await anext(speech.speak("你好。"))
    with pytest.raises(ShutdownError, match="closed"):
        await speech.open()
    with pytest.raises(ShutdownError, match="closed"):
        speech.voice  # noqa: B018
    assert not [thread for thread in set(threading.enumerate()) - others if thread.name.startswith("speech")]
    await speech.close()


async def test_a_voice_that_is_not_open_or_cannot_be_opened_is_an_error() -> None:
    speech = opened()
    with pytest.raises(ShutdownError, match="not open; use `async with`"):
        await anext(speech.speak("你好。"))
    await speech.close()
    with pytest.raises(UnknownNameError):
        async with AsyncTextToSpeech("absent", config=settings()):
            pass
