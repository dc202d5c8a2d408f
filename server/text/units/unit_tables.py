"""Converts KAN-TTS symbols to rows of a voice's embedding tables, and back.

A symbol line is `{b_c$tone3$s_begin$word_begin$emotion_neutral$F7} {ei_c$...} ...`, or `{229$emotion_neutral$F7} ...`
for a voice that reads bytes. A value that the voice was not trained on raises an error that names it: dropping a unit
would misalign the features, and the speech after it would be noise.
"""

import difflib
import re

import numpy as np

from server.errors import RequestError
from server.text.english import dictionary
from server.types import Units
from server.voices.manifest import Manifest

PHONE_FIELDS = ("phone", "tone", "syllable flag", "word flag", "emotion", "speaker")
BYTE_FIELDS = ("byte", "emotion", "speaker")
SAFE_ID = re.compile(r"\w[\w.+-]*")
MAX_ID_BYTES = 200
"""Most file systems allow 255 bytes for a file name, and the id gets a suffix."""
_MAX_QUOTED_CHARS = 60
_MAX_LISTED_NAMES = 12


class UnitTables:
    """The embedding tables of one voice by name: the names of the manifest in order, then the special symbols."""

    def __init__(self, manifest: Manifest) -> None:
        units = manifest.units
        self.voice = manifest.name
        self.language = manifest.language
        self.reads_bytes = units.kind == "bytes"
        self.max_units = units.longest
        self.phones = frozenset(units.phones)
        self.untrained = frozenset(manifest.untrained)
        self.speaks_english = "english" not in manifest.untrained and self.phones.issuperset(dictionary.PHONES)
        self._fields = BYTE_FIELDS if self.reads_bytes else PHONE_FIELDS
        self._specials = frozenset(units.specials)
        phone_features = [units.phones, units.tones, units.syllable_flags, units.word_flags]
        features = [tuple(map(str, range(256)))] if self.reads_bytes else phone_features
        self._names = [[*names, *units.specials] for names in (*features, manifest.emotions, manifest.speakers)]
        self._rows = [{name: row for row, name in enumerate(names)} for names in self._names]

    def encode(self, symbols: str) -> Units:
        """Converts a symbol line, without its id, to rows.

        Raises `RequestError` naming the first unit that the voice cannot speak.
        """
        tokens = symbols.split()
        if not tokens:
            raise _symbols_error("there are no symbols to speak; write one {...} for each unit", "no_symbols")
        if len(tokens) > self.max_units:
            raise _symbols_error(
                f"{len(tokens)} units are too many: voice {self.voice!r} reads at most {self.max_units} at a time; "
                "split the line into shorter sentences",
                "too_long",
            )
        rows = np.array([self._encode_unit(number, token) for number, token in enumerate(tokens, 1)], dtype=np.int64)
        features, emotions, speakers = np.split(rows, [-2, -1], axis=1)
        return Units(features=features, emotions=emotions[:, 0], speakers=speakers[:, 0])

    def decode(self, units: Units) -> str:
        """Converts rows to their symbol line, the inverse of `encode`."""
        rows = np.column_stack([units.features, units.emotions, units.speakers])
        named = (zip(self._names, row, strict=True) for row in rows)
        return " ".join("{" + "$".join(names[index] for names, index in pairs) + "}" for pairs in named)

    def _encode_unit(self, number: int, token: str) -> list[int]:
        if len(token) < 2 or token[0] != "{" or token[-1] != "}":
            raise _symbols_error(f"unit {number}, {_quote(token)}, is not of the form {self._form()}")
        values = token[1:-1].split("$")
        if len(values) != len(self._fields):
            raise _symbols_error(
                f"unit {number}, {_quote(token)}, has {len(values)} fields, voice {self.voice!r} reads "
                f"{len(self._fields)}: {self._form()}"
            )
        row = []
        for field, table, value in zip(self._fields, self._rows, values, strict=True):
            if value not in table:
                valid = self._candidates(value, table)
                raise _symbols_error(f"unit {number}, {_quote(token)}: unknown {field} {_quote(value)}; {valid}")
            row.append(table[value])
        return row

    def _form(self) -> str:
        return "{" + "$".join(self._fields) + "}"

    def _candidates(self, value: str, table: dict[str, int]) -> str:
        names = [name for name in table if name not in self._specials]
        if len(names) <= _MAX_LISTED_NAMES:
            return f"valid: {', '.join(names)}"
        near = difflib.get_close_matches(value[:_MAX_QUOTED_CHARS], names, n=5, cutoff=0.4)
        if near:
            return f"near: {', '.join(near)}"
        return f"there are {len(names)}: {', '.join(names[:_MAX_LISTED_NAMES])} ..."


def read_symbol_lines(text: str) -> list[tuple[str, str]]:
    """Parses `id<TAB>symbols` lines and skips blank ones.

    Raises `RequestError` for a malformed line and for an id that is not safe as a file name.
    """
    lines: dict[str, str] = {}
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if not line.strip():
            continue
        name, tab, symbols = line.partition("\t")
        name, symbols = name.strip(), symbols.strip()
        if not tab or not symbols:
            raise _symbols_error(f"line {number} is not `id<TAB>symbols`: {_quote(line)}")
        if not SAFE_ID.fullmatch(name) or len(name.encode()) > MAX_ID_BYTES:
            raise _symbols_error(
                f"line {number}: {_quote(name)} cannot be a file name; use letters, digits, - + . and _, "
                f"not beginning with a dot, at most {MAX_ID_BYTES} bytes"
            )
        if name in lines:
            raise _symbols_error(f"line {number}: the id {_quote(name)} occurs twice; give each line its own")
        lines[name] = symbols
    if not lines:
        raise _symbols_error("there are no symbol lines; write `id<TAB>symbols`, one utterance a line", "no_symbols")
    return list(lines.items())


def _symbols_error(message: str, code: str = "invalid_symbols") -> RequestError:
    return RequestError(message, param="symbols", code=code)


def _quote(value: str) -> str:
    return repr(value if len(value) <= _MAX_QUOTED_CHARS else value[: _MAX_QUOTED_CHARS - 1] + "…")
