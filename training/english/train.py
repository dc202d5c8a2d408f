"""Trains the English grapheme-to-phoneme model, which labels each letter of a word with zero to two phones.

    python -m training.english.train cmudict.dict server/text/english/g2p.npz

Needs torch and about 8 minutes on one core, and writes less than half a megabyte. Two bidirectional GRU layers encode
the word, and a linear layer labels each letter (see `alignment`); a stressed vowel is a label of its own. One word in
twenty is held out and evaluated at the end.
"""

import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from torch import nn

from server.text.english.g2p import ALPHABET, G2PModel
from training.english import alignment, cmudict

EMBEDDING, HIDDEN, LAYERS = 32, 128, 2
EPOCHS, BATCH, PEAK = 9, 128, 4e-3
_MIN_LABEL_COUNT = 10
"""Words with a rarer label are left out."""
Alignments = list[tuple[str, list[alignment.Label]]]


class Tagger(nn.Module):
    """The network: (batch, letters) -> scores (batch, letters, labels)."""

    def __init__(self, labels: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(len(ALPHABET) + 1, EMBEDDING, padding_idx=len(ALPHABET))
        self.layers = nn.ModuleList(
            nn.GRU(EMBEDDING if layer == 0 else 2 * HIDDEN, HIDDEN, batch_first=True, bidirectional=True)
            for layer in range(LAYERS)
        )
        self.dropout = nn.Dropout(0.15)
        self.output = nn.Linear(2 * HIDDEN, labels)

    def forward(self, letters: torch.Tensor) -> torch.Tensor:
        """Returns the score of every label for every letter."""
        x = self.embedding(letters)
        for layer in self.layers:
            x = self.dropout(layer(x)[0])
        return self.output(x)


def batches(alignments: Alignments, labels: dict[alignment.Label, int], random: np.random.Generator) -> list[tuple]:
    """Returns batches of words of equal length, which need no padding."""
    by_length: dict[int, list[int]] = {}
    for index, (word, _) in enumerate(alignments):
        by_length.setdefault(len(word), []).append(index)
    result = []
    for indices in by_length.values():
        shuffled = random.permutation(indices)
        for start in range(0, len(shuffled), BATCH):
            part = [alignments[index] for index in shuffled[start : start + BATCH]]
            letters = torch.tensor([[ALPHABET.index(letter) for letter in word] for word, _ in part])
            targets = torch.tensor([[labels[label] for label in word_labels] for _, word_labels in part])
            result.append((letters, targets))
    random.shuffle(result)
    return result


def train(alignments: Alignments, labels: dict[alignment.Label, int]) -> Tagger:
    """Returns the trained network."""
    torch.manual_seed(1)
    random = np.random.default_rng(1)
    model = Tagger(len(labels))
    optimizer = torch.optim.AdamW(model.parameters(), lr=PEAK, weight_decay=0.01)
    steps = EPOCHS * len(batches(alignments, labels, random))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK, total_steps=steps, pct_start=0.1)
    for epoch in range(EPOCHS):
        started, total, count = time.monotonic(), 0.0, 0
        for letters, targets in batches(alignments, labels, random):
            loss = nn.functional.cross_entropy(model(letters).flatten(0, 1), targets.flatten())
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            total, count = total + loss.item(), count + 1
        print(f"epoch {epoch + 1}: loss {total / count:.4f}, {time.monotonic() - started:.0f} s", flush=True)
    return model


def save(model: Tagger, labels: dict[alignment.Label, int], path: Path) -> None:
    """Writes the weights as int8 with a scale for each row, the format that `G2PModel` reads."""
    arrays = {"labels": np.array([" ".join(label) for label in labels])}
    for name, tensor in model.state_dict().items():
        weight = tensor.numpy()
        if weight.ndim == 1:
            arrays[name] = weight
            continue
        scale = np.abs(weight).max(axis=1, keepdims=True) / 127 + 1e-12
        arrays[name] = np.round(weight / scale).astype(np.int8)
        arrays[name + ".scale"] = scale.astype(np.float32)
    np.savez_compressed(path, **arrays)


def evaluate(path: Path, words: dict[str, cmudict.Phones]) -> str:
    """Returns the error rates on the held-out words, without and with stress."""
    model = G2PModel(path)
    wrong, wrong_stress, errors, count = 0, 0, 0, 0
    for word, expected in words.items():
        predicted = model.predict(word)
        unstressed = [[phone.rstrip("1") for phone in phones] for phones in (predicted, expected)]
        wrong += unstressed[0] != unstressed[1]
        wrong_stress += list(predicted) != list(expected)
        errors += distance(*unstressed)
        count += len(expected)
    return (
        f"{len(words)} words: phone errors {errors / count:.2%}, word errors {wrong / len(words):.2%}, "
        f"with stress {wrong_stress / len(words):.2%}"
    )


def distance(one: list[str], other: list[str]) -> int:
    """Returns the Levenshtein distance."""
    row = list(range(len(other) + 1))
    for index, phone in enumerate(one, 1):
        last, row[0] = row[0], index
        for column, another in enumerate(other, 1):
            last, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, last + (phone != another))
    return row[-1]


def main(source: Path, target: Path) -> None:
    """Trains, writes and evaluates the model."""
    torch.set_num_threads(1)
    words = dict(cmudict.for_training(cmudict.read(source)))
    alignments = alignment.align((word, phones) for word, phones in words.items() if not cmudict.is_held_out(word))
    counts = Counter(label for _, word_labels in alignments for label in word_labels)
    common = sorted(label for label, count in counts.items() if count >= _MIN_LABEL_COUNT)
    labels = {label: row for row, label in enumerate(common)}
    kept = [(word, labeled) for word, labeled in alignments if labels.keys() >= set(labeled)]
    save(train(kept, labels), labels, target)
    print(evaluate(target, {word: phones for word, phones in words.items() if cmudict.is_held_out(word)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
