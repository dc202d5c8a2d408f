"""Symbols as KAN-TTS writes them -> rows of a voice's embedding tables.

A symbol line is `{b_c$tone3$s_begin$word_begin$emotion_neutral$F7} {ei_c$...} ...`; a voice that reads bytes has
`{229$emotion_neutral$F7} ...`. Whatever the voice was not trained on is refused by name: a unit that is dropped in
silence puts the features out of step with each other, and the speech after it is noise.
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
LONGEST_ID = 200
"""Bytes; most file systems allow 255 for a name, and the id gets a suffix."""
_SHOWN = 60
_LISTED = 12


class UnitTables:
    """The tables of one voice by name: row n is entry n of the manifest's list, then the specials."""

    def __init__(self, manifest: Manifest) -> None:
        units = manifest.units
        self.voice = manifest.name
        self.language = manifest.language
        self.reads_bytes = units.kind == "bytes"
        self.longest = units.longest
        self.phones = frozenset(units.phones)
        self.untrained = frozenset(manifest.untrained)
        self.speaks_english = "english" not in manifest.untrained and self.phones.issuperset(dictionary.PHONES)
        if self.reads_bytes:
            self._fields: tuple[str, ...] = BYTE_FIELDS
            lists: tuple[tuple[str, ...], ...] = (tuple(map(str, range(256))), manifest.emotions, manifest.speakers)
        else:
            self._fields = PHONE_FIELDS
            lists = (
                units.phones,
                units.tones,
                units.syllable_flags,
                units.word_flags,
                manifest.emotions,
                manifest.speakers,
            )
        self._specials = frozenset(units.specials)
        self._rows = [{name: row for row, name in enumerate((*names, *units.specials))} for names in lists]
        self._names = [[*names, *units.specials] for names in lists]

    def encode(self, symbols: str) -> Units:
        """One symbol line, without its id, as rows. Raises `RequestError` naming the first unit that does not fit."""
        tokens = symbols.split()
        if not tokens:
            raise _refused("there are no symbols to speak; write one {...} for each unit", "no_symbols")
        if len(tokens) > self.longest:
            raise _refused(
                f"{len(tokens)} units are too many: voice {self.voice!r} reads at most {self.longest} at a time; "
                "split the line into shorter sentences",
                "too_long",
            )
        rows = np.array([self._encode_unit(place, token) for place, token in enumerate(tokens, 1)], dtype=np.int64)
        features, emotions, speakers = np.split(rows, [-2, -1], axis=1)
        return Units(features=features, emotions=emotions[:, 0], speakers=speakers[:, 0])

    def decode(self, units: Units) -> str:
        """The symbol line that `encode` turns into these rows."""
        rows = np.column_stack([units.features, units.emotions, units.speakers])
        named = (zip(self._names, row, strict=True) for row in rows)
        return " ".join("{" + "$".join(names[index] for names, index in pairs) + "}" for pairs in named)

    def _encode_unit(self, place: int, token: str) -> list[int]:
        if len(token) < 2 or token[0] != "{" or token[-1] != "}":
            raise _refused(f"unit {place}, {_short(token)}, is not of the form {self._form()}")
        values = token[1:-1].split("$")
        if len(values) != len(self._fields):
            raise _refused(
                f"unit {place}, {_short(token)}, has {len(values)} fields, voice {self.voice!r} reads "
                f"{len(self._fields)}: {self._form()}"
            )
        row = []
        for field, table, value in zip(self._fields, self._rows, values, strict=True):
            if value not in table:
                valid = self._candidates(value, table)
                raise _refused(f"unit {place}, {_short(token)}: unknown {field} {_short(value)}; {valid}")
            row.append(table[value])
        return row

    def _form(self) -> str:
        return "{" + "$".join(self._fields) + "}"

    def _candidates(self, value: str, table: dict[str, int]) -> str:
        names = [name for name in table if name not in self._specials]
        if len(names) <= _LISTED:
            return f"valid: {', '.join(names)}"
        near = difflib.get_close_matches(value[:_SHOWN], names, n=5, cutoff=0.4)
        if near:
            return f"near: {', '.join(near)}"
        return f"there are {len(names)}: {', '.join(names[:_LISTED])} ..."


def read_symbol_lines(text: str) -> list[tuple[str, str]]:
    """Reads `id<TAB>symbols` lines; blank lines are skipped. The ids become file names, so only safe ones pass."""
    lines: dict[str, str] = {}
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if not line.strip():
            continue
        name, tab, symbols = line.partition("\t")
        name, symbols = name.strip(), symbols.strip()
        if not tab or not symbols:
            raise _refused(f"line {number} is not `id<TAB>symbols`: {_short(line)}")
        if not SAFE_ID.fullmatch(name) or len(name.encode()) > LONGEST_ID:
            raise _refused(
                f"line {number}: {_short(name)} cannot be a file name; use letters, digits, - + . and _, "
                f"not beginning with a dot, at most {LONGEST_ID} bytes"
            )
        if name in lines:
            raise _refused(f"line {number}: the id {_short(name)} is there twice; give each line its own")
        lines[name] = symbols
    if not lines:
        raise _refused("there are no symbol lines; write `id<TAB>symbols`, one utterance a line", "no_symbols")
    return list(lines.items())


def _refused(message: str, code: str = "invalid_symbols") -> RequestError:
    return RequestError(message, param="symbols", code=code)


def _short(value: str) -> str:
    return repr(value if len(value) <= _SHOWN else value[: _SHOWN - 1] + "…")
