"""Parses client text into a script: SSML, text with inline markup, or plain text."""

import re

from server.errors import RequestError
from server.text.markup.inline import parse_inline_markup
from server.text.markup.script import Script, SpeakingStyle
from server.text.markup.ssml import parse_ssml

_LEADING_CHARACTERS = "\ufeff \t\r\n"
_SSML_START = re.compile(r"(?>(?:<!--.*?-->[ \t\r\n]*)*)(?:<\?xml|<!DOCTYPE|<speak(?=[/> \t\r\n]|\Z))", re.DOTALL)
"""A speak element, an XML declaration or a document type, after any comments; a comment ends at its first `-->`."""
_REQUEST_STYLE = SpeakingStyle()


def parse_markup(
    text: str, base: SpeakingStyle = _REQUEST_STYLE, *, inline: bool = True, max_characters: int | None = None
) -> Script:
    """Parses a document that begins with `<speak>` as SSML, other text with inline markup unless `inline` is off.

    `base` is the style that the markup modifies; the limits of `Style` apply to both combined. Raises `RequestError`:
    `input_too_long` for a text of more than `max_characters`, markup included; `invalid_ssml` and `invalid_mark` with
    line and column.
    """
    if max_characters is not None and len(text) > max_characters:
        message = f"input has {len(text)} characters, the limit is {max_characters}; split the text"
        raise RequestError(message, param="input", code="input_too_long")
    start = len(text) - len(text.lstrip(_LEADING_CHARACTERS))
    if _SSML_START.match(text, start):
        return parse_ssml(text, base, start)
    return parse_inline_markup(text, base) if inline and "[" in text else Script.plain(text, base)
