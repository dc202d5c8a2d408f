"""Rows of the embedding tables, in KAN-TTS's order, as `convert` knows them."""

from convert.output.inventory import SPECIALS, load_inventory
from training.voice.speakers import EMOTIONS, SPEAKERS

_INVENTORY = load_inventory("PinYin")
PHONES = _INVENTORY.phones
FIELDS = (PHONES, _INVENTORY.tones, _INVENTORY.syllable_flags, _INVENTORY.word_flags)
EMOTION_ROWS = {name.removeprefix("emotion_"): row for row, name in enumerate(_INVENTORY.emotions)}
"""Row `none` belongs to breaks."""
TAUGHT = ("none", *EMOTIONS)
"""The others' rows hold neutral when the voice is packed."""
SPEAKER_ROWS = {name: row for row, name in enumerate(SPEAKERS)}
SIZES = {
    "sy": len(PHONES) + len(SPECIALS),
    "tone": len(FIELDS[1]) + len(SPECIALS),
    "syllable_flag": len(FIELDS[2]) + len(SPECIALS),
    "word_segment": len(FIELDS[3]) + len(SPECIALS),
    "emotion": len(EMOTION_ROWS) + len(SPECIALS),
    "speaker": len(SPEAKERS) + len(SPECIALS),
}
