"""Scores a recognition against its reference: wrong syllables, tones and English words."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from training.voice.models.recognizer import TONES, unit_tokens

INSERTION_COST = DELETION_COST = 1.0
TONE_SUBSTITUTION_COST, SUBSTITUTION_COST = 0.3, 1.2
Lexicon = Mapping[tuple[str, ...], Set[str]]
"""Pronunciation -> the words that have it; a word may have several pronunciations."""


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of references and errors."""

    syllables: int = 0
    wrong_syllables: int = 0
    wrong_tones: int = 0
    """Wrong tones of syllables that are correct otherwise."""
    words: int = 0
    """English words."""
    wrong_words: int = 0

    def __add__(self, other: "Score") -> "Score":
        return Score(*(getattr(self, name) + getattr(other, name) for name in Score.__slots__))

    def error_rates(self) -> dict[str, float]:
        """Returns error rates in percent."""
        syllables, words = max(1, self.syllables), max(1, self.words)
        return {
            "syllable_errors": 100 * self.wrong_syllables / syllables,
            "tone_errors": 100 * self.wrong_tones / syllables,
            "english_errors": 100 * self.wrong_words / words,
        }


def score(units: Sequence[Sequence[str]], recognized: Sequence[str], lexicon: Lexicon | None = None) -> Score:
    """Aligns recognized tokens with the reference `units` and counts errors.

    A syllable is wrong if one of its phones is wrong, missing or followed by an inserted one. An English word is wrong
    if the pronunciation of another word of the lexicon is nearer to the recognized phones than all of its own; without
    a lexicon, if more than a third of its phones are wrong.
    """
    groups = _token_groups(units)
    reference = [token for group in groups for token in group]
    owners = [number for number, group in enumerate(groups) for _ in group]
    parts: list[list[str]] = [[] for _ in groups]
    for index, token in _align(reference, recognized):
        parts[owners[index]].append(token)
    total = Score()
    for group, part in zip(groups, parts, strict=True):
        if _is_english(group):
            total += Score(words=1, wrong_words=int(not _is_word_correct(group, part, lexicon)))
            continue
        toneless = [[token.rstrip(TONES) for token in tokens] for tokens in (group, part)]
        wrong = toneless[0] != toneless[1]
        total += Score(1, int(wrong), int(not wrong and list(group) != part))
    return total


def english_pronunciations(units: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """Returns the phones of each English word in `units`."""
    return [tuple(group) for group in _token_groups(units) if _is_english(group)]


def _is_english(group: Sequence[str]) -> bool:
    return not group[-1][-1].isdigit()


def _token_groups(units: Sequence[Sequence[str]]) -> list[list[str]]:
    """Returns the tokens of each Mandarin syllable and of each English word."""
    groups: list[list[str]] = []
    for unit in units:
        phone, _, flag, word_flag = unit
        tokens = unit_tokens([unit])
        if not tokens:
            if phone in ("ga", "ge", "go"):  # the syllable begins with a glottal onset, which has no token
                groups.append([])
            continue
        english = not phone.endswith("_c")
        starts = word_flag in ("word_begin", "word_both") if english else flag in ("s_begin", "s_both")
        if starts or not groups:
            groups.append([])
        groups[-1] += tokens
    return [group for group in groups if group]


def _is_word_correct(word: Sequence[str], recognized: Sequence[str], lexicon: Lexicon | None) -> bool:
    if not lexicon:
        return edit_distance(word, recognized) <= len(word) / 3
    spellings = lexicon.get(tuple(word), frozenset())
    distances = {phones: edit_distance(phones, recognized) for phones in lexicon}
    own = (distances[phones] for phones, words in lexicon.items() if words & spellings)
    return min([edit_distance(word, recognized), *own]) <= min(distances.values())


def edit_distance(reference: Sequence[str], recognized: Sequence[str]) -> float:
    """Returns the weighted edit distance of two token sequences."""
    return _edit_costs(reference, recognized)[-1][-1]


def _edit_costs(reference: Sequence[str], recognized: Sequence[str]) -> list[list[float]]:
    """Returns the edit distances of all prefixes."""
    costs = [[INSERTION_COST * column for column in range(len(recognized) + 1)]]
    for row, expected in enumerate(reference, 1):
        line = [DELETION_COST * row]
        for column, actual in enumerate(recognized, 1):
            line.append(
                min(
                    costs[row - 1][column - 1] + _substitution_cost(expected, actual),
                    costs[row - 1][column] + DELETION_COST,
                    line[-1] + INSERTION_COST,
                )
            )
        costs.append(line)
    return costs


def _substitution_cost(expected: str, actual: str) -> float:
    if expected == actual:
        return 0.0
    return TONE_SUBSTITUTION_COST if expected.rstrip(TONES) == actual.rstrip(TONES) else SUBSTITUTION_COST


def _align(reference: Sequence[str], recognized: Sequence[str]) -> list[tuple[int, str]]:
    """Returns (reference index, recognized token); an inserted token gets the index of the reference before it."""
    costs = _edit_costs(reference, recognized)
    row, column = len(reference), len(recognized)
    pairs: list[tuple[int, str]] = []
    while column and reference:
        if row and costs[row][column] == costs[row - 1][column - 1] + _substitution_cost(
            reference[row - 1], recognized[column - 1]
        ):
            row, column = row - 1, column - 1
            pairs.append((row, recognized[column]))
        elif costs[row][column] == costs[row][column - 1] + INSERTION_COST:
            column -= 1
            pairs.append((max(0, row - 1), recognized[column]))
        else:
            row -= 1
    return pairs[::-1]
