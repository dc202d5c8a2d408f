"""Makes the corpus: `python -m training.voice.corpus FOLDER` writes speech, exact labels and features.

Every utterance depends on its number alone, so a corpus that was interrupted is continued, and a larger one begins with
the smaller one.
"""

import argparse
import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from training.voice import features
from training.voice.espeak import Espeak
from training.voice.recording import UnspeakableError, record
from training.voice.script import Line, write_line
from training.voice.speakers import SPEAKERS, STYLES

SHARES = {"neutral": 4, "happy": 3, "sad": 2, "angry": 2}
"""Utterances of each emotion among eleven."""
ROUND = len(SPEAKERS) * sum(SHARES.values())
_espeak: list[Espeak] = []


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.voice.corpus", description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--utterances", type=int, default=6600)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--held-out-every", type=int, default=40, help="rounds of speakers and emotions")
    arguments = parser.parse_args()
    make(arguments.folder, arguments.utterances, arguments.processes, arguments.held_out_every)


def make(folder: Path, utterances: int, processes: int, held_out_every: int) -> None:
    (folder / "utterances").mkdir(parents=True, exist_ok=True)
    numbers = [number for number in range(utterances) if not _file(folder, number).exists()]
    with ProcessPoolExecutor(processes) as pool:
        for done, _ in enumerate(pool.map(partial(_make_one, folder, held_out_every), numbers, chunksize=8), 1):
            if done % 200 == 0 or done == len(numbers):
                print(f"{done} of {len(numbers)} utterances", flush=True)
    statistics(folder, utterances)


def line(number: int, held_out_every: int) -> Line:
    """Speakers take turns; emotions by their shares. Lines that espeak-ng cannot speak are written anew."""
    order = [emotion for emotion, share in SHARES.items() for _ in range(share)]
    speakers = list(SPEAKERS)
    variant = f"{speakers[number % len(speakers)]}-{order[number // len(speakers) % len(order)]}"
    held_out = number // ROUND % held_out_every == held_out_every - 1
    return write_line(f"{number:05}", STYLES[variant], held_out, number)


def _make_one(folder: Path, held_out_every: int, number: int) -> None:
    if not _espeak:
        _espeak.append(Espeak({name: style.variant_file() for name, style in STYLES.items()}))
    planned = line(number, held_out_every)
    for attempt in range(20):
        try:
            recording = record(planned, _espeak[0])
            break
        except UnspeakableError:
            planned = write_line(planned.name, planned.style, planned.held_out, number + 1_000_000 * (attempt + 1))
    else:
        raise SystemExit(f"espeak-ng could not speak line {number} in 20 attempts")
    spectrum = features.magnitudes(recording.samples)
    low, high = planned.style.pitch
    voiceless = np.repeat([unit.voiceless for unit in recording.units], recording.frames)
    f0, voiced = features.pitch(recording.samples, voiceless, 0.7 * low, 1.25 * high)
    units = [(unit.phone, unit.tone, unit.flag, unit.word_flag) for unit in recording.units]
    part = _file(folder, number).with_suffix(".part")
    with part.open("wb") as file:
        np.savez(
            file,
            style=np.array([planned.style.speaker.name, planned.style.emotion.name]),
            held_out=planned.held_out,
            text=" ".join("/".join(word.syllables) + f"#{word.level}" for word in planned.words),
            units=np.array(units),
            frames=recording.frames.astype(np.int16),
            samples=(recording.samples.clip(-1, 1) * 32767).astype(np.int16),
            mel=features.mel(spectrum).astype(np.float16),
            energy=features.energy(spectrum),
            f0=f0,
            voiced=voiced,
        )
    part.rename(_file(folder, number))


def statistics(folder: Path, utterances: int) -> None:
    """Means and deviations over the corpus, by which the features are normalised."""
    files = [dict(np.load(_file(folder, number))) for number in range(utterances)]
    mels = np.concatenate([file["mel"] for file in files]).astype(np.float64)
    f0 = np.concatenate([file["f0"][file["voiced"]] for file in files])
    energies = np.concatenate([file["energy"] for file in files])
    found = {
        "mel_mean": mels.mean(0).tolist(),
        "mel_deviation": mels.std(0).tolist(),
        "f0": [float(f0.mean()), float(f0.std())],
        "energy": [float(energies.mean()), float(energies.std())],
        "highest_f0": float(np.percentile(f0, 99.99)),
        "hours": len(mels) * features.HOP / features.RATE / 3600,
    }
    (folder / "statistics.json").write_text(json.dumps(found, indent=1))


def _file(folder: Path, number: int) -> Path:
    return folder / "utterances" / f"{number:05}.npz"


def utterances(folder: Path) -> Iterator[Path]:
    yield from sorted((folder / "utterances").glob("*.npz"))


if __name__ == "__main__":
    main()
