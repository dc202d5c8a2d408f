"""Publishes a converted voice: `python -m training.voice.publish VOICE REPORT FOLDER`.

The voice is written to FOLDER and gets its name. Its weights are stored smaller (--storage), and voice.yaml states its
origin and error rates. VOICE stays unchanged, so one voice can be published in both storage formats.
"""

import argparse
import sys
from pathlib import Path

from convert.errors import ConvertError
from training.voice.publish.publication import STORAGE_NOTES, publish, read_figures
from training.voice.publish.weight_storage import STORAGE_FORMATS


def main() -> int:
    """Runs the command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m training.voice.publish", description=__doc__)
    parser.add_argument("voice", type=Path, help="as `python -m convert --precision fp32` wrote it")
    parser.add_argument("report", type=Path, help="the folder that training.voice.evaluate wrote")
    parser.add_argument("folder", type=Path, help="the published voice, such as models/demo")
    parser.add_argument("--storage", choices=STORAGE_FORMATS, default="float16", help="default: %(default)s")
    arguments = parser.parse_args()
    try:
        source = {"storage": STORAGE_NOTES[arguments.storage], "figures": read_figures(arguments.report)}
        size = publish(arguments.voice, arguments.folder, source, arguments.storage)
    except ConvertError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{arguments.folder}  ({size:,} bytes)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
