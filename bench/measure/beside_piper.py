"""The whole engine beside a voice of Piper's medium quality, in turns in one run."""

from statistics import median

from bench.measure.rtf import TimedSpeech, speak_in_turns
from bench.piper.voice import PiperVoice
from bench.results.schema import PiperResult
from bench.system.machine import normalize_rtf
from bench.voices.engine import EngineSettings
from bench.voices.texts import NEWS_TEXT
from bench.voices.voice import BenchmarkVoice

_PIPER = "Piper medium"


def measure_beside_piper(
    voice: BenchmarkVoice, settings: EngineSettings, repeats: int, text: str = NEWS_TEXT
) -> list[PiperResult]:
    """Measures Piper and every precision of the voice `repeats` times. The first result is Piper's own."""
    speakers = {_PIPER: PiperVoice().speak}
    speakers |= {precision: voice.open(settings, precision).speak for precision in voice.precisions}
    speech = speak_in_turns(speakers, text, repeats, f"{voice.name}: beside Piper")
    return [_compare(name, timed, speech[_PIPER]) for name, timed in speech.items()]


def _compare(name: str, timed: TimedSpeech, piper: TimedSpeech) -> PiperResult:
    pairs = zip(timed.timings, piper.timings, strict=True)
    ratios = sorted(one.cpu_rtf / other.cpu_rtf for one, other in pairs)
    return PiperResult(
        name=name,
        audio_seconds=median(timing.audio for timing in timed.timings),
        cpu_rtf=timed.cpu_rtf,
        cpu_rtf_normalized=normalize_rtf(timed.cpu_rtf, median(timed.gflops)),
        time_to_first_audio=median(timing.time_to_first_audio for timing in timed.timings),
        ratio=median(ratios),
        lowest_ratio=ratios[0],
        highest_ratio=ratios[-1],
    )
