"""Safe and unique names of files, from what clients write."""

import re
import unicodedata

MAX_NAME_BYTES = 120
"""Of a name in UTF-8, without its suffix. File systems have 255, and a ZIP is unpacked below some folder."""
MANIFEST = "manifest"
"""The name of the list of all files of a result."""
_FORBIDDEN = re.compile(r'[<>:"/\\|?*]')
"""In Windows, which has all of those that other systems forbid."""
_DEVICES = frozenset(("CON", "PRN", "AUX", "NUL", *map("COM{}".format, range(10)), *map("LPT{}".format, range(10))))
_UNPRINTABLE = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
"""Control and format characters, those that reverse a text included, halves of surrogate pairs, private ones."""


def safe_name(text: str, default: str) -> str:
    """A name for a file on any system, without its suffix: no path, no device. `default` if nothing is left."""
    readable = "".join(char for char in unicodedata.normalize("NFC", text) if _is_printable(char))
    name = _shortened(" ".join(_FORBIDDEN.sub(" ", readable).split()).strip(" ."))
    if name.partition(".")[0].rstrip().upper() in _DEVICES:
        name = f"_{name}"
    return name or default


class FileNames:
    """Gives each file a name of its own, also on systems that do not tell capital letters from small ones."""

    def __init__(self) -> None:
        self._given = {MANIFEST}
        self._last: dict[str, int] = {}

    def unique(self, text: str, default: str) -> str:
        """`safe_name`, with a number if it was given before."""
        wanted = name = safe_name(text, default)
        key = wanted.casefold()
        while name.casefold() in self._given:
            self._last[key] = self._last.get(key, 1) + 1
            ending = f" ({self._last[key]})"
            name = _shortened(wanted, MAX_NAME_BYTES - len(ending)) + ending
        self._given.add(name.casefold())
        return name


def _is_printable(char: str) -> bool:
    return char.isspace() or unicodedata.category(char) not in _UNPRINTABLE


def _shortened(name: str, limit: int = MAX_NAME_BYTES) -> str:
    return name.encode()[:limit].decode(errors="ignore").rstrip(" .")
