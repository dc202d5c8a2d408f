"""Traditional characters -> the simplified ones that the rules, the segmenter and the dictionaries know.

The conversion is that of OpenCC (Apache-2.0) with its phrases (乾燥 but 乾隆, 看著 but 著名), from the characters of
Taiwan, which those of Hong Kong and of old print come near enough.
"""

from functools import lru_cache
from typing import Protocol

_PLAIN = "gb2312"
"""The character set of simplified Chinese, which has hardly any traditional character."""

_OURS = {"甚么": "什么", "土着": "土著"}
"""What the conversion leaves or gets wrong."""


class _Converter(Protocol):
    def convert(self, text: str) -> str: ...


def simplified(text: str) -> str:
    """The same text, character for character, if any of it is traditional."""
    if text.isascii() or not any(map(_is_rare, text)):
        return text
    changed = _convert(text)
    # 乾 or 著 alone is no sign of traditional text
    return changed if any(_is_rare(old) and old != new for old, new in zip(text, changed, strict=True)) else text


@lru_cache(maxsize=8192)
def _is_rare(char: str) -> bool:
    if not "\u3400" <= char <= "\u9fff":
        return False
    try:
        char.encode(_PLAIN)
    except UnicodeEncodeError:
        return True
    return False


def _convert(text: str) -> str:
    convert = _converter().convert
    sound = text.encode("utf-8", "replace").decode()  # without lone surrogates, which OpenCC refuses
    changed = convert(sound)
    if len(changed) != len(text):
        changed = "".join(new if len(new := convert(char)) == 1 else char for char in sound)
    for theirs, ours in _OURS.items():
        changed = changed.replace(theirs, ours)
    return "".join(old if "\ud800" <= old <= "\udfff" else new for old, new in zip(text, changed, strict=True))


@lru_cache(maxsize=1)
def _converter() -> _Converter:
    from opencc import OpenCC

    converter: _Converter = OpenCC("tw2s")
    return converter
