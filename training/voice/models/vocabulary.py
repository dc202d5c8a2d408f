"""The vocabularies of the embedding tables: names in the order of the rows, as KAN-TTS and `convert` define them."""

from convert.output.inventory import SPECIALS, load_inventory
from training.voice.corpus.speakers import HUMAN_SPEAKER, SPEAKERS

_INVENTORY = load_inventory("PinYin")
PHONES = _INVENTORY.phones
UNIT_VOCABULARIES = (PHONES, _INVENTORY.tones, _INVENTORY.syllable_flags, _INVENTORY.word_flags)
EMOTION_ROWS = {name.removeprefix("emotion_"): row for row, name in enumerate(_INVENTORY.emotions)}
BREAK_EMOTION = "none"
"""The emotion of breaks."""
SPEAKER_ROWS = {name: row for row, name in enumerate((*SPEAKERS, HUMAN_SPEAKER))}
"""The human speaker is the last one; without recordings its row stays as it was initialized."""
TABLE_SIZES = {
    "sy": len(PHONES) + len(SPECIALS),
    "tone": len(UNIT_VOCABULARIES[1]) + len(SPECIALS),
    "syllable_flag": len(UNIT_VOCABULARIES[2]) + len(SPECIALS),
    "word_segment": len(UNIT_VOCABULARIES[3]) + len(SPECIALS),
    "emotion": len(EMOTION_ROWS) + len(SPECIALS),
    "speaker": len(SPEAKER_ROWS) + len(SPECIALS),
}
"""By KAN-TTS's names of the tables."""
