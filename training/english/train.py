"""Trains how unknown English words are read: letters -> for each letter the phones it stands for.

    python -m training.english.train cmudict.dict server/text/english/unknown.npz

Needs torch, about 8 minutes of one core, and writes less than half a megabyte. Two bidirectional GRU layers see the
whole word; each letter is then labelled with zero to two phones (see `alignment`), a stressed vowel apart from an
unstressed one. One word of twenty is kept out and measured at the end.
"""

import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from server.text.english.unknown import ALPHABET, Reader
from training.english import alignment, cmudict

EMBEDDING, HIDDEN, LAYERS = 32, 128, 2
EPOCHS, BATCH, PEAK = 9, 128, 4e-3
_RAREST = 10
"""Labels seen less often are left out, with their words."""
Cuts = list[tuple[str, list[alignment.Label]]]


class Tagger(nn.Module):
    """(batch, letters) -> (batch, letters, labels)"""

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
        x = self.embedding(letters)
        for layer in self.layers:
            x = self.dropout(layer(x)[0])
        return self.output(x)


def batches(cuts: Cuts, labels: dict[alignment.Label, int], random: np.random.Generator) -> list[tuple]:
    """Words of one length together, so that nothing is padded."""
    lengths: dict[int, list[int]] = {}
    for place, (word, _) in enumerate(cuts):
        lengths.setdefault(len(word), []).append(place)
    found = []
    for places in lengths.values():
        shuffled = random.permutation(places)
        for start in range(0, len(shuffled), BATCH):
            part = [cuts[place] for place in shuffled[start : start + BATCH]]
            letters = torch.tensor([[ALPHABET.index(letter) for letter in word] for word, _ in part])
            found.append((letters, torch.tensor([[labels[label] for label in cut] for _, cut in part])))
    random.shuffle(found)
    return found


def train(cuts: Cuts, labels: dict[alignment.Label, int]) -> Tagger:
    torch.manual_seed(1)
    random = np.random.default_rng(1)
    model = Tagger(len(labels))
    optimizer = torch.optim.AdamW(model.parameters(), lr=PEAK, weight_decay=0.01)
    steps = EPOCHS * len(batches(cuts, labels, random))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK, total_steps=steps, pct_start=0.1)
    for epoch in range(EPOCHS):
        started, total, count = time.monotonic(), 0.0, 0
        for letters, targets in batches(cuts, labels, random):
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
    """Weights as bytes, each row with its scale; see `Reader`."""
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


def measure(path: Path, words: dict[str, cmudict.Phones]) -> str:
    """Errors on the held-out words, stress apart."""
    reader = Reader(path)
    wrong, wrong_stress, errors, phones = 0, 0, 0, 0
    for word, right in words.items():
        read = reader.read(word)
        bare = [[phone.rstrip("1") for phone in phones] for phones in (read, right)]
        wrong += bare[0] != bare[1]
        wrong_stress += list(read) != list(right)
        errors += distance(*bare)
        phones += len(right)
    return (
        f"{len(words)} words: phone errors {errors / phones:.2%}, word errors {wrong / len(words):.2%}, "
        f"with stress {wrong_stress / len(words):.2%}"
    )


def distance(one: list[str], other: list[str]) -> int:
    """Levenshtein's."""
    row = list(range(len(other) + 1))
    for place, phone in enumerate(one, 1):
        last, row[0] = row[0], place
        for column, another in enumerate(other, 1):
            last, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, last + (phone != another))
    return row[-1]


def main(source: Path, target: Path) -> None:
    torch.set_num_threads(1)
    words = dict(cmudict.for_training(cmudict.read(source)))
    cuts = alignment.align((word, phones) for word, phones in words.items() if not cmudict.is_held_out(word))
    counts: dict[alignment.Label, int] = {}
    for label in (label for _, cut in cuts for label in cut):
        counts[label] = counts.get(label, 0) + 1
    labels = {label: row for row, label in enumerate(sorted(label for label in counts if counts[label] >= _RAREST))}
    kept = [(word, cut) for word, cut in cuts if labels.keys() >= set(cut)]
    save(train(kept, labels), labels, target)
    print(measure(target, {word: phones for word, phones in words.items() if cmudict.is_held_out(word)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
