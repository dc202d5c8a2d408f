"""Parses client text into a script: SSML, text with inline markup, or plain text."""

from server.errors import RequestError
from server.text.markup.inline import parse_inline_markup
from server.text.markup.script import Script, SpeakingStyle
from server.text.markup.ssml import parse_ssml

_WHITE_SPACE = " \t\r\n"
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
    start = len(text) - len(text.lstrip("\ufeff" + _WHITE_SPACE))
    if _is_ssml(text, start):
        return parse_ssml(text, base, start)
    return parse_inline_markup(text, base) if inline and "[" in text else Script.plain(text, base)


def _is_ssml(text: str, start: int) -> bool:
    """Returns whether a speak element, an XML declaration or a document type begins at `start`, after any comments."""
    while text.startswith("<!--", start):
        end = text.find("-->", start + 4)
        if end < 0:
            return False
        start = end + 3
        while text[start : start + 1] in _WHITE_SPACE and start < len(text):
            start += 1
    if text.startswith(("<?xml", "<!DOCTYPE"), start):
        return True
    return text.startswith("<speak", start) and text[start + 6 : start + 7] in ("", "/", ">", *_WHITE_SPACE)
