"""A crowd that listens to the engine and its scheduler, without HTTP: a thread for each of them, who only listens."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

from bench.load.client import Listener
from bench.load.load import Load, Refusal, Visits, loaded, start_of, text_for
from bench.measure.process import Usage, forget_peak, memory_peak
from server.audio.pcm import pcm_bytes
from server.errors import BusyError, SpeechError
from server.runtime.cpu import available_cpus
from server.scheduling.playback import PlaybackClock
from server.scheduling.scheduler import Scheduler
from server.scheduling.task import each
from server.synthesis.synthesizer import Synthesizer

WAY = "engine"
_SAMPLE = 2
"""Bytes."""
_SECONDS_PER_CHARACTER = 0.2
"""A guess at how long a text takes to speak, as the server makes it too."""


def engine_load(engine: Synthesizer, scheduler: Scheduler, listeners: int, seconds: float) -> Load:
    """`listeners` at a time, who ask again when they have heard all, for `seconds`; then each hears his last speech."""
    visits, lock = Visits(), threading.Lock()
    forget_peak()
    began = Usage.of()
    until = began.wall + seconds

    def visit(number: int) -> None:
        time.sleep(start_of(number, listeners))
        request = 0
        while time.perf_counter() < until:
            outcome: Listener | Refusal | Exception
            try:
                outcome = _listen(engine, scheduler, text_for(number, request))
            except SpeechError as error:
                outcome = error
            with lock:
                pause = visits.note(outcome)
            request += isinstance(outcome, Listener)
            time.sleep(max(0.0, min(pause, until - time.perf_counter())))

    with ThreadPoolExecutor(listeners) as threads:
        for done in [threads.submit(visit, number) for number in range(listeners)]:
            done.result()
    ended = Usage.of()
    share = ended.share_since(began, available_cpus())
    return loaded(WAY, listeners, visits, ended.wall - began.wall, share, memory_peak())


def _listen(engine: Synthesizer, scheduler: Scheduler, text: str) -> Listener | Refusal:
    """One request, to the end of its sound. Raises the error that ended it."""
    listener, pace = Listener(time.perf_counter()), PlaybackClock()
    come: SimpleQueue[bytes | Exception | None] = SimpleQueue()
    speech = each(engine.speech(engine.read(text), pace), lambda audio: pcm_bytes(audio.samples))
    expected = len(text) * _SECONDS_PER_CHARACTER
    try:
        job = scheduler.start(engine.voice.name, speech, come.put, come.put, pace=pace, expected=expected)
    except BusyError as error:
        return Refusal(error.retry_after)
    while isinstance(chunk := come.get(), bytes):
        listener.hear(len(chunk) / (_SAMPLE * engine.rate), time.perf_counter())
        scheduler.taken(job)
    if chunk is not None:
        raise chunk
    return listener
