"""Lists the voices with their speakers, emotions and precisions. Loads no graph."""

import argparse
from collections.abc import Iterator

from server.cli.tables import print_fields
from server.config import Config
from server.errors import VoiceError
from server.runtime.precision import choose_precision
from server.voices.discovery import voice_folders
from server.voices.manifest import Reports
from server.voices.voice import Voice

NAME = "voices"
HELP = "list the voices"
LOG_LEVEL = "WARNING"


def add_options(command: argparse.ArgumentParser) -> None:
    """Adds no options."""


def run(options: argparse.Namespace, config: Config) -> int:
    """Runs the command; returns the exit code."""
    folders = voice_folders(config.models.path)
    if not folders:
        print(f"no voices in {config.models.path}; convert one with `python -m convert`")
        return 1
    for folder in folders:
        try:
            voice = Voice(folder)
            voice.require(config.runtime.precision)
            voice.verify()
        except VoiceError as error:
            print(f"{folder.name}: broken: {error}")
            continue
        print_fields(_fields(voice, config), plain="  {}: {}", title=_title(voice))
    return 0


def _title(voice: Voice) -> str:
    manifest = voice.manifest
    megabytes = sum(graph.bytes for graph in manifest.graphs.values()) / 1e6
    source = "NSF" if manifest.vocoder.harmonics else "no NSF"
    return f"{voice.name}: {manifest.language}, {voice.rate} Hz, {source}, {megabytes:.0f} MB"


def _fields(voice: Voice, config: Config) -> Iterator[tuple[str, str]]:
    yield "precision", ", ".join(_precisions(voice))
    for provider in config.runtime.providers:
        choice = choose_precision(provider, voice.precisions, config.runtime.precision)
        yield f"  {choice.precision} on {provider}", choice.reason
    yield "speakers", ", ".join(voice.speakers)
    yield "emotions", ", ".join(voice.emotions)


def _precisions(voice: Voice) -> Iterator[str]:
    """The precisions of the voice, with the size and the quality of each variant."""
    yield "fp32"
    for name, variant in voice.manifest.variants.items():
        size = sum(graph.bytes for graph in variant.graphs.values())
        yield f"{name} ({'; '.join(_quality(variant.reports))}; {size / 1e6:.1f} MB)"


def _quality(reports: Reports) -> Iterator[str]:
    if vocoder := reports.vocoder:
        yield f"vocoder {vocoder.snr_db:g} dB SNR, {vocoder.log_spectral_distance_db:g} dB spectral distance"
    if decoder := reports.mel_decoder:
        yield f"mel {decoder.snr_db:g} dB SNR"
