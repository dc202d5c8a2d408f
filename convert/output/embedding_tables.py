"""Checks the embedding tables of an acoustic model against its language, speakers and emotions."""

from collections.abc import Mapping
from dataclasses import dataclass

from convert.checkpoint.weights import Weights
from convert.errors import ConvertError
from convert.models.text_encoder import BYTE_TABLE, TABLES
from convert.output.inventory import SPECIALS, Inventory
from convert.output.manifest import speakers_of
from convert.source.config_files import Settings
from convert.source.package import VoiceSource


@dataclass(frozen=True, slots=True)
class EmbeddingTables:
    """The sizes of the embedding tables."""

    rows: Mapping[str, int]
    """Kind of unit (`phones`, `emotions` ...) -> number of rows."""
    specials: tuple[str, ...]
    """The special symbols after the named rows, with or without `@[MASK]`."""
    notes: tuple[str, ...]


def check_tables(source: VoiceSource, config: Settings, weights: Weights, inventory: Inventory) -> EmbeddingTables:
    """The tables' sizes. Raises `ConvertError` if they do not fit the inventory and the speakers."""
    named = {kind: len(getattr(inventory, kind)) for kind in (*TABLES.values(), "emotions")}
    named |= {"bytes": 256, "speakers": len(speakers_of(source))}
    paths = _weight_names(config)
    shapes = {kind: weights.shape(path) for kind, path in paths.items()}
    if missing := [paths[kind] for kind, shape in shapes.items() if not shape]:
        raise ConvertError(f"{source.acoustic.checkpoint} lacks {', '.join(missing)}; is it the acoustic model?")
    rows = {kind: shape[0] for kind, shape in shapes.items() if shape}
    extra = {kind: count - named[kind] for kind, count in rows.items()}
    # The table of bytes has a mask row even if the others have none.
    masks = {count for kind, count in extra.items() if kind != "bytes"}
    if masks not in ({2}, {3}) or extra.get("bytes", 3) not in (2, 3):
        listed = "\n  ".join(
            f"{paths[kind]} has {count} rows; {named[kind]} {kind} make {named[kind] + 3} with a mask row, "
            f"{named[kind] + 2} without"
            for kind, count in rows.items()
            if extra[kind] not in (2, 3) or extra[kind] != extra["emotions"]
        )
        raise ConvertError(
            f"{source.acoustic.checkpoint} does not fit the tables of language {source.language!r} "
            f"and speaker_list {','.join(speakers_of(source))!r}:\n  {listed}"
        )
    masked = set(extra.values()) == {3}
    notes: tuple[str, ...] = ()
    if source.has_mask not in (None, masked):
        stated, found = str(source.has_mask).lower(), "a" if masked else "no"
        notes = (f"the package declares has_mask: {stated}, but its tables have {found} mask row; the tables count",)
    return EmbeddingTables(rows, SPECIALS[: 3 if masked else 2], notes)


def _weight_names(config: Settings) -> dict[str, str]:
    """Kind of unit -> name of its embedding table in the checkpoint."""
    tables = BYTE_TABLE if config.get("using_byte") else TABLES
    names = {kind: f"text_encoder.{table}.weight" for table, kind in tables.items()}
    names["emotions"] = "emo_tokenizer.weight"
    if not config.get("SE"):
        names["speakers"] = "spk_tokenizer.weight"
    return names
