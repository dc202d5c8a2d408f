"""Latin letters in a Chinese sentence -> English words, or letters that are spelled.

A token is everything between two characters that are no letters, an apostrophe inside it included. Its capitals tell
what it is: `camelCase` and `PascalCase` fall into their parts, and a part in capitals is spelled unless it is a word
that is shouted. Docs: docs/text.md, "English".
"""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby

from server.text.english import names, words
from server.text.english.dictionary import Phones, look_up
from server.text.english.syllables import cut
from server.text.words import Syllable, Word

TOKEN = r"[A-Za-z]+(?:'[A-Za-z]+)*"
LETTERS: dict[str, Phones] = {
    letter: tuple(phones.split())
    for letter, phones in {
        "a": "ey1", "b": "b iy1", "c": "s iy1", "d": "d iy1", "e": "iy1", "f": "eh1 f", "g": "jh iy1", "h": "ey1 ch",
        "i": "ay1", "j": "jh ey1", "k": "k ey1", "l": "eh1 l", "m": "eh1 m", "n": "eh1 n", "o": "ow1", "p": "p iy1",
        "q": "k y uw1", "r": "aa1 r", "s": "eh1 s", "t": "t iy1", "u": "y uw1", "v": "v iy1", "w": "d ah1 b ah l y uw",
        "x": "eh1 k s", "y": "w ay1", "z": "z iy1",
    }.items()
}  # fmt: skip
"""The English names of the letters."""
LONGEST_SPELLING = 4
"""Letters that are spelled in one breath."""
_ARTICLE: Phones = ("ah",)
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SHORT = 3
_SHOUTED = 5
"""Capitals of an unknown word that are read and not spelled."""


def read(sentence: str, start: int, end: int) -> list[Word]:
    """The words of the token that stands there; each but the last has its break."""
    token = sentence[start:end]
    if token == "a" and re.match(" [a-z]", sentence[end : end + 2]):
        return [Word(cut(token, _ARTICLE, start), latin=True)]
    found = list(_token(token, start))
    return [Word(word.syllables, pause=1, latin=word.latin) for word in found[:-1]] + found[-1:]


def _token(token: str, place: int) -> Iterator[Word]:
    lower = token.lower()
    stem, ending = _stem(token)
    if lower in names.PINYIN:
        yield _mandarin(token, names.PINYIN[lower], place)
    elif lower in names.PARTED:
        yield from _parts(_listed(token, names.PARTED[lower]), place)
    elif lower in names.SPELLED:
        yield from _spell(token, place)
    elif ending and ((stem.isupper() and _is_spelled(stem)) or stem.lower() in names.SPELLED | names.PARTED.keys()):
        *before, last = _token(stem, place)
        yield from before
        yield _with_s(last, ending)
    elif _is_one(token, lower):
        yield _word(token, place)
    elif "'" in token:
        for piece in re.finditer("[A-Za-z]+", token):
            yield from _token(piece.group(), place + piece.start())
    else:
        yield from _parts([(part, _is_spelled(part)) for part in _PART.findall(token)], place)


def _stem(token: str) -> tuple[str, str]:
    """APIs, API's, iPads -> what has the plural or the possessive, and its letters."""
    for ending in ("'s", "'S", "s"):
        if len(token) > len(ending) + 1 and token.endswith(ending):
            return token.removesuffix(ending), ending
    return token, ""


def _is_one(token: str, lower: str) -> bool:
    """A whole word, whatever its capitals: iPhone, McDonald, don't."""
    if lower in names.PHONES:
        return True
    if token.isupper() and "'" not in token:
        return lower in names.SPOKEN or not _is_spelled(token)
    return not _is_spelled(token) and words.known(lower) is not None


def _listed(token: str, parts: tuple[str, ...]) -> Iterator[tuple[str, bool]]:
    """A name's parts as they are written; the list says which ones are spelled."""
    for part in parts:
        yield token[: len(part)], part.isupper() or len(part) == 1
        token = token[len(part) :]


def _parts(parts: Iterable[tuple[str, bool]], place: int) -> Iterator[Word]:
    """What each is read as, and whether it is spelled; neighbours that are spelled are one spelling: d + B, i + OS."""
    for spelled, run in groupby(parts, lambda part: part[1]):
        texts = [text for text, _ in run]
        if spelled:
            yield from _spell("".join(texts), place)
            place += sum(map(len, texts))
            continue
        for text in texts:
            yield _word(text, place)
            place += len(text)


def _is_spelled(part: str) -> bool:
    """One part, all capitals or none but the first."""
    lower = part.lower()
    if lower in names.PHONES or (lower in names.SPOKEN and len(part) > 1):
        return False
    if len(part) == 1 or lower in names.SPELLED or _is_spelled_in_dictionary(lower):
        return True
    if part.isupper():
        if len(part) <= _SHORT:
            return True
        return not (words.known(lower) or (len(part) >= _SHOUTED and words.is_readable(lower)))
    if "'" in part or not part[1:].islower():
        return False
    return not words.known(lower) and (len(part) == 2 or {*"aeiouy"}.isdisjoint(lower))


def _is_spelled_in_dictionary(lower: str) -> bool:
    phones = look_up(lower)
    if phones is None or len(lower) > 6 or not lower.isalpha():
        return False
    spelling = [phone.rstrip("1") for letter in lower for phone in LETTERS[letter]]
    return spelling == [phone.rstrip("1") for phone in phones]


def _word(text: str, place: int) -> Word:
    return Word(cut(text, words.read(text.lower()), place), latin=True)


def _spell(letters: str, place: int) -> Iterator[Word]:
    """Up to four letters a word, as even as can be."""
    count = -(-len(letters) // LONGEST_SPELLING)
    for part in range(count):
        first, last = len(letters) * part // count, len(letters) * (part + 1) // count
        syllables = [
            Syllable(syllable.text, "", place + at, place + at + 1, phones=syllable.phones, stressed=syllable.stressed)
            for at in range(first, last)
            for syllable in cut(letters[at], LETTERS[letters[at].lower()], place + at)
        ]
        yield Word(tuple(syllables), latin=True)


def _with_s(word: Word, ending: str) -> Word:
    """The word with `s` or `'s` after it."""
    *before, last = word.syllables
    ended = words.with_s(last.phones)
    if len(ended) == len(last.phones) + 1:
        grown = Syllable(
            last.text + ending, "", last.start, last.end + len(ending), phones=ended, stressed=last.stressed
        )
        return Word((*before, grown), latin=True)
    extra = Syllable(ending, "", last.end, last.end + len(ending), phones=ended[-2:])
    return Word((*word.syllables, extra), latin=True)


def _mandarin(token: str, syllables: tuple[str, ...], place: int) -> Word:
    found = []
    for pinyin in syllables:
        size = len(pinyin) - 1
        found.append(Syllable(token[:size], pinyin, place, place + size))
        token, place = token[size:], place + size
    return Word(tuple(found))
