"""Runs the trained speech recognizer."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from training.voice.models.recognizer import STYLE_NAMES, TOKENS, Recognizer
from training.voice.train.dataset import Statistics
from training.voice.train.training_loop import load_checkpoint


@dataclass(frozen=True, slots=True)
class Recognition:
    """The recognized tokens and style of one utterance."""

    tokens: list[str]
    style: str
    """Speaker-emotion."""


def load_recognizer(folder: Path) -> Recognizer:
    """Loads the recognizer that training.voice.train.recognizer saved in `folder`."""
    model = Recognizer()
    model.load_state_dict(load_checkpoint(folder)["model"])
    return model.eval()


@torch.no_grad()
def recognize(model: Recognizer, mel: NDArray[np.float32], statistics: Statistics) -> Recognition:
    """Recognizes a mel (frames, 80), not normalized, by greedy CTC decoding."""
    x = torch.from_numpy(statistics.normalize_mel(mel))[None]
    log_probabilities, _, style_logits = model(x, torch.tensor([x.shape[1]]))
    path = torch.unique_consecutive(log_probabilities[0].argmax(-1)).tolist()
    return Recognition([TOKENS[row] for row in path if row], STYLE_NAMES[int(style_logits.argmax())])
