"""Command line of the converter: `python -m convert SOURCE --output models`."""

import argparse
import sys
import time
from collections.abc import Collection
from importlib.util import find_spec
from pathlib import Path

from convert.conversion import Conversion, convert_voice
from convert.encoder_conversion import convert_encoder, lone_encoder
from convert.errors import ConvertError
from convert.output.manifest import UNTRAINED
from convert.source.download import locate
from convert.source.package import find_voices

EXAMPLES = """examples:
  python -m convert ~/speech_sambert-hifigan_tts_zhibei_emo_zh-cn_16k
  python -m convert iic/speech_sambert-hifigan_tts_zhiyan_emo_zh-cn_16k --output models
  python -m convert pretrain_work_dir --voice mine --se pretrain_work_dir/data/se/se.npy
  python -m convert --se-model basemodel_16k/speaker_embedding/se.model
"""


PRECISIONS = ("fp32", "int8", "fp16")


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        convert(options)
    except ConvertError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; nothing was changed", file=sys.stderr)
        return 130
    return 0


def parser() -> argparse.ArgumentParser:
    command = argparse.ArgumentParser(
        prog="python -m convert",
        description="Converts Sambert-HiFiGAN voices (ModelScope, KAN-TTS) to ONNX. Needs no PyTorch.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument(
        "source",
        nargs="?",
        help="a package folder, a KAN-TTS training folder, or a ModelScope model id (owner/name); without it, "
        "--se-model is converted by itself",
    )
    command.add_argument("--output", type=Path, default=Path("models"), help="where to write (default: models)")
    command.add_argument("--voice", help="convert only this voice of a package; or the name of a voice that has none")
    command.add_argument(
        "--precision",
        type=lambda value: names(value, "precision", PRECISIONS),
        default=("fp32", "int8"),
        metavar="LIST",
        help="fp32 (always there), int8 for CPUs, fp16 for GPUs, with commas (default: fp32,int8)",
    )
    command.add_argument(
        "--untrained",
        type=lambda value: names(value, "sounds", UNTRAINED),
        default=(),
        metavar="LIST",
        help=f"{', '.join(UNTRAINED)}, with commas: what the voice has phones for but was never taught; voice.yaml "
        "says so, and the server reads such words in another way",
    )
    command.add_argument("--am", type=Path, help="acoustic model: a .pth file, or a folder with config.yaml and ckpt/")
    command.add_argument("--voc", type=Path, help="vocoder, likewise")
    command.add_argument("--se", type=Path, help="speaker embedding (se.npy)")
    command.add_argument("--se-model", type=Path, help="speaker encoder (se.model); for voices that take an embedding")
    return command


def names(value: str, kind: str, valid: Collection[str]) -> tuple[str, ...]:
    """Those of a list with commas, each once."""
    given = tuple(dict.fromkeys(name.strip() for name in value.split(",")))
    if unknown := [name for name in given if name not in valid]:
        raise argparse.ArgumentTypeError(f"unknown {kind} {unknown[0]!r}; valid: {', '.join(valid)}")
    return given


def convert(options: argparse.Namespace) -> None:
    named = {"am": options.am, "voc": options.voc, "se": options.se, "se_model": options.se_model}
    given = {name for name, part in {**named, "voice": options.voice}.items() if part is not None}
    if given == {"se_model"} and options.source is None:
        return convert_alone(options.se_model, options.output)
    if options.source is None and {"am", "voc", "voice"} <= given:
        options.source = str(options.am if options.am.is_dir() else options.am.parent)
    if options.source is None:
        raise ConvertError(
            "SOURCE is missing: the folder of a package, or a ModelScope model id. "
            "Only --se-model alone, or --am, --voc and --voice together, need none"
        )
    variants = [name for name in options.precision if name != "fp32"]
    if variants and find_spec("onnxruntime") is None:
        raise ConvertError(
            f"{' and '.join(variants)} must be tried out before they are written, and onnxruntime, which does that, is "
            "not installed: install it (the extra cpu), or give --precision fp32"
        )
    source = locate(options.source)
    if not given and (encoder := lone_encoder(source)):
        return convert_alone(encoder, options.output)
    local = Path(options.source).expanduser().exists()
    origin = source.resolve().name if local else options.source
    for parts in find_voices(source, voice=options.voice, **named):
        started = time.monotonic()
        print(f"{parts.name}:", file=sys.stderr)
        report(convert_voice(parts, options.output, origin, show, variants, options.untrained), started)
    return None


def convert_alone(encoder: Path, output: Path) -> None:
    started = time.monotonic()
    print("speaker encoder:", file=sys.stderr)
    report(convert_encoder(encoder, output, show), started)


def show(step: str) -> None:
    print(f"  {step}", file=sys.stderr)


def report(result: Conversion, started: float) -> None:
    for note in result.notes:
        print(f"  note: {note}", file=sys.stderr)
    millions = result.parameters / 1e6
    print(f"{result.path}  ({millions:.1f} M parameters, {time.monotonic() - started:.1f} s)", flush=True)


if __name__ == "__main__":
    sys.exit(main())
