"""Variants of a voice in other precisions, each judged against float32 before it may stay.

Only the vocoder has variants: it is most of the work, and what comes before it decides how long everything is. So no
variant changes a duration, and all of them say exactly the same.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx

from convert.output.folder import digest
from convert.quantization.calibration import Arrays, Player, Rehearsal
from convert.quantization.fp16 import halve
from convert.quantization.int8 import measure, quantise, wide_blocks, work
from convert.quantization.metrics import Likeness, Samples, likeness
from convert.quantization.sentences import sentences

GRAPH = "vocoder"
LIMITS = {"fp16": Likeness(snr=40.0, distance=0.5), "int8": Likeness(snr=22.0, distance=1.5)}
"""int8 may cost what the lowest setting of Opus costs (see `likeness`), half precision nothing that could be heard."""
LEAST_WORK = 0.5
"""Share of the multiplications below which 8 bits are not worth a file."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A variant of the vocoder and how like the float32 one it sounds."""

    model: onnx.ModelProto
    likeness: Likeness
    share: float
    """Of the multiplications that are done in this precision."""

    def passes(self, limit: Likeness) -> bool:
        return self.likeness.snr >= limit.snr and self.likeness.distance <= limit.distance


def make_variants(
    folder: Path, manifest: dict[str, Any], wanted: Sequence[str], notes: list[str], progress: Progress
) -> dict[str, Any]:
    """Writes the wanted variants beside the float32 graphs; what voice.yaml says of them. A note for each refusal."""
    if not wanted:
        return {}
    tuning, held_out = sentences(manifest)
    if not tuning:
        notes.append(f"{', '.join(wanted)} left out: there are no sentences in {manifest['language']} to judge it by")
        return {}
    progress("speaking sentences to tune and to judge by")
    voice = Rehearsal(folder, manifest)
    judge = Judge(folder / f"{GRAPH}.onnx", [voice.vocoder_inputs(lines) for lines in held_out])
    written = {}
    for precision in wanted:
        progress(f"writing {GRAPH}.{precision}.onnx")
        if precision == "int8":
            blocks = wide_blocks(judge.exact)
            if (share := work(judge.exact, nodes(blocks))) < LEAST_WORK:
                notes.append(
                    f"int8 is left out: this vocoder is too small to gain from it ({share:.0%} of its multiplications "
                    f"are in convolutions wide enough, at least {LEAST_WORK:.0%} should be)"
                )
                continue
            candidate = eight_bits(judge, blocks, [voice.vocoder_inputs(lines) for lines in tuning])
        else:
            candidate = judge.candidate(halve(judge.exact), 1.0)
        if reason := refusal(candidate, precision):
            notes.append(f"{precision} is left out: {reason}")
            continue
        written[precision] = {
            "graphs": {GRAPH: write(candidate.model, folder, precision, manifest["graphs"][GRAPH]["parameters"])},
            "report": {
                "snr_db": round(candidate.likeness.snr, 1),
                "log_spectral_distance_db": round(candidate.likeness.distance, 2),
                "sentences": len(held_out),
                "seconds": round(judge.samples / manifest["sample_rate"], 1),
                "share_of_vocoder": round(candidate.share, 2),
            },
        }
    return written


class Judge:
    """The float32 vocoder, and what it makes of the held-out sentences."""

    def __init__(self, path: Path, held_out: list[Arrays]) -> None:
        self.exact = onnx.load(path)
        self._held_out = held_out
        self._reference = sounds(self.exact, held_out)
        self.samples = sum(len(sound) for sound in self._reference)

    def candidate(self, model: onnx.ModelProto, share: float) -> Candidate:
        return Candidate(model, likeness(self._reference, sounds(model, self._held_out)), share)


def eight_bits(judge: Judge, blocks: dict[str, list[str]], tuning: list[Arrays]) -> Candidate:
    """All these blocks in 8 bits, or as many as the limit allows: the most harmful ones go first.

    How much a block harms is measured with it alone in 8 bits, on a sentence that is not held out.
    """
    exact, blocks = judge.exact, dict(blocks)
    ranges = measure(exact, nodes(blocks), tuning)

    def attempt() -> Candidate:
        return judge.candidate(quantise(exact, nodes(blocks), ranges), work(exact, nodes(blocks)))

    best = attempt()
    if best.passes(LIMITS["int8"]):
        return best
    sentence = tuning[:1]
    reference = sounds(exact, sentence)
    harm = {
        name: likeness(reference, sounds(quantise(exact, block, ranges), sentence)).distance
        for name, block in blocks.items()
    }
    for name in sorted(harm, key=lambda name: -harm[name]):
        del blocks[name]
        if work(exact, nodes(blocks)) < LEAST_WORK:
            return best
        best = attempt()
        if best.passes(LIMITS["int8"]):
            return best
    return best


def nodes(blocks: dict[str, list[str]]) -> set[str]:
    return {name for block in blocks.values() for name in block}


def refusal(candidate: Candidate, precision: str) -> str | None:
    """Why a variant may not be used, with the figures; None if it may."""
    limit = LIMITS[precision]
    if candidate.passes(limit):
        return None
    return (
        f"it sounds too different from fp32 ({candidate.likeness}; "
        f"at least {limit.snr:g} dB and at most {limit.distance:g} dB are asked for)"
    )


def sounds(model: onnx.ModelProto, inputs: Sequence[Arrays]) -> list[Samples]:
    player = Player(model.SerializeToString())
    return [player.run(given | player.start(), "audio")["audio"][0] for given in inputs]


def write(model: onnx.ModelProto, folder: Path, precision: str, parameters: int) -> dict[str, Any]:
    path = folder / f"{GRAPH}.{precision}.onnx"
    path.write_bytes(model.SerializeToString(deterministic=True))
    return {"file": path.name, "sha256": digest(path), "bytes": path.stat().st_size, "parameters": parameters}
