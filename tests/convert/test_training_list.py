"""The emotions in KAN-TTS training lists."""

from pathlib import Path

import pytest

from convert.errors import PackageError
from convert.source.training_list import read_emotions


def write_list(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def test_the_emotions_of_all_utterances_and_lists_are_read(tmp_path: Path) -> None:
    first = write_list(
        tmp_path / "first.lst",
        "0_0\t{n_c$tone3$s_begin$word_begin$emotion_happy$F7} {i_c$tone3$s_end$word_end$emotion_happy$F7}",
        "0_1\t{n_c$tone3$s_begin$word_begin$emotion_neutral$F7}",
    )
    second = write_list(tmp_path / "second.lst", "1_0\t{228$emotion_sad$F7} {189$emotion_sad$F7}")
    assert read_emotions([first, second]) == {"emotion_happy", "emotion_neutral", "emotion_sad"}


def test_breaks_are_skipped(tmp_path: Path) -> None:
    line = "0\t{n_c$tone3$s_both$word_both$emotion_sad$F7} {#4$tone_none$s_none$word_none$emotion_none$F7}"
    assert read_emotions([write_list(tmp_path / "x.lst", line)]) == {"emotion_sad"}


def test_lines_in_another_format_are_ignored(tmp_path: Path) -> None:
    assert (
        read_emotions([write_list(tmp_path / "x.lst", "", "0001", "0002\t今天", "0003\t{} {a$b}", "\ufffd")]) == set()
    )


def test_an_unreadable_list_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match=r"am_train\.lst cannot be read"):
        read_emotions([tmp_path / "am_train.lst"])
