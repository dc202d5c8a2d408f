"""A course of training: seeded step by step, saved whole or not at all, and the same after a kill as without one."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Course:
    folder: Path
    steps: int
    seed: int
    save_every: int
    report_every: int

    @property
    def checkpoint(self) -> Path:
        return self.folder / "latest.pth"


def follow(
    course: Course,
    parts: dict[str, Any],
    batches: Iterator[Any],
    step: Callable[[int, Any], Figures],
    validate: Callable[[int], Figures],
) -> None:
    """Runs `step(number, batch)` from where the folder's checkpoint stands to the end.

    `parts` have `state_dict` and `load_state_dict`. Random numbers of a step depend on the seed and the step alone, and
    the batches of earlier steps are drawn again, so a course that was killed goes on as if it had not been.
    """
    course.folder.mkdir(parents=True, exist_ok=True)
    done = _restore(course, parts)
    for _ in range(done):
        next(batches)
    sums: Figures = {}
    count, since = 0, time.monotonic()
    for number in range(done, course.steps):
        torch.manual_seed(course.seed * 1_000_003 + number)
        for name, value in step(number, next(batches)).items():
            sums[name] = sums.get(name, 0.0) + value
        count += 1
        last = number + 1 == course.steps
        if (number + 1) % course.save_every == 0 or last:
            figures = validate(number + 1)
            _save(course, parts, number + 1)
            _report(course, "validation", number + 1, figures)
        if (number + 1) % course.report_every == 0 or last:
            pace = count / (time.monotonic() - since)
            _report(course, "training", number + 1, {name: value / count for name, value in sums.items()}, pace)
            sums, count, since = {}, 0, time.monotonic()


def _restore(course: Course, parts: dict[str, Any]) -> int:
    if not course.checkpoint.exists():
        return 0
    saved = torch.load(course.checkpoint, weights_only=True, map_location="cpu")
    for name, part in parts.items():
        part.load_state_dict(saved[name])
    print(f"going on from step {saved['steps']} of {course.checkpoint}", flush=True)
    return int(saved["steps"])


def _save(course: Course, parts: dict[str, Any], steps: int) -> None:
    part = course.checkpoint.with_suffix(".part")
    torch.save({"steps": steps, **{name: part.state_dict() for name, part in parts.items()}}, part)
    part.rename(course.checkpoint)


def _report(course: Course, kind: str, steps: int, figures: Figures, pace: float = 0.0) -> None:
    shown = "  ".join(f"{name} {value:.4g}" for name, value in figures.items())
    quickly = f"  {pace:.2f} steps/s" if pace else ""
    print(f"{time.strftime('%H:%M:%S')} {steps:6} {kind:10} {shown}{quickly}", flush=True)
    with (course.folder / "log.jsonl").open("a") as log:
        log.write(json.dumps({"kind": kind, "steps": steps, "time": time.time(), **figures}) + "\n")
