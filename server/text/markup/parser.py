"""Parses client text into a script: SSML, text with inline markup, or plain text."""

import re

from server.errors import RequestError
from server.text.markup.inline import parse_inline_markup
from server.text.markup.script import Script, SpeakingStyle
from server.text.markup.ssml import parse_ssml

_SPACE = " \t\r\n"
_LEADING_CHARACTERS = "\ufeff" + _SPACE
_COMMENT_START, _COMMENT_END = "<!--", "-->"
_SSML_START = re.compile(rf"<\?xml|<!DOCTYPE|<speak(?=[/>{_SPACE}]|\Z)")
"""An XML declaration, a document type or a speak element."""
_BEGINNINGS = (_COMMENT_START, "<?xml", "<!DOCTYPE", "<speak")
_REQUEST_STYLE = SpeakingStyle()


def parse_markup(
    text: str, base: SpeakingStyle = _REQUEST_STYLE, *, inline: bool = True, max_characters: int | None = None
) -> Script:
    """Parses a document that begins with `<speak>` as SSML, other text with inline markup unless `inline` is off.

    `base` is the style that the markup modifies; the limits of `Style` apply to both combined. Raises `RequestError`:
    `input_too_long` for a text of more than `max_characters`, markup included; `invalid_ssml` and `invalid_mark` with
    line and column.
    """
    check_length(len(text), max_characters)
    detector = SsmlDetector()
    if detector.feed(text) or detector.is_ssml_if_complete:
        return parse_ssml(text, base, document_start(text))
    return parse_inline_markup(text, base) if inline and "[" in text else Script.plain(text, base)


def document_start(text: str, start: int = 0) -> int:
    """Returns where a document begins in `text[start:]`: after white space."""
    return len(text) - len(text[start:].lstrip(_LEADING_CHARACTERS))


def check_length(characters: int, limit: int | None) -> None:
    """Raises `RequestError` if a text has more characters than the limit; None: there is no limit."""
    if limit is not None and characters > limit:
        message = f"input has {characters} characters, the limit is {limit}; split the text"
        raise RequestError(message, param="input", code="input_too_long")


class SsmlDetector:
    """Decides whether a text, which may arrive in pieces, is SSML: comments may come before the document."""

    def __init__(self) -> None:
        self.text = ""
        """All pieces together."""
        self._root = 0
        """Where the document begins, as far as is known: after white space and complete comments."""
        self._skipped = _LEADING_CHARACTERS

    def feed(self, piece: str) -> bool | None:
        """Returns whether the text is SSML; None while that depends on what follows."""
        scanned = max(len(self.text) - len(_COMMENT_END) + 1, 0)
        self.text += piece
        self._skip_space()
        while self.text.startswith(_COMMENT_START, self._root):
            comment_end = self.text.find(_COMMENT_END, max(self._root + len(_COMMENT_START), scanned))
            if comment_end < 0:
                return None
            self._root, self._skipped = comment_end + len(_COMMENT_END), _SPACE
            self._skip_space()
        if match := _SSML_START.match(self.text, self._root):
            return True if match.end() < len(self.text) or match[0] != "<speak" else None
        rest = self.text[self._root :]
        return None if any(beginning.startswith(rest) for beginning in _BEGINNINGS) else False

    @property
    def is_ssml_if_complete(self) -> bool:
        """Whether the text is SSML if nothing follows."""
        return _SSML_START.match(self.text, self._root) is not None

    def _skip_space(self) -> None:
        while self._root < len(self.text) and self.text[self._root] in self._skipped:
            self._root += 1
