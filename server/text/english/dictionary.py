"""The CMU pronouncing dictionary, in the format that `training/english/dictionary.py` writes.

The file holds compressed lines `word phones` in byte order, one character for each phone. Look-up is a binary search
in the decompressed bytes (2 MB); a dict of tuples would take thirty times the memory, and a second to load.
"""

import zlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

_ARPABET = "aa ae ah ao aw ay b ch d dh eh er ey f g hh ih iy jh k l m n ng ow oy p r s sh t th uh uw v w y z zh"
PHONES = tuple(_ARPABET.split())
"""The ARPAbet phones of KAN-TTS voices."""
VOWELS = frozenset(phone for phone in PHONES if phone[0] in "aeiou")
Phones = tuple[str, ...]
"""The phones of a word; the vowel of the primary stress ends in 1: `("hh", "ah", "l", "ow1")`."""

_CODED_PHONES = (*PHONES, *(f"{phone}1" for phone in PHONES if phone in VOWELS))
_FIRST_CODE = ord("0")
_FILE = Path(__file__).with_name("cmudict.zlib")


def pack(words: dict[str, Phones]) -> bytes:
    """Returns the content of the dictionary file."""
    lines = sorted(
        word.encode() + b" " + bytes(_FIRST_CODE + _CODED_PHONES.index(phone) for phone in phones)
        for word, phones in words.items()
    )
    return zlib.compress(b"\n".join(lines), 9)


@lru_cache(maxsize=1)
def _lines() -> bytes:
    return zlib.decompress(_FILE.read_bytes())


def words() -> Iterator[str]:
    """Yields every word, in byte order."""
    for line in _lines().split(b"\n"):
        yield line.partition(b" ")[0].decode()


@lru_cache(maxsize=4096)
def look_up(word: str) -> Phones | None:
    """Returns the phones of a word in small letters, which may contain apostrophes; None if it is not listed."""
    lines, wanted = _lines(), word.encode() + b" "
    low, high = 0, len(lines)
    while low < high:
        start = lines.rfind(b"\n", 0, (low + high) // 2) + 1
        end = lines.find(b"\n", start)
        end = len(lines) if end < 0 else end
        line = lines[start:end]
        if line.startswith(wanted):
            return tuple(_CODED_PHONES[code - _FIRST_CODE] for code in line[len(wanted) :])
        low, high = (end + 1, high) if line < wanted else (low, start)
    return None
