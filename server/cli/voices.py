"""Lists the voices: what they are called, who speaks, with which emotions. Loads no graph."""

import argparse
import logging
from collections.abc import Iterator

from server.config import Config
from server.errors import VoiceError
from server.runtime.precision import choose_precision
from server.voices.discovery import voice_folders
from server.voices.voice import Voice

NAME = "voices"
HELP = "list the voices"
LOG_LEVEL = logging.WARNING


def add_options(command: argparse.ArgumentParser) -> None:
    pass


def run(options: argparse.Namespace, config: Config) -> int:
    folders = voice_folders(config.models.path)
    if not folders:
        print(f"no voices in {config.models.path}; make one with `python -m convert`")
        return 1
    for folder in folders:
        try:
            voice = Voice(folder)
            voice.require(config.runtime.precision)
            voice.verify()
        except VoiceError as error:
            print(f"{folder.name}: broken: {error}")
            continue
        megabytes = sum(graph.bytes for graph in voice.manifest.graphs.values()) / 1e6
        source = "NSF" if voice.manifest.vocoder.harmonics else "no NSF"
        print(f"{voice.name}: {voice.manifest.language}, {voice.rate} Hz, {source}, {megabytes:.0f} MB")
        print(f"  precision: {', '.join(_precisions(voice))}")
        for provider in config.runtime.providers:
            choice = choose_precision(provider, voice.precisions, config.runtime.precision)
            print(f"    {choice.precision} on {provider}: {choice.reason}")
        print(f"  speakers: {', '.join(voice.speakers)}")
        print(f"  emotions: {', '.join(voice.emotions)}")
    return 0


def _precisions(voice: Voice) -> Iterator[str]:
    """What the voice has, with how much the variants lose."""
    yield "fp32"
    for name, variant in voice.manifest.variants.items():
        report, size = variant.report, sum(graph.bytes for graph in variant.graphs.values())
        distance = f"{report.snr_db:g} dB SNR, {report.log_spectral_distance_db:g} dB spectral distance"
        yield f"{name} ({distance}, {size / 1e6:.1f} MB)"
