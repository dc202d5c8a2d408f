"""Divides Chinese text into words, and tags them: the method, the words and the results of jieba.

Of all ways to divide a text into words of the dictionary, the most probable one is taken, with words independent of
each other. Characters that it leaves alone may be words that the dictionary lacks: see `unknown_words.py`.
"""

import re
from collections.abc import Iterator

from server.text.dictionaries.unknown_word_tags import tag_model
from server.text.dictionaries.unknown_words import word_model
from server.text.dictionaries.word_dictionary import OTHER_TAG, word_dictionary

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002a6df\U0002a700-\U0002ebef\U0002f800-\U0002fa1f"
_TOKENS = re.compile(rf"(?P<run>[{_HAN}a-zA-Z0-9+#&._%\-]+)|\r\n|.", re.DOTALL)
_HAN_ONLY = re.compile(f"[{_HAN}]+")
_LETTERS_OR_DIGITS = re.compile("[a-zA-Z0-9]")


def cut(text: str, *, guess: bool = True) -> list[str]:
    """Returns the words of a text. With `guess`, words that the dictionary lacks are found as well."""
    words: list[str] = []
    for token in _TOKENS.finditer(text):
        if token["run"] is None:
            words.append(token[0])
        else:
            words += (_with_unknown_words if guess else _with_joined_letters)(token[0])
    return words


def cut_for_search(text: str) -> list[str]:
    """Returns the words of a text, and before each the words of two and three characters inside it."""
    known = word_dictionary()
    found: list[str] = []
    for word in cut(text):
        for size in (2, 3):
            if len(word) > size:
                parts = (word[start : start + size] for start in range(len(word) - size + 1))
                found += (part for part in parts if part in known)
        found.append(word)
    return found


def tags(text: str) -> list[str]:
    """Returns the part-of-speech tags of the words of a text, without guessed words."""
    return list(map(_tag, cut(text, guess=False)))


def tagged_words(text: str) -> list[tuple[str, str]]:
    """Returns the words of a text, guessed ones too, with their part-of-speech tags."""
    return [(word, _tag(word)) for word in cut(text)]


def _tag(word: str) -> str:
    """Returns the most frequent tag of a word, a guessed one if it is not in the dictionary."""
    if tag := word_dictionary().tag(word):
        return tag
    if letters := _LETTERS_OR_DIGITS.findall(word):
        return "m" if "".join(letters).isdigit() else "eng"
    return tag_model().tag(word) if _HAN_ONLY.fullmatch(word) else OTHER_TAG


def _with_unknown_words(run: str) -> Iterator[str]:
    alone = ""
    for word in _most_probable_words(run):
        if len(word) == 1:
            alone += word
            continue
        yield from _divide(alone)
        alone = ""
        yield word
    yield from _divide(alone)


def _divide(alone: str) -> Iterator[str]:
    """Divides characters that are no words together; a word that was taken apart stays so."""
    is_known = len(alone) < 2 or alone in word_dictionary()
    yield from alone if is_known else word_model().divide(alone)


def _with_joined_letters(run: str) -> Iterator[str]:
    """Letters and digits that are no words stay together."""
    letters = ""
    for word in _most_probable_words(run):
        if len(word) == 1 and _LETTERS_OR_DIGITS.match(word):
            letters += word
            continue
        if letters:
            yield letters
            letters = ""
        yield word
    if letters:
        yield letters


def _most_probable_words(run: str) -> Iterator[str]:
    """Yields the words of the dictionary. Of two ways that are as probable, the one with the longer word is taken."""
    known = word_dictionary()
    scores = [0.0] * (len(run) + 1)
    ends = [0] * len(run)
    for start in range(len(run) - 1, -1, -1):
        best, end = known.unknown_log_probability + scores[start + 1], start + 1
        is_word = False
        for word_end, log_probability in known.words_at(run, start):
            score = log_probability + scores[word_end]
            if not is_word or score >= best:
                best, end, is_word = score, word_end, True
        scores[start], ends[start] = best, end
    start = 0
    while start < len(run):
        yield run[start : ends[start]]
        start = ends[start]
