"""The training loop: seeded per step, with atomic checkpoints; an interrupted run resumes with the same results."""

import json
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

Metrics = dict[str, float]
"""Losses and validation figures by name."""
CHECKPOINT_NAME = "latest.pth"
REPORT_EVERY = 50
"""Steps."""
AVERAGE_DECAY = 0.998
"""Of the moving average of the weights."""


def argument_parser(
    name: str, description: str | None, *, steps: int, batch: int, seed: int, can_start_from: bool = False
) -> ArgumentParser:
    """Returns the parser of the command training.voice.train.`name`, with these defaults.

    `can_start_from` adds the option to start from the weights of another voice.
    """
    parser = ArgumentParser(prog=f"python -m training.voice.train.{name}", description=description)
    parser.add_argument("corpus", type=Path, help="folder that training.voice.corpus wrote")
    parser.add_argument("folder", type=Path, help="folder for checkpoint and log")
    parser.add_argument("--steps", type=int, default=steps, help="default: %(default)s")
    parser.add_argument("--batch", type=int, default=batch, help="batch size; default: %(default)s")
    parser.add_argument("--seed", type=int, default=seed, help="default: %(default)s")
    parser.add_argument("--save-every", type=int, default=250, help="steps between checkpoints; default: %(default)s")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads; default: %(default)s")
    parser.add_argument("--device", default="cpu", help="torch device, such as cuda; default: %(default)s")
    parser.add_argument(
        "--bfloat16", action="store_true", help="convolutions and products in bfloat16: faster with AVX512-BF16 or CUDA"
    )
    if can_start_from:
        kinds = "a published voice such as models/demo, or one in KAN-TTS's layout"
        parser.add_argument("--start-from", type=Path, help=f"voice of the same sizes to start from: {kinds}")
    return parser


def parse_arguments(parser: ArgumentParser) -> Namespace:
    """Parses the command line, and sets the number of CPU threads."""
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    return arguments


def mixed_precision(arguments: Namespace) -> torch.autocast:
    """Returns the context in which models run: bfloat16 where the command asks for it; weights stay in float32."""
    device = torch.device(arguments.device).type
    return torch.autocast(device, torch.bfloat16, enabled=arguments.bfloat16)


def run_training(
    arguments: Namespace,
    parts: dict[str, Any],
    batches: Iterator[Any],
    step: Callable[[int, Any], Metrics],
    validate: Callable[[], Metrics],
    report_every: int = REPORT_EVERY,
) -> None:
    """Runs `step(number, batch)` from the latest checkpoint, or from 0, to the end.

    `arguments` are `folder`, `steps`, `seed` and `save_every` of the command. `parts` are saved and restored; they have
    `state_dict` and `load_state_dict`, and one is the `model`. The result of the training, which is validated, is the
    moving average of the model's weights: it has less of the noise of small batches. Random numbers of a step depend on
    the seed and the step alone, and the batches of earlier steps are skipped, so a resumed run gives the same weights
    as an uninterrupted one.
    """
    folder, steps = arguments.folder, arguments.steps
    folder.mkdir(parents=True, exist_ok=True)
    model = parts["model"]
    average = WeightAverage(model)
    parts = parts | {"average": average}
    done = _restore(folder, parts)
    for _ in range(done):
        next(batches)
    sums: Metrics = {}
    count, since = 0, time.monotonic()
    for number in range(done, steps):
        torch.manual_seed(arguments.seed * 1_000_003 + number)
        for name, value in step(number, next(batches)).items():
            sums[name] = sums.get(name, 0.0) + value
        average.update(model, number)
        count += 1
        completed = number + 1
        if completed % arguments.save_every == 0 or completed == steps:
            with average.in_use(model):
                metrics = validate()
            _save(folder, parts, completed)
            _report(folder, "validation", completed, metrics)
        if completed % report_every == 0 or completed == steps:
            speed = count / (time.monotonic() - since)
            _report(folder, "training", completed, {name: value / count for name, value in sums.items()}, speed)
            sums, count, since = {}, 0, time.monotonic()


