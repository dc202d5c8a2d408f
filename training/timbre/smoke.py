"""Runs the whole recipe for a few steps: `python -m training.timbre.smoke FOLDER`. The voice is not intelligible."""

import argparse
from pathlib import Path

import soundfile

from training.timbre.evaluation import record_reference
from training.timbre.package import NAME
from training.timbre.variants import held_out_variants
from training.voice.smoke import run_module


def main() -> None:
    """Runs every step, from the corpus to the published voice and an embedding that its encoder computes."""
    parser = argparse.ArgumentParser(prog="python -m training.timbre.smoke", description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    corpus, encoder, acoustic, vocoder = (folder / part for part in ("corpus", "encoder", "acoustic", "vocoder"))
    voice, report, published = folder / "float32" / NAME, folder / "report", folder / "models" / NAME
    run_module("training.timbre.corpus", corpus, "--speakers", 6, "--sentences", 2, "--processes", 1)
    run_module("training.timbre.encoder", corpus, encoder, "--steps", 4, "--batch", 4, "--save-every", 2)
    reader = folder / "mel_encoder"
    run_module("training.timbre.mel_encoder", corpus, reader, "--encoder", encoder, "--steps", 2, "--batch", 4)
    encoders = ("--encoder", encoder, "--mel-encoder", reader)
    run_module("training.timbre.acoustic", corpus, acoustic, *encoders, "--steps", 2, "--batch", 4)
    run_module("training.voice.train.vocoder", corpus, vocoder, "--steps", 1, "--batch", 1)
    run_module("training.timbre.package", corpus, encoder, acoustic, vocoder, voice.parent)
    run_module("training.timbre.evaluate", voice, report, "--speakers", 2, "--sentences", 1)
    run_module("training.timbre.publish", voice, report, published)
    recording, embedding = folder / "recording.wav", folder / "embedding.npy"
    reference = record_reference(held_out_variants(1)[0], 0).audio
    soundfile.write(recording, reference.samples, reference.rate)
    run_module("server", "embed", recording, "--models", published.parent, "-o", embedding)


if __name__ == "__main__":
    main()
