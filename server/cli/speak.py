"""Synthesizes a text to an audio file, or KAN-TTS symbols to traces of the intermediate results."""

import argparse
import io
import sys
from pathlib import Path
from typing import Any

import numpy as np

from server.api import EncodedSpeechArguments, Reference, SpeechArguments, TextToSpeech
from server.api.speech_file import format_of
from server.atomic_file import write_atomic
from server.audio.encoders import ENCODERS, SAMPLE_RATES, OutputFormat, encode_file
from server.audio.limiter import apply_gain
from server.config import Config
from server.errors import RequestError
from server.synthesis.registry import OnDemandVoices
from server.synthesis.synthesizer import Synthesizer
from server.text.units.unit_tables import read_symbol_lines
from server.timestamps.formats import TIMESTAMP_FORMATS, format_of_file
from server.types import DEFAULT_STYLE, STYLE_LIMITS, Audio, Style

NAME = "speak"
HELP = "synthesize a text to an audio file"
LOG_LEVEL = "WARNING"
_STYLE_UNITS = {
    "speed": "factor",
    "pitch": "semitones",
    "energy": "decibels",
    "volume": "factor",
    "pitch_range": "factor on the range of the pitch",
    "pauses": "factor on the pauses between phrases and sentences",
}


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
    for name, unit in _STYLE_UNITS.items():
        low, high = STYLE_LIMITS[name]
        default = getattr(DEFAULT_STYLE, name)
        option = f"--{name.replace('_', '-')}"
        command.add_argument(
            option, type=float, default=default, help=f"{unit}, {low:g} to {high:g} (default: {default:g})"
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
    command.add_argument(
        "--seed", type=int, metavar="N", help="of the noise in the voice: with a seed, equal commands give equal audio"
    )
    suffixes = ", ".join(each.suffix for each in TIMESTAMP_FORMATS.values())
    command.add_argument(
        "--timestamps",
        type=Path,
        metavar="FILE",
        help=f"write the times of words, syllables and phones to FILE, in the format of its suffix: {suffixes}",
    )
    like = command.add_argument_group("speech like a recording")
    like.add_argument("--reference", type=Path, metavar="FILE", help="a recording that the text is spoken like")
    like.add_argument(
        "--reference-strength",
        type=float,
        default=1.0,
        metavar="N",
        help="share of its emotion, 0 to 1 (default: 1); timbre and delivery have none",
    )
    like.add_argument("--delivery", action="store_true", help="take over its melody and timing too")
    like.add_argument("--transcript", help="what is said in it, for --delivery (default: the text)")
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
    style = Style(**{name: getattr(options, name) for name in STYLE_LIMITS})
    if (options.symbols is None) == (options.text is None):
        raise RequestError("give either a text or --symbols FILE")
    if (options.symbols is None) != (options.trace is None):
        raise RequestError("--symbols FILE and --trace DIR belong together")
    if options.chunk is not None and options.chunk < 0:
        raise RequestError(f"--chunk is {options.chunk}; valid: 0 (the whole utterance) or a number of decoder steps")
    if options.reference is None and (options.delivery or options.transcript or options.reference_strength != 1):
        raise RequestError("--reference-strength, --delivery and --transcript belong to --reference FILE")
    if options.symbols is not None:
        _trace(options, OnDemandVoices(config).synthesizer(options.voice), style)
    else:
        _speak(options, config)
    return 0


def _speak(options: argparse.Namespace, config: Config) -> None:
    text = _read_stdin() if options.text == "-" else options.text
    arguments: SpeechArguments = {
        "voice": options.voice,
        "speaker": options.speaker,
        "emotion": options.emotion,
        "speed": options.speed,
        "pitch": options.pitch,
        "energy": options.energy,
        "volume": options.volume,
        "pitch_range": options.pitch_range,
        "pauses": options.pauses,
        "sample_rate": options.sample_rate,
        "seed": options.seed,
    }
    if options.reference:
        arguments["reference"] = Reference.open(options.reference, options.transcript)
        arguments["reference_strength"] = options.reference_strength
        arguments["delivery"] = options.delivery
    encoded: EncodedSpeechArguments = {
        **arguments,
        "response_format": options.format or format_of(Path(options.output)) or "wav",
        "bit_rate": options.bit_rate,
    }
    with TextToSpeech(options.voice, config=config) as tts:
        if options.reference and (applied := tts.reference_settings(**arguments).summary):
            print(f"{options.reference}: {applied}", file=sys.stderr)
        if options.output != "-":
            written = tts.save(text, options.output, timestamps=options.timestamps, **encoded)
            print(f"{options.output}: {written.seconds:.2f} s", file=sys.stderr)
            return
        if options.timestamps:
            chosen = format_of_file(options.timestamps)
            write_atomic(options.timestamps, chosen.write(tts.timestamps(text, **arguments)).encode())
        for data in tts.encode(text, **encoded):
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()


def _read_stdin() -> str:
    try:
        return sys.stdin.read()
    except UnicodeDecodeError as error:
        raise RequestError(f"standard input is not text in {error.encoding}: {error.reason}; convert it") from None


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
