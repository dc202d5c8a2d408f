"""Evaluates a voice: `python -m training.timbre.evaluate VOICE FOLDER` writes figures.json and sounds/index.html."""

import argparse
import json
from pathlib import Path

from training.timbre.evaluation import FIGURES_FILE, evaluate, figures
from training.voice.evaluate.sound_page import SoundRow, write_sound_page


def main() -> None:
    """Runs the command."""
    parser = argparse.ArgumentParser(prog="python -m training.timbre.evaluate", description=__doc__)
    parser.add_argument("voice", type=Path, help="a converted voice with a speaker encoder, such as models/demo-timbre")
    parser.add_argument("folder", type=Path, help="folder for the report")
    parser.add_argument("--speakers", type=int, default=60, help="held-out speakers; default: %(default)s")
    parser.add_argument("--sentences", type=int, default=3, help="read after each; default: %(default)s")
    arguments = parser.parse_args()
    results = evaluate(arguments.voice, arguments.speakers, arguments.sentences)
    found = figures(results)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    (arguments.folder / FIGURES_FILE).write_text(json.dumps(found, indent=1))
    for name, value in found.items():
        print(f"{name:22} {value:.4g}")
    rows = [
        SoundRow(
            each.speaker.name,
            f"formants {each.speaker.trait('tract'):.2f}, F0 {each.speaker.trait('f0'):.0f} Hz",
            {"recording": each.recording, "speech": each.speech},
        )
        for each in results
    ]
    write_sound_page(arguments.folder / "sounds", rows)


if __name__ == "__main__":
    main()
