"""An English word in small letters -> its phones: ours, the dictionary's, or a guess."""

from server.text.english import names
from server.text.english.dictionary import Phones, look_up
from server.text.english.unknown import guess

_VOICELESS = frozenset(["p", "t", "k", "f", "th"])
_SIBILANTS = frozenset(["s", "z", "sh", "zh", "ch", "jh"])
_ENDINGS: dict[str, Phones] = {
    "ll": ("ah", "l"),
    "re": ("er",),
    "ve": ("ah", "v"),
    "d": ("d",),
    "m": ("m",),
    "t": ("t",),
}
_SHORTEST_PART = 4
"""Letters of a word inside a compound: shorter ones are found everywhere."""
_LONGEST_COMPOUND = 24


def with_s(phones: Phones) -> Phones:
    """The plural or the possessive."""
    last = phones[-1]
    return (*phones, "ah", "z") if last in _SIBILANTS else (*phones, "s" if last in _VOICELESS else "z")


def known(word: str) -> Phones | None:
    """`word` may have apostrophes; one that no dictionary has may still be a form of one that it has."""
    found = names.PHONES.get(word) or look_up(word)
    if found is not None:
        return found
    stem, apostrophe, ending = word.rpartition("'")
    if apostrophe:
        base = known(stem) if ending == "s" or ending in _ENDINGS else None
        return None if base is None else with_s(base) if ending == "s" else (*base, *_ENDINGS[ending])
    if word.endswith("s") and len(word) > 3 and word[-2] not in "su":
        base = names.PHONES.get(word[:-1]) or look_up(word[:-1])
        return None if base is None else with_s(base)
    return None


def read(word: str) -> Phones:
    """Never fails; a compound is read by its parts."""
    return known(word) or _compound(word) or guess(word)


def _compound(word: str) -> Phones | None:
    if len(word) > _LONGEST_COMPOUND:
        return None
    for place in range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1):
        first, second = known(word[:place]), known(word[place:])
        if first and second:
            return (*first, *unstressed(second))
    return None


def unstressed(phones: Phones) -> Phones:
    """Without its primary stress, as the second half of a compound."""
    return tuple(phone.rstrip("1") for phone in phones)


def is_readable(word: str) -> bool:
    """Could it be spoken as a word at all, with vowels among its consonants?"""
    run = 0
    for letter in word:
        run = 0 if letter in "aeiouy" else run + 1
        if run > 4:
            return False
    return not {*"aeiouy"}.isdisjoint(word)
