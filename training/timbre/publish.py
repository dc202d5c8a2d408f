"""Publishes the voice: `python -m training.timbre.publish VOICE REPORT FOLDER`; see training.voice.publish."""

import argparse
import sys
from pathlib import Path

from convert.errors import ConvertError
from training.timbre.evaluation import FIGURES_FILE, figures_text
from training.voice.publish.publication import STORAGE_NOTES, publish
from training.voice.publish.weight_storage import STORAGE_FORMATS

ORIGIN = (
    "trained by this project (training/timbre) on variants of espeak-ng: it follows the timbre of a recording, "
    "like a robot"
)


def main() -> int:
    """Runs the command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m training.timbre.publish", description=__doc__)
    parser.add_argument("voice", type=Path, help="as training.timbre.package wrote it")
    parser.add_argument("report", type=Path, help="the folder that training.timbre.evaluate wrote")
    parser.add_argument("folder", type=Path, help="the published voice, such as models/demo-timbre")
    parser.add_argument("--storage", choices=STORAGE_FORMATS, default="float16", help="default: %(default)s")
    arguments = parser.parse_args()
    if not (arguments.report / FIGURES_FILE).is_file():
        print(f"error: {arguments.report / FIGURES_FILE} is missing; run training.timbre.evaluate", file=sys.stderr)
        return 1
    figures = figures_text(arguments.report)
    source = {"origin": ORIGIN, "storage": STORAGE_NOTES[arguments.storage], "figures": figures}
    try:
        size = publish(arguments.voice, arguments.folder, source, arguments.storage)
    except ConvertError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{arguments.folder}  ({size:,} bytes)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
