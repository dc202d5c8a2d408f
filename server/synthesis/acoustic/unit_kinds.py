"""Which units of a voice are silent, and which have a pitch."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from server.types import Ids
from server.voices.manifest import UnitInventory

VOICELESS = frozenset(
    [
        *("b_c", "c_c", "ch_c", "d_c", "f_c", "g_c", "h_c", "j_c", "k_c", "p_c", "q_c", "s_c", "sh_c", "t_c", "x_c"),
        *("xx_c", "z_c", "zh_c", "ch", "f", "hh", "k", "p", "s", "sh", "t", "th"),
    ]
)
"""Consonants of Mandarin (b, d and g are not voiced there) and of English."""
PAUSE_PHONE = "pau"
SYLLABLE_ENDS = ("s_end", "s_both")


@dataclass(frozen=True, slots=True)
class RowKinds:
    """The kinds of the rows of one utterance."""

    silent: NDArray[np.bool_]
    """(rows,): breaks, and the bytes of punctuation and spaces."""
    voiced: NDArray[np.bool_]
    """(rows,): vowels and voiced consonants. Bytes do not tell: all that are not silent."""
    tonal: NDArray[np.bool_]
    """(rows,): the voiced ones that end a syllable, which are the long ones; those that are voiced if there is none."""


class UnitKinds:
    """Kinds of units by their rows in a voice's tables."""

    def __init__(self, units: UnitInventory) -> None:
        self._reads_bytes = units.kind == "bytes"
        names = [*units.phones, *units.specials]
        self._silent = np.array([name.startswith("#") or name == PAUSE_PHONE for name in names], bool)
        voiceless = np.array([name in VOICELESS or name in units.specials for name in names], bool)
        self._voiced = ~self._silent & ~voiceless
        self._ends_syllable = np.array(
            [flag in SYLLABLE_ENDS for flag in (*units.syllable_flags, *units.specials)], bool
        )

    def rows(self, features: Ids, unit_indices: Ids) -> RowKinds:
        """The kinds of rows that belong to these units. A filled pause, all rows of a unit but the last, is spoken."""
        units = features[:, 0]
        silent = _silent_bytes(units) if self._reads_bytes else self._silent[units]
        voiced = ~silent if self._reads_bytes else self._voiced[units]
        tonal = voiced if self._reads_bytes else voiced & self._ends_syllable[features[:, 2]]
        is_filled = np.diff(unit_indices, append=-1) == 0
        return RowKinds(
            silent=silent[unit_indices] & ~is_filled,
            voiced=voiced[unit_indices] | is_filled,
            tonal=(tonal if tonal.any() else voiced)[unit_indices],
        )


def _silent_bytes(values: Ids) -> NDArray[np.bool_]:
    """Special symbols, which are no bytes, are not silent."""
    spoken = bytes(int(value) if value < 256 else ord("a") for value in values).decode("utf-8", "surrogateescape")
    sizes = [len(char.encode("utf-8", "surrogateescape")) for char in spoken]
    silent = [not char.isalnum() and not "\udc80" <= char <= "\udcff" for char in spoken]
    return np.repeat(np.array(silent, bool), sizes)
