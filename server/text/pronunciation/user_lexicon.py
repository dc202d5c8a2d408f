"""The user's lexicon: readings of words that take precedence over all dictionaries and rules."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from server.errors import ConfigurationError
from server.text.characters import HAN
from server.text.normalization.traditional import simplified
from server.text.units.syllables import is_erhua, is_syllable

_EXAMPLE = (
    "write a syllable for each character, each with its tone digit (5 is neutral; v is ü), as in 女红: nv3 gong1; "
    "儿 may be part of the syllable before it, as in 味儿: weir4"
)


@dataclass(frozen=True, slots=True)
class UserLexicon:
    """Words and their syllables; `UserLexicon.of` creates it."""

    readings: Mapping[str, tuple[str, ...]]
    """Word -> a syllable for each character; "" for 儿 that is erhua of the syllable before it."""
    _pattern: re.Pattern[str]
    """Matches any of the words, the longest first; nothing if there are no words."""

    @classmethod
    def of(cls, lexicon: Mapping[str, str], place: Callable[[str], str] | None = None) -> "UserLexicon":
        """Creates a lexicon from words and pinyin with tone digits: {"重阳镇": "chong2 yang2 zhen4"}.

        `place` returns where a word was written. Raises `ConfigurationError` naming every invalid entry.
        """
        readings: dict[str, tuple[str, ...]] = {}
        errors: list[str] = []
        for word, pinyin in lexicon.items():
            try:
                readings[simplified(word)] = _parse_pinyin(word, pinyin)
            except ValueError as error:
                errors.append(f"{place(word)}: {error}" if place else str(error))
        if errors:
            raise ConfigurationError("\n".join(errors))
        return _lexicon(readings)

    def extended(self, other: "UserLexicon") -> "UserLexicon":
        """Returns a lexicon with the words of both; those of `other` take precedence."""
        return _lexicon({**self.readings, **other.readings}) if other.readings else self

    def find(self, run: str) -> Iterator[tuple[int, int]]:
        """Yields the spans of lexicon words in a run of Chinese characters, left to right, longest match first."""
        return (match.span() for match in self._pattern.finditer(run))


def _lexicon(readings: Mapping[str, tuple[str, ...]]) -> UserLexicon:
    longest_first = sorted(readings, key=len, reverse=True)
    return UserLexicon(readings, re.compile("|".join(longest_first) or "(?!)"))


EMPTY_LEXICON = UserLexicon.of({})


def _parse_pinyin(word: str, pinyin: str) -> tuple[str, ...]:
    """Returns a syllable for each character of a word. Raises `ValueError` with a message for the user."""
    if not re.fullmatch(f"[{HAN}]+", word):
        raise ValueError(f"lexicon entry {word!r}: only words of Chinese characters can have a reading")
    syllables = [re.sub(r"(?<=[jqxy])v", "u", syllable) for syllable in pinyin.split()]
    for syllable in syllables:
        if not is_syllable(syllable[:-1]) or syllable[-1] not in "12345":
            raise ValueError(
                f"lexicon entry {word!r}: {syllable!r} in {pinyin!r} is not a Mandarin syllable with a tone; {_EXAMPLE}"
            )
    missing = len(word) - len(syllables)
    for index, char in enumerate(word):
        if missing > 0 and char == "儿" and 0 < index <= len(syllables) and is_erhua(syllables[index - 1][:-1]):
            syllables.insert(index, "")
            missing -= 1
    if missing:
        raise ValueError(
            f"lexicon entry {word!r}: {pinyin!r} has {len(pinyin.split())} syllables for {len(word)} characters; "
            f"{_EXAMPLE}"
        )
    return tuple(syllables)
