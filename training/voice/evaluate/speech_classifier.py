"""A classifier of frames as human or espeak-ng's speech, trained on recordings and never on generated speech."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F  # noqa: N812

from training.voice.analysis.metrics import loud_frames, mel_cepstra
from training.voice.train.dataset import Utterance

COEFFICIENTS = 24
HIDDEN = 48
STEPS, BATCH, LEARNING_RATE = 1500, 512, 3e-3
UTTERANCES = 1200
"""Of each kind, at most."""
FRAMES_PER_UTTERANCE = 60


class SpeechClassifier:
    """Tells human speech from espeak-ng's, frame by frame, by the shape of the spectrum."""

    def __init__(self, utterances: Sequence[Utterance], seed: int = 5) -> None:
        torch.manual_seed(seed)
        rng = np.random.default_rng(seed)
        kinds = [[one for one in utterances if one.kind == kind][:UTTERANCES] for kind in ("espeak", "word")]
        frames = [np.concatenate([_some_frames(one, rng) for one in kind]) for kind in kinds]
        everything = np.concatenate(frames)
        self._mean, self._deviation = everything.mean(0), everything.std(0)
        inputs = [torch.from_numpy(self._normalize(each)) for each in frames]
        self._model = nn.Sequential(
            nn.Linear(COEFFICIENTS, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 1)
        )
        optimizer = torch.optim.AdamW(self._model.parameters(), lr=LEARNING_RATE, weight_decay=1e-2)
        for _ in range(STEPS):
            chosen = [each[torch.randint(len(each), (BATCH // 2,))] for each in inputs]
            targets = torch.cat([torch.full((BATCH // 2,), float(label)) for label in (0, 1)])
            loss = F.binary_cross_entropy_with_logits(self._model(torch.cat(chosen))[:, 0], targets)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()

    @torch.no_grad()
    def human_frames(self, mel: NDArray[np.float32]) -> float:
        """(loud frames, 80) -> the percentage of the frames that the classifier takes for human speech."""
        logits = self._model(torch.from_numpy(self._normalize(mel_cepstra(mel, COEFFICIENTS))))
        return 100 * float((logits > 0).float().mean())

    def _normalize(self, cepstra: NDArray[np.float32]) -> NDArray[np.float32]:
        return ((cepstra - self._mean) / self._deviation).astype(np.float32)


def _some_frames(utterance: Utterance, rng: np.random.Generator) -> NDArray[np.float32]:
    loud = np.flatnonzero(loud_frames(utterance.audio()))
    chosen = rng.choice(loud, min(len(loud), FRAMES_PER_UTTERANCE), replace=False)
    return mel_cepstra(utterance.mel[chosen].astype(np.float32), COEFFICIENTS)