class WeightAverage:
    """The moving average of a model's weights and running statistics.

    torch's AveragedModel copies the model, which weight normalization forbids.
    """

    def __init__(self, model: nn.Module) -> None:
        self._values = _copied(model.state_dict())

    def update(self, model: nn.Module, step: int) -> None:
        """Adds the weights after a step. The first ones are soon forgotten: they are random, or another voice's."""
        decay = min(AVERAGE_DECAY, (1 + step) / (10 + step))
        for name, value in model.state_dict().items():
            if value.is_floating_point():
                self._values[name].lerp_(value.to(self._values[name]), 1 - decay)
            else:  # a counter
                self._values[name].copy_(value)

    @contextmanager
    def in_use(self, model: nn.Module) -> Iterator[None]:
        """Gives the model the averaged weights for a while."""
        trained = _copied(model.state_dict())
        model.load_state_dict(self._values)
        try:
            yield
        finally:
            model.load_state_dict(trained)

    def state_dict(self) -> dict[str, Tensor]:
        """Returns the averaged weights, named as the model's."""
        return self._values

    def load_state_dict(self, values: dict[str, Tensor]) -> None:
        """Takes the averaged weights of a checkpoint."""
        for name, value in values.items():
            self._values[name].copy_(value)


def load_checkpoint(folder: Path) -> dict[str, Any]:
    """Reads the latest checkpoint of a training folder: `steps`, `model` (averaged weights), `parts` (to resume).

    A mean of checkpoints has no `parts`.
    """
    return torch.load(folder / CHECKPOINT_NAME, weights_only=True, map_location="cpu")


def write_checkpoint(folder: Path, content: dict[str, Any]) -> None:
    """Replaces the latest checkpoint of a training folder, by a complete one only."""
    unfinished = (folder / CHECKPOINT_NAME).with_suffix(".part")
    torch.save(content, unfinished)
    unfinished.rename(folder / CHECKPOINT_NAME)


def minimize(
    loss: Tensor, model: nn.Module, optimizer: torch.optim.Optimizer, learning_rate: float, max_norm: float = 1.0
) -> None:
    """Takes one step of the optimizer; the norm of the gradients is clipped to `max_norm`."""
    for group in optimizer.param_groups:
        group["lr"] = learning_rate
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()


@contextmanager
def frozen(model: nn.Module) -> Iterator[None]:
    """Leaves the weights of a model without gradients: what it computes from is trained, not the model itself."""
    model.requires_grad_(False)
    try:
        yield
    finally:
        model.requires_grad_(True)


def _copied(values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in values.items()}


def _restore(folder: Path, parts: dict[str, Any]) -> int:
    if not (folder / CHECKPOINT_NAME).exists():
        return 0
    saved = load_checkpoint(folder)
    if "parts" not in saved:
        raise SystemExit(f"{folder / CHECKPOINT_NAME} is a mean of weights, which cannot be trained further")
    for name, part in parts.items():
        part.load_state_dict(saved["parts"][name])
    print(f"resuming from step {saved['steps']} of {folder / CHECKPOINT_NAME}", flush=True)
    return int(saved["steps"])


def _save(folder: Path, parts: dict[str, Any], steps: int) -> None:
    states = {name: part.state_dict() for name, part in parts.items()}
    write_checkpoint(folder, {"steps": steps, "model": states["average"], "parts": states})


def _report(folder: Path, kind: str, steps: int, metrics: Metrics, speed: float = 0.0) -> None:
    shown = "  ".join(f"{name} {value:.4g}" for name, value in metrics.items())
    suffix = f"  {speed:.2f} steps/s" if speed else ""
    print(f"{time.strftime('%H:%M:%S')} {steps:6} {kind:10} {shown}{suffix}", flush=True)
    with (folder / "log.jsonl").open("a") as log:
        log.write(json.dumps({"kind": kind, "steps": steps, "time": time.time(), **metrics}) + "\n")
