"""Synthesizes a text to an audio file, or KAN-TTS symbols to traces of the intermediate results."""

import argparse
import io
import sys
from pathlib import Path
from typing import Any

import numpy as np

from server.audio.audible_label import notice_text, with_rhythm, with_sign
from server.audio.encoders import ENCODERS, SAMPLE_RATES, OutputFormat, create_encoder, encode_file
from server.audio.label import GeneratedLabel
from server.audio.limiter import apply_gain
from server.cli.atomic_file import write_atomic
from server.config import Config, LabelSection
from server.errors import RequestError
from server.scheduling.playback import PlaybackClock
from server.scheduling.task import Chunks, iterate
from server.synthesis.multi_voice import SpeechPlan, SpeechPlanner
from server.synthesis.options import SpeechOptions
from server.synthesis.registry import OnDemandVoices
from server.synthesis.synthesizer import Synthesizer
from server.text.units.unit_tables import read_symbol_lines
from server.types import DEFAULT_STYLE, STYLE_LIMITS, Audio, Style

NAME = "speak"
HELP = "synthesize a text to an audio file"
LOG_LEVEL = "WARNING"

SUFFIXES = {"ogg": "opus"}
"""Of files, where it is not the name of a format."""


def add_options(command: argparse.ArgumentParser) -> None:
    """Adds the options of the command."""
    command.add_argument("text", nargs="?", help="plain text with inline marks, or SSML; - reads standard input")
    command.add_argument(
        "-o", "--output", default="out.wav", help="output file; - streams to standard output (default: out.wav)"
    )
    command.add_argument(
        "--voice", help="voice, alias or VOICE/SPEAKER (default: models.default_voice of the configuration)"
    )
    command.add_argument("--speaker", help="speaker of the voice (default: the first one)")
    command.add_argument("--emotion", help="emotion of the voice (default: neutral)")
    for name, unit in (("speed", "factor"), ("pitch", "semitones"), ("energy", "decibels"), ("volume", "factor")):
        low, high = STYLE_LIMITS[name]
        default = getattr(DEFAULT_STYLE, name)
        command.add_argument(
            f"--{name}", type=float, default=default, help=f"{unit}, {low:g} to {high:g} (default: {default:g})"
        )
    command.add_argument(
        "--format", choices=tuple(ENCODERS), help="audio format (default: the suffix of the output file, else wav)"
    )
    rates = ", ".join(map(str, SAMPLE_RATES))
    command.add_argument(
        "--sample-rate", type=int, metavar="HZ", help=f"convert to this sampling rate: {rates} (default: the voice's)"
    )
    command.add_argument(
        "--bit-rate",
        type=int,
        metavar="N",
        help="bits a second, for mp3, opus, aac and webm (default: by sampling rate)",
    )
    checking = command.add_argument_group("verification against KAN-TTS")
    checking.add_argument("--symbols", type=Path, metavar="FILE", help="synthesize the lines `id<TAB>symbols` of FILE")
    checking.add_argument(
        "--trace", type=Path, metavar="DIR", help="with --symbols: write DIR/<id>.wav and DIR/<id>.npz"
    )
    checking.add_argument(
        "--chunk", type=int, metavar="N", help="decoder steps of each chunk; 0: the whole utterance in one chunk"
    )
    checking.add_argument(
        "--source-noise", type=int, choices=(0, 1), default=1, help="0: no noise and no random phases in the NSF source"
    )


def run(options: argparse.Namespace, config: Config) -> int:
    """Runs the command; returns the exit code."""
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
        limit = config.synthesis.max_characters
        planner = SpeechPlanner(voices, inline_markup=config.text.marks, max_characters=limit)
        _speak(options, planner, style, config)
    return 0


def _speak(options: argparse.Namespace, planner: SpeechPlanner, style: Style, config: Config) -> None:
    output = _output_format(options, GeneratedLabel.of(config.label))
    text = sys.stdin.read() if options.text == "-" else options.text
    plan = planner.plan_text(text, SpeechOptions(options.voice, options.speaker, options.emotion, style))
    output.rate_for(plan.rate)
    chunks = iterate(_labeled_audio(plan, config.label))
    if options.output == "-":
        encoder, stdout = create_encoder(output, plan.rate), sys.stdout.buffer
        stdout.write(encoder.header())
        for chunk in chunks:
            stdout.write(encoder.encode(chunk))
            stdout.flush()
        stdout.write(encoder.finish())
        stdout.flush()
        return
    samples = np.concatenate([np.zeros(0, np.float32), *(chunk.samples for chunk in chunks)])
    write_atomic(Path(options.output), encode_file(output, Audio(samples, plan.rate)))
    print(f"{options.output}: {len(samples) / plan.rate:.2f} s", file=sys.stderr)


def _labeled_audio(plan: SpeechPlan, section: LabelSection) -> Chunks[Audio]:
    """The audio of a text, with the audible label of the configuration."""
    clock = PlaybackClock()
    chunks = with_rhythm(plan.audio(clock), plan.rate, section)
    if notice := notice_text(section):
        first = plan.segments[0]
        spoken = SpeechPlan.for_text(first.synthesizer, notice, speaker=first.speaker).audio(clock)
        chunks = with_sign(chunks, spoken, plan.rate, section)
    return chunks


def _output_format(options: argparse.Namespace, label: GeneratedLabel | None) -> OutputFormat:
    suffix = Path(options.output).suffix.removeprefix(".").lower()
    name = options.format or SUFFIXES.get(suffix, suffix if suffix in ENCODERS else "wav")
    return OutputFormat(name, options.sample_rate, options.bit_rate, label)


def _trace(options: argparse.Namespace, synthesizer: Synthesizer, style: Style) -> None:
    try:
        lines = read_symbol_lines(options.symbols.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError(f"{options.symbols} cannot be read: {error}") from None
    try:
        options.trace.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RequestError(f"cannot write to {options.trace}: {error.strerror}") from None
    for name, symbols in lines:
        units = synthesizer.tables.encode(symbols)
        trace = synthesizer.synthesize(units, style, chunk_steps=options.chunk, source_noise=bool(options.source_noise))
        prosody, audio = trace.prosody, trace.audio
        contours: dict[str, Any] = {"duration": prosody.durations, "pitch": prosody.pitch, "energy": prosody.energy}
        file = io.BytesIO()
        np.savez(file, **contours, mel=trace.mel, audio=audio.samples, rate=audio.rate)
        write_atomic(options.trace / f"{name}.npz", file.getvalue())
        scaled = Audio(apply_gain(audio.samples, style.volume), audio.rate)
        write_atomic(options.trace / f"{name}.wav", encode_file(OutputFormat("wav"), scaled))
