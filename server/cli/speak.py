"""Speaks a text into a file, or KAN-TTS symbols into traces for checking."""

import argparse
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np

from server.audio.encoders import FORMATS, encoder
from server.audio.limiter import apply_volume
from server.audio.wav import whole
from server.config import Config
from server.errors import RequestError
from server.synthesis.multi_voice import SpeechPlanner
from server.synthesis.registry import OnDemandVoices
from server.synthesis.synthesizer import Synthesizer, Trace
from server.text.markup.parser import parse_markup
from server.text.markup.script import SpeakingStyle
from server.text.units.unit_tables import read_symbol_lines
from server.types import Audio, Style

NAME = "speak"
HELP = "speak a text into a file"
LOG_LEVEL = logging.WARNING


def add_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("text", nargs="?", help="what to say; - reads it from standard input")
    command.add_argument(
        "-o", "--output", default="out.wav", help="file to write; - streams to standard output (default: out.wav)"
    )
    command.add_argument("--voice")
    command.add_argument("--speaker")
    command.add_argument("--emotion")
    command.add_argument("--speed", type=float, default=1.0, help="0.25 to 4 (default: 1)")
    command.add_argument("--pitch", type=float, default=0.0, help="semitones, -12 to 12 (default: 0)")
    command.add_argument("--energy", type=float, default=0.0, help="decibels, -20 to 20 (default: 0)")
    command.add_argument("--volume", type=float, default=1.0, help="factor, 0 to 4 (default: 1)")
    command.add_argument("--format", choices=FORMATS, help="default: what the output's name says, else wav")
    checking = command.add_argument_group("for checking")
    checking.add_argument("--symbols", type=Path, metavar="FILE", help="speak the lines `id<TAB>symbols` of FILE")
    checking.add_argument(
        "--trace", type=Path, metavar="DIR", help="with --symbols: write DIR/<id>.wav and DIR/<id>.npz"
    )
    checking.add_argument(
        "--chunk", type=int, metavar="N", help="decoder steps a chunk; 0 takes an utterance as a whole"
    )
    checking.add_argument(
        "--source-noise", type=int, choices=(0, 1), default=1, help="0 silences noise and phases of the NSF source"
    )


def run(options: argparse.Namespace, config: Config) -> int:
    style = Style(options.speed, options.pitch, options.energy, options.volume)
    if (options.symbols is None) == (options.text is None):
        raise RequestError("give either a text or --symbols FILE")
    if (options.symbols is None) != (options.trace is None):
        raise RequestError("--symbols FILE and --trace DIR belong together")
    if options.chunk is not None and options.chunk < 0:
        raise RequestError(f"--chunk is {options.chunk}; valid: 0 (the whole utterance) or a number of decoder steps")
    voices = OnDemandVoices(config)
    if options.symbols is not None:
        _trace(options, voices.synthesizer(options.voice), style)
    else:
        _speak(options, SpeechPlanner(voices), SpeakingStyle(style), inline=config.text.marks)
    return 0


def _speak(options: argparse.Namespace, narrator: SpeechPlanner, style: SpeakingStyle, *, inline: bool) -> None:
    text = sys.stdin.read() if options.text == "-" else options.text
    script = parse_markup(text, style, inline=inline)
    narration = narrator.plan(script, voice=options.voice, speaker=options.speaker, emotion=options.emotion)
    chunks = narration.speak()
    name = options.format or (Path(options.output).suffix[1:] if Path(options.output).suffix[1:] in FORMATS else "wav")
    if options.output == "-":
        form = encoder(name, narration.rate)
        sys.stdout.buffer.write(form.header)
        for audio in chunks:
            sys.stdout.buffer.write(form.encode(audio))
            sys.stdout.buffer.flush()
        return
    samples = np.concatenate([np.zeros(0, np.float32), *(audio.samples for audio in chunks)])
    audio = Audio(samples, narration.rate)
    with _replacing(Path(options.output)) as file:
        file.write(whole(audio) if name == "wav" else encoder(name, audio.rate).encode(audio))
    print(f"{options.output}: {len(samples) / audio.rate:.2f} s", file=sys.stderr)


def _trace(options: argparse.Namespace, synthesizer: Synthesizer, style: Style) -> None:
    lines = read_symbol_lines(_text_of(options.symbols))
    try:
        options.trace.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RequestError(f"cannot write to {options.trace}: {error.strerror}") from None
    for name, symbols in lines:
        units = synthesizer.tables.encode(symbols)
        trace = synthesizer.synthesize(units, style, chunk_steps=options.chunk, source_noise=bool(options.source_noise))
        with _replacing(options.trace / f"{name}.npz") as file:
            _save(trace, file)
        with _replacing(options.trace / f"{name}.wav") as file:
            file.write(whole(Audio(apply_volume(trace.audio.samples, style.volume), trace.audio.rate)))


def _save(trace: Trace, file: IO[bytes]) -> None:
    prosody = trace.prosody
    np.savez(
        file,
        duration=prosody.durations,
        pitch=prosody.pitch,
        energy=prosody.energy,
        mel=trace.mel,
        audio=trace.audio.samples,
        rate=trace.audio.rate,
    )


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError(f"{path} cannot be read: {error}") from None


@contextmanager
def _replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes its name only when it is complete."""
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            try:
                yield file
                file.close()
                Path(file.name).chmod(0o666 & ~_umask())
                Path(file.name).replace(path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise RequestError(f"cannot write {path}: {error.strerror}") from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
