"""The rows of the embedding tables have the sizes of trained voices."""

import pytest

from convert.errors import InventoryError
from convert.output.inventory import SPECIALS, known_languages, load_inventory


def test_the_languages_of_kan_tts_are_supported() -> None:
    assert known_languages() == ("PinYin", "Sichuan", "WuuShanghai", "ZhHK")


@pytest.mark.parametrize(
    ("language", "phones", "tones"),
    [("PinYin", 147, 10), ("Sichuan", 116, 10), ("WuuShanghai", 157, 13), ("ZhHK", 107, 14)],
)
def test_tables_have_the_sizes_of_trained_voices(language: str, phones: int, tones: int) -> None:
    inventory = load_inventory(language)
    tables = (inventory.phones, inventory.tones, inventory.syllable_flags, inventory.word_flags, inventory.emotions)
    assert tuple(len(table) + len(SPECIALS) for table in tables) == (phones, tones, 8, 8, 36)


@pytest.mark.parametrize("language", known_languages())
def test_row_names_are_unique_strings(language: str) -> None:
    inventory = load_inventory(language)
    for table in (
        inventory.phones,
        inventory.tones,
        inventory.syllable_flags,
        inventory.word_flags,
        inventory.emotions,
    ):
        assert all(isinstance(name, str) and name for name in table)
        assert len(set(table)) == len(table)


def test_rows_are_in_the_order_of_the_training() -> None:
    inventory = load_inventory("PinYin")
    assert inventory.phones[:3] == ("a_c", "ai_c", "an_c")
    assert inventory.phones[-4:] == ("#1", "#2", "#3", "#4")
    assert inventory.tones == ("tone1", "tone_none", "tone4", "tone2", "tone3", "tone5", "tone0")
    assert inventory.emotions[:3] == ("emotion_none", "emotion_neutral", "emotion_angry")
    assert inventory.emotions[-1] == "emotion_placeholder9"


def test_phones_that_yaml_reads_as_booleans_are_strings() -> None:
    assert {"on", "n", "y"} <= set(load_inventory("ZhHK").phones)


@pytest.mark.parametrize("language", ["pinyin", "EnUS", "", "../inventories/PinYin", "PinYin.yaml"])
def test_an_unsupported_language_lists_the_supported_ones(language: str) -> None:
    with pytest.raises(InventoryError, match="supported: PinYin, Sichuan, WuuShanghai, ZhHK"):
        load_inventory(language)
