"""Lists the voices: what they are called, who speaks, with which emotions. Loads no graph."""

import argparse
import logging

from server.config import Config
from server.errors import VoiceError
from server.library import voice_folders
from server.voice import Voice

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
            voice.verify()
        except VoiceError as error:
            print(f"{folder.name}: broken: {error}")
            continue
        megabytes = sum(graph.bytes for graph in voice.manifest.graphs.values()) / 1e6
        source = "NSF" if voice.manifest.vocoder.harmonics else "no NSF"
        print(f"{voice.name}: {voice.manifest.language}, {voice.rate} Hz, {source}, {megabytes:.0f} MB")
        print(f"  speakers: {', '.join(voice.speakers)}")
        print(f"  emotions: {', '.join(voice.emotions)}")
    return 0
