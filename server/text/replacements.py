"""The user's replacements: words that are spoken as another text, `草地` as `草坪`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from server.errors import RequestError
from server.text.normalization.rewriting import AlignedText

MAX_WORD_CHARACTERS = 50
MAX_REPLACEMENT_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Replacements:
    """Written words and what is spoken in their place; `Replacements.of` creates it."""

    words: Mapping[str, str]
    _pattern: re.Pattern[str]
    """Matches any of the words, the longest first; nothing if there are no words."""

    @classmethod
    def of(cls, words: Mapping[str, str]) -> "Replacements":
        """Creates replacements. Raises `RequestError` for an empty or a too long one."""
        for word, spoken in words.items():
            if not word.strip() or len(word) > MAX_WORD_CHARACTERS or len(spoken) > MAX_REPLACEMENT_CHARACTERS:
                raise RequestError(
                    f"replacement {word[:MAX_WORD_CHARACTERS]!r}: a word has 1 to {MAX_WORD_CHARACTERS} characters, "
                    f"and what is spoken in its place at most {MAX_REPLACEMENT_CHARACTERS}",
                    param="replacements",
                    code="invalid_value",
                )
        longest_first = sorted(map(re.escape, words), key=len, reverse=True)
        return cls(words, re.compile("|".join(longest_first) or "(?!)"))

    def apply(self, text: str) -> AlignedText:
        """Replaces the words, left to right, the longest match first; what was replaced is not replaced again."""
        unchanged = AlignedText.from_pieces((char, (index, index + 1)) for index, char in enumerate(text))
        return unchanged.sub(self._pattern, lambda match: self.words[match.group()])


NO_REPLACEMENTS = Replacements.of({})
