"""A crowd that listens to the engine alone, without a server: a thread for each of them."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from bench.listener import Listener
from bench.load import Load, Visits, loaded, start_of, text_for
from bench.process import Usage, forget_peak, memory_peak
from server.cpus import available_cpus
from server.synthesizer import Synthesizer

WAY = "engine"


def engine_load(engine: Synthesizer, listeners: int, seconds: float) -> Load:
    """`listeners` at a time, who ask again when they have heard all, for `seconds`; then each hears his last speech."""
    visits, lock = Visits(), threading.Lock()
    forget_peak()
    began = Usage.of()
    until = began.wall + seconds

    def visit(number: int) -> None:
        time.sleep(start_of(number, listeners))
        request = 0
        while time.perf_counter() < until:
            heard = _listen(engine, text_for(number, request))
            with lock:
                visits.heard.append(heard)
            time.sleep(max(0.0, min(heard.dry, until) - time.perf_counter()))
            request += 1

    with ThreadPoolExecutor(listeners) as threads:
        for done in [threads.submit(visit, number) for number in range(listeners)]:
            done.result()
    ended = Usage.of()
    share = ended.share_since(began, available_cpus())
    return loaded(WAY, listeners, visits, ended.wall - began.wall, share, memory_peak())


def _listen(engine: Synthesizer, text: str) -> Listener:
    listener = Listener(time.perf_counter())
    with closing(engine.speak(text)) as chunks:
        for audio in chunks:
            listener.hear(len(audio.samples) / audio.rate, time.perf_counter())
    return listener
