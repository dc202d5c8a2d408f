"""Pinyin syllables and their phones."""

from pathlib import Path
from typing import Any

import pytest

from server.text.english.letter_names import MANDARIN_LETTER_NAMES
from server.text.units.syllables import split_tone, to_phones

LINES = (Path(__file__).parent / "mandarin_syllables.txt").read_text(encoding="utf-8").splitlines()[1:]
SYLLABLES = {syllable: (onset, rime) for syllable, onset, rime in map(str.split, LINES)}


def test_every_mandarin_syllable_has_its_two_phones() -> None:
    assert len(SYLLABLES) == 411
    assert {syllable: to_phones(syllable, "PinYin") for syllable in SYLLABLES} == SYLLABLES


def test_u_of_the_dictionaries_is_the_phone_v_after_j_q_x_y() -> None:
    assert to_phones("ju", "PinYin") == to_phones("jv", "PinYin") == ("j_c", "v_c")
    assert to_phones("quan", "PinYin") == ("q_c", "van_c")
    assert to_phones("yun", "PinYin") == ("y_c", "vn_c")
    assert to_phones("nu", "PinYin") == ("n_c", "u_c")


@pytest.mark.parametrize(
    ("syllable", "rime"), [("dianr", "ianr_c"), ("ger", "er_c"), ("zhir", "ihr_c"), ("duir", "ueir_c")]
)
def test_erhua_is_one_syllable(syllable: str, rime: str) -> None:
    assert to_phones(syllable, "PinYin")[1] == rime


@pytest.mark.parametrize(
    ("syllable", "phones"),
    [("zhi", ("z_c", "ii_c")), ("shan", ("s_c", "an_c")), ("ri", ("r_c", "ih_c")), ("xu", ("xx_c", "u_c")),
     ("yuan", ("y_c", "van_c")), ("lv", ("l_c", "v_c"))],
)  # fmt: skip
def test_sichuan_has_no_retroflex_initials(syllable: str, phones: tuple[str, str]) -> None:
    assert to_phones(syllable, "Sichuan") == phones


@pytest.mark.parametrize("language", ["PinYin", "Sichuan"])
def test_every_syllable_and_every_letter_can_be_spoken(inventory: dict[str, Any], language: str) -> None:
    phones = set(inventory["phones"][language].split())
    names = {split_tone(name)[0] for names in MANDARIN_LETTER_NAMES.values() for name in names}
    assert all(phones.issuperset(to_phones(syllable, language)) for syllable in SYLLABLES.keys() | names)
