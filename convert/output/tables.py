"""The embedding tables of an acoustic model, against what its language, speakers and emotions should make."""

from convert.checkpoint.weights import Weights
from convert.errors import ConvertError
from convert.models.text_encoder import BYTE_TABLE, TABLES
from convert.output.inventory import SPECIALS, Inventory
from convert.output.manifest import speakers_of
from convert.source.config_files import Settings
from convert.source.package import VoiceParts


def table_rows(
    parts: VoiceParts, config: Settings, weights: Weights, inventory: Inventory, notes: list[str]
) -> tuple[dict[str, int], list[str]]:
    """Rows of each embedding table, and the special symbols after the named ones (with `@[MASK]` or without)."""
    named = {
        "phones": len(inventory.phones),
        "tones": len(inventory.tones),
        "syllable_flags": len(inventory.syllable_flags),
        "word_flags": len(inventory.word_flags),
        "bytes": 256,
        "emotions": len(inventory.emotions),
        "speakers": len(speakers_of(parts)),
    }
    tables = BYTE_TABLE if config.get("using_byte") else TABLES
    paths = {kind: f"text_encoder.{table}.weight" for table, kind in tables.items()} | {
        "emotions": "emo_tokenizer.weight"
    }
    if not config.get("SE"):
        paths["speakers"] = "spk_tokenizer.weight"
    shapes = {kind: weights.shape(path) for kind, path in paths.items()}
    if lost := [paths[kind] for kind, shape in shapes.items() if not shape]:
        raise ConvertError(f"{parts.am_checkpoint} lacks {', '.join(lost)}; is it the acoustic model?")
    rows = {kind: shape[0] for kind, shape in shapes.items() if shape}
    extra = {kind: count - named[kind] for kind, count in rows.items()}
    # The table of bytes keeps its mask row where the others lack theirs.
    consistent = {kind: count for kind, count in extra.items() if kind != "bytes"}
    if set(consistent.values()) not in ({2}, {3}) or extra.get("bytes", 3) not in (2, 3):
        listed = "\n  ".join(
            f"{paths[kind]} has {count} rows; {named[kind]} {kind} make {named[kind] + 3} with a mask row, "
            f"{named[kind] + 2} without"
            for kind, count in rows.items()
            if extra[kind] not in (2, 3) or extra[kind] != extra["emotions"]
        )
        raise ConvertError(
            f"{parts.am_checkpoint} does not fit the tables of language {inventory.language!r} "
            f"and speaker_list {','.join(speakers_of(parts))!r}:\n  {listed}"
        )
    masked = set(extra.values()) == {3}
    if parts.has_mask is not None and parts.has_mask != masked:
        said = str(parts.has_mask).lower()
        notes.append(f"configuration.json says has_mask: {said}, but the tables' sizes say otherwise, and they count")
    return rows, list(SPECIALS[: 3 if masked else 2])
