"""Unit symbols and their rows in a voice's tables."""

import contextlib
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import RequestError
from server.text.units.unit_tables import UnitTables, read_symbol_lines

BEI = "{b_c$tone3$s_begin$word_begin$emotion_neutral$F7} {ei_c$tone3$s_end$word_end$emotion_neutral$F7}"
BREAK = "{#4$tone_none$s_none$word_none$emotion_none$F7}"


def test_a_unit_is_the_row_of_its_name_in_each_table(tables: UnitTables) -> None:
    units = tables.encode(f"{BEI} {BREAK}")
    assert units.features.tolist() == [[5, 4, 0, 0], [10, 4, 1, 1], [143, 1, 2, 4]]
    assert units.emotions.tolist() == [1, 1, 0]
    assert units.speakers.tolist() == [0, 0, 0]
    assert all(rows.dtype == np.int64 for rows in (units.features, units.emotions, units.speakers))


def test_bytes_are_one_column_of_features(byte_tables: UnitTables) -> None:
    units = byte_tables.encode("{229$emotion_neutral$F7} {140$emotion_happy$xiaoyu}")
    assert units.features.tolist() == [[229], [140]]
    assert units.emotions.tolist() == [1, 5]
    assert units.speakers.tolist() == [0, 1]


def test_the_specials_follow_the_names_of_a_table(tables: UnitTables) -> None:
    row = tables.encode("{~$~$~$~$~$~}")
    assert row.features.tolist() == [[145, 8, 6, 6]]
    assert (row.emotions.tolist(), row.speakers.tolist()) == ([34], [3])


def test_decoding_gives_the_line_back(tables: UnitTables, byte_tables: UnitTables) -> None:
    line = f"{BEI} {BREAK}"
    assert tables.decode(tables.encode(line)) == line
    assert byte_tables.decode(byte_tables.encode("{32$emotion_sad$F7}")) == "{32$emotion_sad$F7}"


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("", ["no symbols"]),
        (" \t ", ["no symbols"]),
        (BEI.replace("ei_c", "eii_c"), ["unit 2", "phone", "'eii_c'", "ei_c"]),
        (BEI.replace("ei_c", "汉"), ["unit 2", "phone", "there are 144", "a_c"]),
        (BEI.replace("tone3", "tone9"), ["unit 1", "tone", "valid: tone1, tone_none, tone4"]),
        (BEI.replace("word_end", "word_last"), ["unit 2", "word flag", "word_begin"]),
        (BEI.replace("F7", "F8"), ["unit 1", "speaker", "'F8'", "F7, xiaoyu"]),
        (BEI.replace("neutral", "happier"), ["emotion", "emotion_happy"]),
        ("{b_c$tone3$s_begin$word_begin$emotion_neutral}", ["unit 1", "5 fields", "6"]),
        ("{b_c$tone3$s_begin$word_begin$emotion_neutral$F7$x}", ["7 fields"]),
        (f"{BEI} b_c$tone3", ["unit 3", "not of the form"]),
        ("{", ["unit 1", "not of the form"]),
        ("{b_c$tone3$s begin}", ["unit 1", "not of the form"]),
        ("{229$emotion_neutral$F7}", ["3 fields"]),
    ],
)
def test_a_unit_that_the_voice_lacks_is_refused_by_name(tables: UnitTables, line: str, parts: list[str]) -> None:
    with pytest.raises(RequestError) as refused:
        tables.encode(line)
    assert refused.value.param == "symbols"
    assert all(part in str(refused.value) for part in parts), str(refused.value)


def test_a_byte_has_eight_bits(byte_tables: UnitTables) -> None:
    with pytest.raises(RequestError, match="unknown byte '256'"):
        byte_tables.encode("{256$emotion_neutral$F7}")


def test_specials_are_not_proposed(tables: UnitTables) -> None:
    with pytest.raises(RequestError) as refused:
        tables.encode(BEI.replace("tone3", "tone9"))
    assert "@[MASK]" not in str(refused.value)


def test_a_line_has_at_most_as_many_units_as_the_voice_has_positions(
    tables_of: Callable[..., UnitTables],
) -> None:
    tables = tables_of(longest=3)
    assert len(tables.encode(f"{BEI} {BREAK}")) == 3
    with pytest.raises(RequestError, match="4 units are too many: voice 'test' reads at most 3 "):
        tables.encode(f"{BEI} {BEI}")


@given(st.text(max_size=200))
def test_any_line_is_encoded_or_refused(tables: UnitTables, line: str) -> None:
    with contextlib.suppress(RequestError):
        assert len(tables.encode(line)) > 0


def test_an_endless_unit_is_not_quoted_in_full(tables: UnitTables) -> None:
    with pytest.raises(RequestError) as refused:
        tables.encode(BEI.replace("b_c", "b" * 100_000))
    assert len(str(refused.value)) < 500


def test_symbol_lines_keep_their_order() -> None:
    text = f"\ufeffb_1\t{BEI}\r\n\n a.2 \t {BREAK} \n"
    assert read_symbol_lines(text) == [("b_1", BEI), ("a.2", BREAK)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no symbol lines"),
        ("\n \n", "no symbol lines"),
        (f"\na {BEI}", "line 2 is not"),
        ("a\t", "line 1 is not"),
        (f"a\t{BEI}\na\t{BEI}", "line 2: the id 'a' occurs twice"),
        (f"../x\t{BEI}", "line 1: '../x' cannot be a file name"),
        (f"a/b\t{BEI}", "cannot be a file name"),
        (f".hidden\t{BEI}", "cannot be a file name"),
        (f"..\t{BEI}", "cannot be a file name"),
        (f"a\\b\t{BEI}", "cannot be a file name"),
        (f"\t{BEI}", "cannot be a file name"),
        (f"a\0\t{BEI}", "cannot be a file name"),
        (f"{'语' * 100}\t{BEI}", "cannot be a file name"),
    ],
)
def test_a_symbol_line_that_cannot_be_used_is_named(text: str, message: str) -> None:
    with pytest.raises(RequestError) as refused:
        read_symbol_lines(text)
    assert message in str(refused.value)
