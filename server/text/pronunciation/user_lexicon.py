"""The user's lexicon: readings of words that take precedence over all dictionaries and rules."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from server.errors import ConfigurationError
from server.text.characters import HAN
from server.text.normalization.traditional import simplified
from server.text.units.syllables import is_erhua

_FINALS_BY_INITIAL = {
    "": "a ai an ang ao e ei en eng er o ou",
    "b": "a ai an ang ao ei en eng i ian iao ie in ing o u",
    "p": "a ai an ang ao ei en eng i ian iao ie in ing o ou u",
    "m": "a ai an ang ao e ei en eng i ian iao ie in ing iu o ou u",
    "f": "a an ang ei en eng o ou u",
    "d": "a ai an ang ao e ei en eng i ia ian iao ie ing iu ong ou u uan ui un uo",
    "t": "a ai an ang ao e ei eng i ian iao ie ing ong ou u uan ui un uo",
    "n": "a ai an ang ao e ei en eng i ian iang iao ie in ing iu ong ou u uan un uo v ve",
    "l": "a ai an ang ao e ei eng i ia ian iang iao ie in ing iu o ong ou u uan un uo v ve",
    "g": "a ai an ang ao e ei en eng ong ou u ua uai uan uang ui un uo",
    "k": "a ai an ang ao e ei en eng ong ou u ua uai uan uang ui un uo",
    "h": "a ai an ang ao e ei en eng ong ou u ua uai uan uang ui un uo",
    "j": "i ia ian iang iao ie in ing iong iu u uan ue un",
    "q": "i ia ian iang iao ie in ing iong iu u uan ue un",
    "x": "i ia ian iang iao ie in ing iong iu u uan ue un",
    "zh": "a ai an ang ao e ei en eng i ong ou u ua uai uan uang ui un uo",
    "ch": "a ai an ang ao e en eng i ong ou u ua uai uan uang ui un uo",
    "sh": "a ai an ang ao e ei en eng i ou u ua uai uan uang ui un uo",
    "r": "an ang ao e en eng i ong ou u uan ui un uo",
    "z": "a ai an ang ao e ei en eng i ong ou u uan ui un uo",
    "c": "a ai an ang ao e en eng i ong ou u uan ui un uo",
    "s": "a ai an ang ao e en eng i ong ou u uan ui un uo",
    "y": "a an ang ao e i in ing o ong ou u uan ue un",
    "w": "a ai an ang ei en eng o u",
}
SYLLABLES = frozenset(initial + final for initial, finals in _FINALS_BY_INITIAL.items() for final in finals.split())
"""Every Mandarin syllable, without its tone: v is ü, but after j q x y ü is written u."""

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
        longest_first = sorted(readings, key=len, reverse=True)
        return cls(readings, re.compile("|".join(longest_first) or "(?!)"))

    def find(self, run: str) -> Iterator[tuple[int, int]]:
        """Yields the spans of lexicon words in a run of Chinese characters, left to right, longest match first."""
        return (match.span() for match in self._pattern.finditer(run))


EMPTY_LEXICON = UserLexicon.of({})


def _parse_pinyin(word: str, pinyin: str) -> tuple[str, ...]:
    """Returns a syllable for each character of a word. Raises `ValueError` with a message for the user."""
    if not re.fullmatch(f"[{HAN}]+", word):
        raise ValueError(f"lexicon entry {word!r}: only words of Chinese characters can have a reading")
    syllables = [re.sub(r"(?<=[jqxy])v", "u", syllable) for syllable in pinyin.split()]
    for syllable in syllables:
        base = syllable[:-1]
        if (base not in SYLLABLES and not (base[-1:] == "r" and base[:-1] in SYLLABLES)) or syllable[-1] not in "12345":
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
