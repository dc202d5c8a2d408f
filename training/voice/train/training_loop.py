"""The training loop: seeded per step, with atomic checkpoints; an interrupted run resumes with the same results."""

import json
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

Metrics = dict[str, float]
"""Losses and validation figures by name."""
CHECKPOINT_NAME = "latest.pth"
REPORT_EVERY = 50
"""Steps."""


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """The folder, length and seed of a training."""

    folder: Path
    steps: int
    seed: int
    save_every: int
    report_every: int = REPORT_EVERY

    @property
    def checkpoint(self) -> Path:
        """The file that holds the latest state."""
        return self.folder / CHECKPOINT_NAME


def add_arguments(parser: ArgumentParser, *, steps: int, batch: int, seed: int) -> None:
    """Adds the arguments that all trainings share, with these defaults."""
    parser.add_argument("corpus", type=Path, help="folder that training.voice.corpus wrote")
    parser.add_argument("folder", type=Path, help="folder for checkpoint and log")
    parser.add_argument("--steps", type=int, default=steps, help="default: %(default)s")
    parser.add_argument("--batch", type=int, default=batch, help="batch size; default: %(default)s")
    parser.add_argument("--seed", type=int, default=seed, help="default: %(default)s")
    parser.add_argument("--save-every", type=int, default=250, help="steps between checkpoints; default: %(default)s")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads; default: %(default)s")
    parser.add_argument("--device", default="cpu", help="torch device, such as cuda; default: %(default)s")


def run_training(
    run: TrainingRun,
    parts: dict[str, Any],
    batches: Iterator[Any],
    step: Callable[[int, Any], Metrics],
    validate: Callable[[], Metrics],
) -> None:
    """Runs `step(number, batch)` from the latest checkpoint, or from 0, to the end.

    `parts` are saved and restored; they have `state_dict` and `load_state_dict`. Random numbers of a step depend on the
    seed and the step alone, and the batches of earlier steps are skipped, so a resumed run gives the same weights as an
    uninterrupted one.
    """
    run.folder.mkdir(parents=True, exist_ok=True)
    done = _restore(run, parts)
    for _ in range(done):
        next(batches)
    sums: Metrics = {}
    count, since = 0, time.monotonic()
    for number in range(done, run.steps):
        torch.manual_seed(run.seed * 1_000_003 + number)
        for name, value in step(number, next(batches)).items():
            sums[name] = sums.get(name, 0.0) + value
        count += 1
        last = number + 1 == run.steps
        if (number + 1) % run.save_every == 0 or last:
            metrics = validate()
            _save(run, parts, number + 1)
            _report(run, "validation", number + 1, metrics)
        if (number + 1) % run.report_every == 0 or last:
            speed = count / (time.monotonic() - since)
            _report(run, "training", number + 1, {name: value / count for name, value in sums.items()}, speed)
            sums, count, since = {}, 0, time.monotonic()


def load_checkpoint(folder: Path) -> dict[str, Any]:
    """Reads the latest checkpoint of a training folder: `steps`, `model`, `optimizer`."""
    return torch.load(folder / CHECKPOINT_NAME, weights_only=True, map_location="cpu")


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Sets the learning rate of all parameters."""
    for group in optimizer.param_groups:
        group["lr"] = rate


def _restore(run: TrainingRun, parts: dict[str, Any]) -> int:
    if not run.checkpoint.exists():
        return 0
    saved = load_checkpoint(run.folder)
    for name, part in parts.items():
        part.load_state_dict(saved[name])
    print(f"resuming from step {saved['steps']} of {run.checkpoint}", flush=True)
    return int(saved["steps"])


def _save(run: TrainingRun, parts: dict[str, Any], steps: int) -> None:
    part = run.checkpoint.with_suffix(".part")
    torch.save({"steps": steps, **{name: part.state_dict() for name, part in parts.items()}}, part)
    part.rename(run.checkpoint)


def _report(run: TrainingRun, kind: str, steps: int, metrics: Metrics, speed: float = 0.0) -> None:
    shown = "  ".join(f"{name} {value:.4g}" for name, value in metrics.items())
    suffix = f"  {speed:.2f} steps/s" if speed else ""
    print(f"{time.strftime('%H:%M:%S')} {steps:6} {kind:10} {shown}{suffix}", flush=True)
    with (run.folder / "log.jsonl").open("a") as log:
        log.write(json.dumps({"kind": kind, "steps": steps, "time": time.time(), **metrics}) + "\n")
