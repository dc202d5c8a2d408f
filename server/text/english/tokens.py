"""Converts a run of Latin letters to English words, or to letters that are spelled out.

A token is a maximal run of letters, including an apostrophe between two letters. Its capitals determine how it is
read: `camelCase` and `PascalCase` are split, and a part in capitals is spelled out unless it is a word in capitals.
The rules are listed in docs/text.md, "English".
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby

from server.text.english import names
from server.text.english import word_pronunciation as pronunciation
from server.text.english.dictionary import Phones, look_up
from server.text.english.letter_names import ENGLISH_LETTER_NAMES
from server.text.english.syllables import syllabify
from server.text.words import Syllable, Word

TOKEN_PATTERN = r"[A-Za-z]+(?:'[A-Za-z]+)*"  # noqa: S105 - a regular expression
_MAX_LETTERS_PER_WORD = 4
"""Longer spellings are divided into several prosodic words."""
_MAX_INITIALISM_LETTERS = 3
"""An unlisted token in capitals of up to this length is spelled out."""
_MIN_CAPITALIZED_WORD_LETTERS = 5
"""An unknown token in capitals of at least this length is read as a word."""
_MAX_DICTIONARY_SPELLING_LETTERS = 6
_INDEFINITE_ARTICLE: Phones = ("ah",)
_CASE_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def pronounce_token(sentence: str, start: int, end: int) -> list[Word]:
    """Returns the words of the token at `sentence[start:end]`; all but the last have a word boundary after them."""
    token = sentence[start:end]
    if token == "a" and re.match(" [a-z]", sentence[end : end + 2]):  # noqa: S105 - not a password
        return [Word(syllabify(token, _INDEFINITE_ARTICLE, start), is_latin=True)]
    words = list(_pronounce(token, start))
    return [*(replace(word, break_level=1) for word in words[:-1]), *words[-1:]]


def _pronounce(token: str, start: int) -> Iterator[Word]:
    lower = token.lower()
    stem, suffix = _split_suffix(token)
    if lower in names.CHINESE_NAMES:
        yield _mandarin_word(token, names.CHINESE_NAMES[lower], start)
    elif lower in names.COMPOUND_NAMES:
        yield from _pronounce_parts(_listed_parts(token, names.COMPOUND_NAMES[lower]), start)
    elif lower in names.INITIALISMS:
        yield from _spell(token, start)
    elif suffix and (
        (stem.isupper() and _is_spelled(stem)) or stem.lower() in names.INITIALISMS | names.COMPOUND_NAMES.keys()
    ):
        *others, last = _pronounce(stem, start)
        yield from others
        yield _add_s(last, suffix)
    elif _is_single_word(token, lower):
        yield _english_word(token, start)
    elif "'" in token:
        for part in re.finditer("[A-Za-z]+", token):
            yield from _pronounce(part.group(), start + part.start())
    else:
        yield from _pronounce_parts([(part, _is_spelled(part)) for part in _CASE_PART.findall(token)], start)


def _split_suffix(token: str) -> tuple[str, str]:
    """Splits off a plural or possessive suffix: APIs, API's, iPads."""
    for suffix in ("'s", "'S", "s"):
        if len(token) > len(suffix) + 1 and token.endswith(suffix):
            return token.removesuffix(suffix), suffix
    return token, ""


def _is_single_word(token: str, lower: str) -> bool:
    """Returns whether a token is one word in spite of its capitals: iPhone, McDonald, don't."""
    if lower in names.PRONUNCIATIONS:
        return True
    if token.isupper() and "'" not in token:
        return lower in names.SHORT_WORDS or not _is_spelled(token)
    return not _is_spelled(token) and pronunciation.look_up_inflected(lower) is not None


def _listed_parts(token: str, parts: tuple[str, ...]) -> Iterator[tuple[str, bool]]:
    """Yields (part as written, whether it is spelled out) for the parts of a listed name."""
    for part in parts:
        yield token[: len(part)], part.isupper() or len(part) == 1
        token = token[len(part) :]


def _pronounce_parts(parts: Iterable[tuple[str, bool]], start: int) -> Iterator[Word]:
    """Yields the words of (part, whether it is spelled out); adjacent spelled parts are joined: d + B, i + OS."""
    for spelled, run in groupby(parts, lambda part: part[1]):
        texts = [text for text, _ in run]
        if spelled:
            yield from _spell("".join(texts), start)
            start += sum(map(len, texts))
            continue
        for text in texts:
            yield _english_word(text, start)
            start += len(text)


def _is_spelled(part: str) -> bool:
    """Returns whether a part is spelled out; all its letters are capitals, or none but the first."""
    lower = part.lower()
    if lower in names.PRONUNCIATIONS or (lower in names.SHORT_WORDS and len(part) > 1):
        return False
    if len(part) == 1 or lower in names.INITIALISMS or _is_spelled_in_dictionary(lower):
        return True
    known = pronunciation.look_up_inflected(lower)
    if part.isupper():
        if len(part) <= _MAX_INITIALISM_LETTERS:
            return True
        return not (known or (len(part) >= _MIN_CAPITALIZED_WORD_LETTERS and pronunciation.is_pronounceable(lower)))
    if "'" in part or not part[1:].islower():
        return False
    return not known and (len(part) == 2 or {*"aeiouy"}.isdisjoint(lower))


def _is_spelled_in_dictionary(lower: str) -> bool:
    """Returns whether the dictionary's pronunciation is that of the letter names."""
    phones = look_up(lower)
    if phones is None or len(lower) > _MAX_DICTIONARY_SPELLING_LETTERS or not lower.isalpha():
        return False
    spelling = [phone.rstrip("1") for letter in lower for phone in ENGLISH_LETTER_NAMES[letter]]
    return spelling == [phone.rstrip("1") for phone in phones]


def _english_word(text: str, start: int) -> Word:
    return Word(syllabify(text, pronunciation.pronounce(text.lower()), start), is_latin=True)


def _spell(letters: str, start: int) -> Iterator[Word]:
    """Yields words of up to four letters each, as equal in length as possible."""
    count = -(-len(letters) // _MAX_LETTERS_PER_WORD)
    for number in range(count):
        first, last = len(letters) * number // count, len(letters) * (number + 1) // count
        syllables = [
            syllable
            for index in range(first, last)
            for syllable in syllabify(letters[index], ENGLISH_LETTER_NAMES[letters[index].lower()], start + index)
        ]
        yield Word(tuple(syllables), is_latin=True)


def _add_s(word: Word, suffix: str) -> Word:
    """Returns the word with `s` or `'s` appended."""
    *others, last = word.syllables
    phones = pronunciation.add_s(last.phones)
    end = last.end + len(suffix)
    if len(phones) == len(last.phones) + 1:
        return replace(word, syllables=(*others, replace(last, text=last.text + suffix, end=end, phones=phones)))
    return replace(word, syllables=(*word.syllables, Syllable(suffix, "", last.end, end, phones=phones[-2:])))


def _mandarin_word(token: str, syllables: tuple[str, ...], start: int) -> Word:
    result = []
    for pinyin in syllables:
        size = len(pinyin) - 1
        result.append(Syllable(token[:size], pinyin, start, start + size))
        token, start = token[size:], start + size
    return Word(tuple(result))
