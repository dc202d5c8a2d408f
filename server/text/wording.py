"""Readings and replacements of one text."""

from collections.abc import Mapping
from dataclasses import dataclass

from server.errors import ConfigurationError, RequestError
from server.text.pronunciation.user_lexicon import EMPTY_LEXICON, UserLexicon
from server.text.replacements import NO_REPLACEMENTS, Replacements


@dataclass(frozen=True, slots=True)
class Wording:
    """Readings and replacements for one text; those of the configuration apply besides."""

    lexicon: UserLexicon = EMPTY_LEXICON
    replacements: Replacements = NO_REPLACEMENTS

    @classmethod
    def of(cls, lexicon: Mapping[str, str] | None, replacements: Mapping[str, str] | None = None) -> "Wording":
        """From word -> pinyin and word -> text. Raises `RequestError` naming every invalid entry."""
        try:
            readings = UserLexicon.of(lexicon or {})
        except ConfigurationError as error:
            raise RequestError(str(error), param="lexicon", code="invalid_value") from None
        return cls(readings, Replacements.of(replacements or {}))


DEFAULT_WORDING = Wording()
