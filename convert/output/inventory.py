"""The linguistic units of a language: the rows of the embedding tables, in order.

`inventories/<Language>.yaml` lists the phones and tones of a language that KAN-TTS supports. Flags and emotions are the
same in all languages. Every table ends with the special symbols; older packages lack the last one.
"""

from dataclasses import dataclass
from importlib.resources import files

import yaml

from convert.errors import InventoryError
from server.voices.manifest import EMOTION_PREFIX

SPECIALS = ("_", "~", "@[MASK]")
"""Padding, end, mask. A package with `has_mask: false` in its configuration was trained without the last."""

_FOLDER = files("convert").joinpath("output", "inventories")
_BREAKS = ("#1", "#2", "#3", "#4")
_SYLLABLE_FLAGS = ("s_begin", "s_end", "s_none", "s_both", "s_middle")
_WORD_FLAGS = ("word_begin", "word_end", "word_middle", "word_both", "word_none")
_EMOTIONS = (
    *("none", "neutral", "angry", "disgust", "fear", "happy", "sad", "surprise", "calm", "gentle", "relax", "lyrical"),
    *("serious", "disgruntled", "satisfied", "disappointed", "excited", "anxiety", "jealousy", "hate", "pity"),
    *("pleasure", "arousal", "dominance"),
    *(f"placeholder{number}" for number in range(1, 10)),
)
TRAINABLE_EMOTIONS = _EMOTIONS[1:]
"""Without prefix, and without `none`, the emotion of breaks."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """The names of the table rows, without the special symbols."""

    phones: tuple[str, ...]
    """Breaks `#1` to `#4` last."""
    tones: tuple[str, ...]
    syllable_flags: tuple[str, ...] = _SYLLABLE_FLAGS
    word_flags: tuple[str, ...] = _WORD_FLAGS
    emotions: tuple[str, ...] = tuple(f"{EMOTION_PREFIX}{name}" for name in _EMOTIONS)


def known_languages() -> tuple[str, ...]:
    """The supported values of `linguistic_unit.language` in an acoustic model's config.yaml, sorted."""
    names = (entry.name for entry in _FOLDER.iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


def load_inventory(language: str) -> Inventory:
    """The inventory of one language. Raises `InventoryError`, which lists the supported languages."""
    known = known_languages()
    if language not in known:
        raise InventoryError(
            f"language {language!r} is not supported; supported: {', '.join(known)}. "
            "It is linguistic_unit.language in the acoustic model's config.yaml"
        )
    table = yaml.safe_load(_FOLDER.joinpath(f"{language}.yaml").read_text(encoding="utf-8"))
    return Inventory((*table["phones"], *_BREAKS), tuple(table["tones"]))
