"""What a listener wrote against what was to be said: wrong syllables, tones and English words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from training.voice.listener import tokens_of

SKIP = 1.0
Lexicon = Mapping[tuple[str, ...], frozenset[str]]
"""Pronunciations, each with the words that have it; a word may have several."""


@dataclass(frozen=True, slots=True)
class Score:
    syllables: int = 0
    wrong_syllables: int = 0
    wrong_tones: int = 0
    """of syllables that are right otherwise"""
    words: int = 0
    """English ones"""
    wrong_words: int = 0

    def __add__(self, other: "Score") -> "Score":
        return Score(*(getattr(self, name) + getattr(other, name) for name in Score.__slots__))

    @property
    def figures(self) -> dict[str, float]:
        """percent"""
        syllables, words = max(1, self.syllables), max(1, self.words)
        return {
            "syllable_errors": 100 * self.wrong_syllables / syllables,
            "tone_errors": 100 * self.wrong_tones / syllables,
            "english_errors": 100 * self.wrong_words / words,
        }


def score(units: Sequence[Sequence[str]], heard: Sequence[str], lexicon: Lexicon | None = None) -> Score:
    """A syllable is wrong when one of its phones is, or something is heard beside them.

    A word is wrong when another word of the lexicon is nearer to what was heard than each of its own pronunciations;
    without a lexicon when more than a third of its phones are.
    """
    groups = _groups(units)
    written = [token for group in groups for token in group]
    owners = [number for number, group in enumerate(groups) for _ in group]
    parts: list[list[str]] = [[] for _ in groups]
    for place, token in _aligned(written, heard):
        parts[owners[place]].append(token)
    total = Score()
    for group, part in zip(groups, parts, strict=True):
        if not group[-1][-1].isdigit():
            total += Score(words=1, wrong_words=int(not _understood(group, part, lexicon)))
            continue
        bare = [[token.rstrip("12345") for token in tokens] for tokens in (group, part)]
        wrong = bare[0] != bare[1]
        total += Score(1, int(wrong), int(not wrong and list(group) != part))
    return total


def words_of(units: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """The English words among units, as phones."""
    return [tuple(group) for group in _groups(units) if not group[-1][-1].isdigit()]


def _groups(units: Sequence[Sequence[str]]) -> list[list[str]]:
    """The tokens of each Mandarin syllable, and of each English word."""
    groups: list[list[str]] = []
    for unit in units:
        phone, _, flag, word_flag = unit
        tokens = tokens_of([unit])
        if not tokens:
            begins_syllable = phone in ("ga", "ge", "go")
            if begins_syllable:
                groups.append([])
            continue
        english = not phone.endswith("_c")
        starts = word_flag in ("word_begin", "word_both") if english else flag in ("s_begin", "s_both")
        if starts or not groups:
            groups.append([])
        groups[-1] += tokens
    return [group for group in groups if group]


def _understood(word: Sequence[str], heard: Sequence[str], lexicon: Lexicon | None) -> bool:
    if not lexicon:
        return distance(word, heard) <= len(word) / 3
    spelled = lexicon.get(tuple(word), frozenset())
    far = {phones: distance(phones, heard) for phones in lexicon}
    own = min([distance(word, heard), *(far[phones] for phones, words in lexicon.items() if words & spelled)])
    return own <= min(far.values())


def distance(wanted: Sequence[str], heard: Sequence[str]) -> float:
    return _costs(wanted, heard)[-1][-1]


def _costs(wanted: Sequence[str], heard: Sequence[str]) -> list[list[float]]:
    """Edit distances of all beginnings; a wrong tone costs less than a wrong phone."""
    costs = [[SKIP * column for column in range(len(heard) + 1)]]
    for row, want in enumerate(wanted, 1):
        line = [SKIP * row]
        for column, hear in enumerate(heard, 1):
            line.append(
                min(
                    costs[row - 1][column - 1] + _substitution(want, hear),
                    costs[row - 1][column] + SKIP,
                    line[-1] + SKIP,
                )
            )
        costs.append(line)
    return costs


def _substitution(want: str, hear: str) -> float:
    if want == hear:
        return 0.0
    return 0.3 if want.rstrip("12345") == hear.rstrip("12345") else 1.2


def _aligned(wanted: Sequence[str], heard: Sequence[str]) -> list[tuple[int, str]]:
    """(place in wanted, token heard there); what is heard beside everything belongs to the place before it."""
    costs = _costs(wanted, heard)
    row, column = len(wanted), len(heard)
    pairs: list[tuple[int, str]] = []
    while column and wanted:
        if row and costs[row][column] == costs[row - 1][column - 1] + _substitution(wanted[row - 1], heard[column - 1]):
            row, column = row - 1, column - 1
            pairs.append((row, heard[column]))
        elif costs[row][column] == costs[row][column - 1] + SKIP:
            column -= 1
            pairs.append((max(0, row - 1), heard[column]))
        else:
            row -= 1
    return pairs[::-1]
