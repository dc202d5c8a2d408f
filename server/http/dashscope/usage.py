"""The usage that a task reports, in characters as the cloud counts them: a Han character is two, any other is one."""

import re
from collections.abc import Callable

from server.text.markup.parser import SsmlDetector, check_length

_SECOND_HALF = re.compile(r"[\udc00-\udfff]")
"""Of a surrogate pair."""
_TAG = re.compile(r"<!--.*?-->|<[^>]*>", re.DOTALL)
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


class Usage:
    """Counts the text of a task, which may be cut inside a surrogate pair."""

    def __init__(self, max_characters: int | None = None, charge: Callable[[int], None] | None = None) -> None:
        self._max_characters = max_characters
        self._charge = charge
        self._length = 0
        self._pieces: list[str] = []

    def add(self, piece: str) -> None:
        """Adds text as the client sent it. Raises `RequestError` for a text that is too long, its markup included.

        Raises what `charge` raises for its number of characters.
        """
        if piece:
            length = len(_SECOND_HALF.sub("", piece))
            self._length += length
            check_length(self._length, self._max_characters)
            if self._charge:
                self._charge(length)
            self._pieces.append(piece)

    @property
    def characters(self) -> int:
        """Of the text so far; the tags of SSML do not count."""
        text = "".join(self._pieces).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        detector = SsmlDetector()
        is_ssml = detector.feed(text) or detector.is_ssml_if_complete
        return count_characters(_TAG.sub("", text) if is_ssml else text)


def count_characters(text: str) -> int:
    """The characters of a text without tags."""
    return len(text) + len(_HAN.findall(text))
