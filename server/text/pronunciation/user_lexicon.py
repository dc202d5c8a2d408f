"""The user's own words: how names and jargon are read, whatever the dictionaries think."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from server.errors import ConfigurationError
from server.text.characters import HAN
from server.text.normalization.traditional import simplified
from server.text.units.syllables import is_erhua

_RIMES = {
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
SYLLABLES = frozenset(initial + rime for initial, rimes in _RIMES.items() for rime in rimes.split())
"""Every syllable of Mandarin without its tone: v is ü, u is written after j q x y."""

_EXAMPLE = (
    "write a syllable for each character, each with its tone digit (5 is neutral; v is ü), as in 女红: nv3 gong1; "
    "儿 may share one, as in 味儿: weir4"
)


@dataclass(frozen=True, slots=True)
class UserLexicon:
    """Words by their syllables; `UserLexicon.of` makes them."""

    readings: Mapping[str, tuple[str, ...]]
    """One for each character; "" for 儿 that is spoken with the one before it."""
    _pattern: re.Pattern[str]
    """Any of the words, the longest first; never matches where there are none."""

    @classmethod
    def of(cls, lexicon: Mapping[str, str], place: Callable[[str], str] | None = None) -> "UserLexicon":
        """Word -> pinyin with tone digits: {"重阳镇": "chong2 yang2 zhen4"}.

        `place` says where a word was written. Raises `ConfigurationError` that names every entry that cannot be used.
        """
        readings: dict[str, tuple[str, ...]] = {}
        mistakes: list[str] = []
        for word, pinyin in lexicon.items():
            try:
                readings[simplified(word)] = _check(word, pinyin)
            except ValueError as error:
                mistakes.append(f"{place(word)}: {error}" if place else str(error))
        if mistakes:
            raise ConfigurationError("\n".join(mistakes))
        longest_first = sorted(readings, key=len, reverse=True)
        return cls(readings, re.compile("|".join(longest_first) or "(?!)"))

    def find(self, run: str) -> Iterator[tuple[int, int]]:
        """The places of words in a run of Chinese characters, from left to right, the longest word at each."""
        return (match.span() for match in self._pattern.finditer(run))


NONE = UserLexicon.of({})


def _check(word: str, pinyin: str) -> tuple[str, ...]:
    """The syllables of a word by its characters. Raises `ValueError`, in words."""
    if not re.fullmatch(f"[{HAN}]+", word):
        raise ValueError(f"lexicon entry {word!r}: only words of Chinese characters can be given a reading")
    syllables = [re.sub(r"(?<=[jqxy])v", "u", syllable) for syllable in pinyin.split()]
    for syllable in syllables:
        base = syllable[:-1]
        if (base not in SYLLABLES and not (base[-1:] == "r" and base[:-1] in SYLLABLES)) or syllable[-1] not in "12345":
            raise ValueError(
                f"lexicon entry {word!r}: {syllable!r} in {pinyin!r} is no Mandarin syllable with a tone; {_EXAMPLE}"
            )
    shared = len(word) - len(syllables)
    for place, char in enumerate(word):
        if shared > 0 and char == "儿" and 0 < place <= len(syllables) and is_erhua(syllables[place - 1][:-1]):
            syllables.insert(place, "")
            shared -= 1
    if shared:
        raise ValueError(
            f"lexicon entry {word!r}: {pinyin!r} has {len(pinyin.split())} syllables for {len(word)} characters; "
            f"{_EXAMPLE}"
        )
    return tuple(syllables)
