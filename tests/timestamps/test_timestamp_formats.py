"""The names and suffixes of the formats."""

from pathlib import Path

import pytest

from server.errors import RequestError, UnknownNameError
from server.timestamps.formats import TIMESTAMP_FORMATS, format_of_file, timestamp_format


@pytest.mark.parametrize("name", TIMESTAMP_FORMATS)
def test_a_format_is_found_by_its_name_and_its_suffix(name: str) -> None:
    found = timestamp_format(name)
    assert format_of_file(Path(f"a/b.c{found.suffix}")) is found
    assert format_of_file(Path(f"a{found.suffix.upper()}")) is found


def test_the_error_for_an_unknown_format_lists_the_valid_ones() -> None:
    with pytest.raises(UnknownNameError, match="unknown format 'ass'; valid: json, srt, vtt, textgrid"):
        timestamp_format("ass")
    with pytest.raises(RequestError, match=r"'a\.txt'.*valid suffixes: \.json, \.srt, \.vtt, \.TextGrid"):
        format_of_file(Path("a.txt"))
