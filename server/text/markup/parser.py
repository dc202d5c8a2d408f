"""What a client writes -> Script: the room's front door."""

from server.text.markup.inline import read_marks
from server.text.markup.script import Script, SpeakingStyle
from server.text.markup.ssml import read_ssml

_SPACE = " \t\r\n"
_NO_WISH = SpeakingStyle()


def read(text: str, base: SpeakingStyle = _NO_WISH, *, marks: bool = True) -> Script:
    """Text that begins as XML does is SSML, any other text may have marks in it, unless `marks` is off.

    `base` is the manner of whatever the text asks nothing else for; limits are those of its style and the text's
    together. Raises `RequestError` (`invalid_ssml`, `invalid_mark`) that names line and column.
    """
    start = len(text) - len(text.lstrip("\ufeff" + _SPACE))
    if _is_ssml(text, start):
        return read_ssml(text, base, start)
    return read_marks(text, base) if marks and "[" in text else Script.plain(text, base)


def _is_ssml(text: str, start: int) -> bool:
    """Does a speak element begin here, after comments, or an XML declaration or a document type?"""
    while text.startswith("<!--", start):
        end = text.find("-->", start + 4)
        if end < 0:
            return False
        start = end + 3
        while text[start : start + 1] in _SPACE and start < len(text):
            start += 1
    if text.startswith(("<?xml", "<!DOCTYPE"), start):
        return True
    return text.startswith("<speak", start) and text[start + 6 : start + 7] in ("", "/", ">", *_SPACE)
