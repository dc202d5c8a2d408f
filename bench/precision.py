"""What each precision of a voice gives on the CPU: the whole engine's real-time factor, and the time to first audio.

    python -m bench.precision [--models DIR] [--voice NAME] [--repeat N]

Runs are interleaved, in one thread, and counted in CPU time, so that a busy machine does not count; the table shows
medians. `normalised` is the real-time factor times the GFLOP/s of a 1024 x 1024 float32 matrix product, measured
between the runs, over 128: what a core of that speed would need.
"""

import argparse
import os
import statistics
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # of numpy, before it is imported
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from server.config import Config, ModelsSection, RuntimeSection, SynthesisSection
from server.library import voice_folder
from server.runtime import Runtime
from server.synthesizer import Synthesizer
from server.voice import Voice

TEXT = (
    "今天早上下了一场小雨，空气特别清新，路边的花都开了。请问去图书馆应该往哪边走，要走多长时间？"
    "爷爷在院子里种了两棵苹果树，春天开花，秋天结果。火车晚点了四十分钟，大家都很着急，还好最后平安到达。"
    "医生嘱咐他按时吃药，多喝温水，好好休息几天。"
)
"""About 120 characters."""
REFERENCE = 128.0
"""GFLOP/s"""


def main() -> None:
    options = _options()
    voice = Voice(voice_folder(Config(models=ModelsSection(path=options.models)), options.voice))
    engines = {precision: _engine(voice, precision) for precision in voice.precisions}
    runs: dict[str, list[tuple[float, float]]] = {precision: [] for precision in engines}
    speeds = []
    for _ in range(options.repeat):
        speeds.append(_matrix_product())
        for precision, engine in engines.items():
            runs[precision].append(_once(engine))
    speed = statistics.median(speeds)
    print(f"voice {voice.name}, {voice.rate} Hz; {len(TEXT)} characters; matrix product {speed:.0f} GFLOP/s")
    print("precision    RTF  normalised  first audio ms  normalised")
    for precision, found in runs.items():
        factor, first = (statistics.median(column) for column in zip(*found, strict=True))
        share = speed / REFERENCE
        print(f"{precision:9} {factor:6.3f}  {factor * share:10.3f}  {first * 1e3:14.0f}  {first * share * 1e3:10.0f}")


def _engine(voice: Voice, precision: str) -> Synthesizer:
    settings = RuntimeSection.model_validate({"providers": ("cpu",), "threads": 1, "precision": precision})
    engine = Synthesizer(voice, Runtime(settings), SynthesisSection())
    engine.warm_up()
    return engine


def _once(engine: Synthesizer) -> tuple[float, float]:
    """CPU seconds over seconds of sound, and CPU seconds until the first chunk."""
    started, first, samples = time.process_time(), 0.0, 0
    for audio in engine.speak(TEXT):
        first = first or time.process_time() - started
        samples += len(audio.samples)
    return (time.process_time() - started) / (samples / engine.voice.rate), first


def _matrix_product(size: int = 1024) -> float:
    """GFLOP/s of one thread, the best of a few."""
    matrix = np.random.default_rng(0).standard_normal((size, size), np.float32)
    best = float("inf")
    for _ in range(8):
        started = time.process_time()
        matrix @ matrix
        best = min(best, time.process_time() - started)
    return 2 * size**3 / best / 1e9


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.precision", description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--voice")
    parser.add_argument("--repeat", type=int, default=5)
    return parser.parse_args()


if __name__ == "__main__":
    main()
