"""Converts traditional characters to the simplified ones that the rules, the segmenter and the dictionaries use.

The conversion is OpenCC's (Apache-2.0) from the characters of Taiwan, with its phrases (乾燥 but 乾隆, 看著 but 著名).
The characters of Hong Kong and of old print are close enough to those of Taiwan.
"""

from functools import lru_cache
from typing import Protocol

_SIMPLIFIED_CHARSET = "gb2312"
"""A character set of simplified Chinese that contains hardly any traditional character."""

_CORRECTIONS = {"甚么": "什么", "土着": "土著"}
"""Words that OpenCC does not convert or converts wrongly."""


class _Converter(Protocol):
    def convert(self, text: str) -> str: ...


def simplified(text: str) -> str:
    """Returns the text with as many characters, simplified if it contains traditional characters."""
    if text.isascii() or not any(map(_is_outside_charset, text)):
        return text
    changed = _convert(text)
    # 乾 and 著 are in the character set and also occur in simplified text, so they do not make a text traditional
    is_traditional = any(_is_outside_charset(old) and old != new for old, new in zip(text, changed, strict=True))
    return changed if is_traditional else text


def is_settled(text: str) -> bool:
    """Returns whether the characters of a text become the same ones, whatever follows it."""
    return text.isascii() or simplified(text) != text or _convert(text) == text


@lru_cache(maxsize=8192)
def _is_outside_charset(char: str) -> bool:
    if not "\u3400" <= char <= "\u9fff":
        return False
    try:
        char.encode(_SIMPLIFIED_CHARSET)
    except UnicodeEncodeError:
        return True
    return False


def _convert(text: str) -> str:
    convert = _converter().convert
    encodable = text.encode("utf-8", "replace").decode()  # without lone surrogates, which OpenCC refuses
    changed = convert(encodable)
    if len(changed) != len(text):
        changed = "".join(new if len(new := convert(char)) == 1 else char for char in encodable)
    for wrong, right in _CORRECTIONS.items():
        changed = changed.replace(wrong, right)
    return "".join(old if "\ud800" <= old <= "\udfff" else new for old, new in zip(text, changed, strict=True))


@lru_cache(maxsize=1)
def _converter() -> _Converter:
    from opencc import OpenCC

    converter: _Converter = OpenCC("tw2s")
    return converter
