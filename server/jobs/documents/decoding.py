"""Uploaded bytes -> text: Unicode with or without a byte order mark, and GB 18030."""

import codecs
import unicodedata

from server.errors import RequestError
from server.text.characters import control_characters

_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_REPLACED = "\ufffd"


def decode(data: bytes) -> str:
    """The text of a file. Without a byte order mark it is UTF-8; or GB 18030, where most of it cannot be UTF-8.

    Raises `RequestError` with the line of what is not valid.
    """
    for mark, encoding in _MARKS.items():
        if data.startswith(mark):
            return _decoded(data[len(mark) :], encoding)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        if _is_other_encoding(data):
            return _decoded(data, "gb18030")
        return _decoded(data, "utf-8")


def require_text(text: str, param: str = "input") -> None:
    """Raises `RequestError` for control characters, with the first line that has one."""
    if not control_characters(text):
        return
    for number, line in enumerate(text.splitlines(), 1):
        if found := control_characters(line):
            message = f"line {number} has control characters ({found}); remove them"
            raise RequestError(message, param=param, code="invalid_input")


def _is_other_encoding(data: bytes) -> bool:
    """Whether the bytes beyond ASCII are mostly no UTF-8: a damaged file has few such places, another encoding many."""
    text = data.decode("utf-8", "replace")
    wrong = text.count(_REPLACED)
    right = sum(char > "\x7f" for char in text) - wrong
    return wrong > right


def _decoded(data: bytes, encoding: str) -> str:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].decode(encoding, "replace").count("\n") + 1
        found = " ".join(f"{byte:02X}" for byte in data[error.start : error.end][:4])
        raise _not_text(f"line {line} has the bytes {found}, which are not {_NAMES[encoding]}") from None
    if encoding == "gb18030" and any(unicodedata.category(char) in ("Co", "Cn") for char in text):
        raise _not_text("it is neither UTF-8 nor GB 18030")
    return text


_NAMES = {
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "gb18030": "GB 18030, nor UTF-8",
}


def _not_text(reason: str) -> RequestError:
    return RequestError(f"the file is not text: {reason}; save it as UTF-8", param="input", code="invalid_encoding")
