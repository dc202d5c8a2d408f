"""How soon the first audio is there, and how fast the rest follows, by the length of the text.

    python -m bench.latency [--models DIR] [--voice NAME] [--provider cpu|cuda] [--threads N] [--repeat N]

Compare the ratios of one run, not the times of two: machines differ and are busy. `first` is the time to the first
chunk of audio, text analysis included; `of 10` is its ratio to that of the 10-character text; `ready` is the share of
the audio that had been computed then; `RTF` is computing time over the sound's length.
"""

import argparse
import statistics
import time
from pathlib import Path

from server.config import Config, ModelsSection, RuntimeSection
from server.library import Library
from server.synthesizer import Synthesizer

LENGTHS = (10, 60, 120, 500)
SENTENCES = (
    "今天的天气非常好，我们一起去公园里散步。回家以后先做作业，然后帮妈妈准备晚饭。明天早上八点钟在学校门口集合。"
)
BREATHLESS = "今天天气很好我们一起去公园散步然后回家吃晚饭明天还要上班所以早点休息吧"


def main() -> None:
    options = _options()
    runtime = RuntimeSection(providers=(options.provider,), threads=options.threads)
    synthesizer = Library(Config(models=ModelsSection(path=options.models), runtime=runtime)).open(options.voice)
    voice = synthesizer.voice
    parameters = sum(graph.parameters for graph in voice.manifest.graphs.values()) / 1e6
    print(f"voice {voice.name}: {parameters:.1f} M parameters, {voice.rate} Hz")
    print(f"{options.provider}, {options.threads} threads")
    for title, text in (("sentences", SENTENCES), ("without punctuation", BREATHLESS)):
        print(f"\n{title}\ncharacters  first ms  of 10   ready  audio s    RTF")
        base = None
        for length in LENGTHS:
            first, ready, seconds, factor = _measure(synthesizer, (text * 50)[:length], options.repeat)
            base = base or first
            print(f"{length:10d}  {first * 1e3:8.1f}  {first / base:5.2f}  {ready:6.1%}  {seconds:7.1f}  {factor:5.3f}")


def _measure(synthesizer: Synthesizer, text: str, repeat: int) -> tuple[float, float, float, float]:
    """Medians: seconds to the first audio, share of it that was ready then, seconds of sound, RTF."""
    runs = [_once(synthesizer, text) for _ in range(repeat)]
    first, total = (statistics.median(column) for column in list(zip(*runs, strict=True))[:2])
    _, _, ready, seconds = runs[0]
    return first, ready / seconds, seconds, total / seconds


def _once(synthesizer: Synthesizer, text: str) -> tuple[float, float, float, float]:
    started = time.perf_counter()
    chunks = synthesizer.speak(text)
    first_chunk = next(chunks)
    first = time.perf_counter() - started
    ready = len(first_chunk.samples)
    samples = ready + sum(len(chunk.samples) for chunk in chunks)
    rate = synthesizer.voice.rate
    return first, time.perf_counter() - started, ready / rate, samples / rate


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.latency", description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--voice")
    parser.add_argument("--provider", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=5)
    return parser.parse_args()


if __name__ == "__main__":
    main()
