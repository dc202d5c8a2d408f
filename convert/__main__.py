"""Command line of the converter: `python -m convert SOURCE --output models`."""

import argparse
import sys
import time
from collections.abc import Callable, Collection
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console
from rich.text import Text

from convert.conversion import Conversion, Progress, convert_speaker_encoder, convert_voice, find_speaker_encoder
from convert.errors import ConvertError
from convert.output.inventory import TRAINABLE_EMOTIONS
from convert.output.manifest import UNTRAINED
from convert.source.download import resolve_source
from convert.source.package import find_voices
from server.voices.manifest import EMOTION_PREFIX

EXAMPLES = """examples:
  python -m convert ~/speech_sambert-hifigan_tts_zhibei_emo_zh-cn_16k
  python -m convert iic/speech_sambert-hifigan_tts_zhiyan_emo_zh-cn_16k --output models
  python -m convert pretrain_work_dir --voice mine --se pretrain_work_dir/data/se/se.npy
  python -m convert --se-model basemodel_16k/speaker_embedding/se.model
"""
PRECISIONS = ("fp32", "int8", "fp16")


def main(arguments: list[str] | None = None) -> int:
    """Runs the command; the exit status."""
    options = argument_parser().parse_args(arguments)
    try:
        convert(options)
    except ConvertError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; nothing was changed", file=sys.stderr)
        return 130
    return 0


def argument_parser() -> argparse.ArgumentParser:
    """The options of the command."""
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
        "only --se-model is converted",
    )
    command.add_argument("--output", type=Path, default=Path("models"), help="output folder (default: models)")
    command.add_argument("--voice", help="convert only this voice of a package, or rename its only voice")
    add_list_argument = partial(command.add_argument, metavar="LIST", default=())
    add_list_argument(
        "--precision",
        type=lambda value: parse_names(value, "precision", PRECISIONS),
        default=("fp32", "int8"),
        help="comma-separated: fp32 (always written), int8 for CPUs, fp16 for GPUs (default: fp32,int8)",
    )
    add_list_argument(
        "--emotions",
        type=lambda value: parse_names(value, "emotion", TRAINABLE_EMOTIONS, prefix=EMOTION_PREFIX),
        help="comma-separated: the emotions in the training data of the voice; the server offers no others (default: "
        "those of am_train.lst in a KAN-TTS training folder, else unknown)",
    )
    add_list_argument(
        "--untrained",
        type=lambda value: parse_names(value, "sounds", UNTRAINED),
        help=f"comma-separated, of {', '.join(UNTRAINED)}: sounds without examples in the training data, although the "
        "voice has phones for them; the server reads such words in another way",
    )
    command.add_argument("--am", type=Path, help="acoustic model: a .pth file, or a folder with config.yaml and ckpt/")
    command.add_argument("--voc", type=Path, help="vocoder: a .pth file, or a folder with config.yaml and ckpt/")
    command.add_argument("--se", type=Path, help="speaker embedding (se.npy)")
    command.add_argument("--se-model", type=Path, help="speaker encoder (se.model), for voices with speaker embeddings")
    return command


def parse_names(value: str, kind: str, valid: Collection[str], prefix: str = "") -> tuple[str, ...]:
    """The names in a comma-separated list, without duplicates and without `prefix`."""
    names = tuple(dict.fromkeys(name.strip().removeprefix(prefix) for name in value.split(",")))
    if unknown := [name for name in names if name not in valid]:
        raise argparse.ArgumentTypeError(f"unknown {kind} {unknown[0]!r}; valid: {', '.join(valid)}")
    return names


def convert(options: argparse.Namespace) -> None:
    """Converts what the options select. Raises `ConvertError`."""
    components = {"am": options.am, "voc": options.voc, "se": options.se, "se_model": options.se_model}
    given = {name for name, component in {**components, "voice": options.voice}.items() if component is not None}
    if given == {"se_model"} and options.source is None:
        return run_conversion("speaker encoder", partial(convert_speaker_encoder, options.se_model, options.output))
    if options.source is None and {"am", "voc", "voice"} <= given:
        options.source = str(options.am if options.am.is_dir() else options.am.parent)
    if options.source is None:
        raise ConvertError(
            "SOURCE is missing: the folder of a package, or a ModelScope model id. "
            "Only --se-model alone, or --am, --voc and --voice together, need none"
        )
    variants = required_variants(options.precision)
    source = resolve_source(options.source)
    if not given and (encoder := find_speaker_encoder(source)):
        return run_conversion("speaker encoder", partial(convert_speaker_encoder, encoder, options.output))
    local = Path(options.source).expanduser().exists()
    package = source.resolve().name if local else options.source
    details = {"variants": variants, "untrained": options.untrained, "emotions": options.emotions}
    for voice in find_voices(source, voice=options.voice, **components):
        run_conversion(voice.name, partial(convert_voice, voice, options.output, package, **details))
    return None


def required_variants(precisions: Collection[str]) -> list[str]:
    """The precisions besides fp32. Raises `ConvertError` if onnxruntime is missing, which they need."""
    variants = [name for name in precisions if name != "fp32"]
    if variants and find_spec("onnxruntime") is None:
        raise ConvertError(
            f"{' and '.join(variants)} must be evaluated before they are written, and onnxruntime, which runs them, is "
            "not installed: install it (the extra cpu), or give --precision fp32"
        )
    return variants


def run_conversion(title: str, conversion: Callable[[Progress], Conversion]) -> None:
    """Runs a conversion and prints its notes and the written path.

    The current step is one line that changes on a terminal, and a line per step elsewhere (on standard error).
    """
    started, console = time.monotonic(), Console(stderr=True)
    if console.is_terminal:
        with console.status(Text(title)) as status:  # not a string: names may contain rich's markup
            result = conversion(lambda step: status.update(Text(f"{title}: {step}")))
    else:
        print(f"{title}:", file=sys.stderr)
        result = conversion(lambda step: print(f"  {step}", file=sys.stderr))
    for note in result.notes:
        print(f"  note: {note}", file=sys.stderr)
    millions = result.parameters / 1e6
    print(f"{result.path}  ({millions:.1f} M parameters, {time.monotonic() - started:.1f} s)", flush=True)


if __name__ == "__main__":
    sys.exit(main())
