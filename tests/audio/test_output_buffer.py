"""The file that FFmpeg writes to: like a file in memory until its beginning is taken away."""

import io

from hypothesis import given
from hypothesis import strategies as st

from server.audio.compressed.output_buffer import OutputBuffer

operations = st.lists(st.tuples(st.integers(0, 20), st.binary(max_size=10)), max_size=12)


@given(operations)
def test_a_buffer_is_a_file_while_nothing_is_taken(writes):
    buffer, file = OutputBuffer(seekable=True), io.BytesIO()
    for offset, data in writes:
        place = min(offset, len(file.getvalue()))
        assert buffer.seek(place) == file.seek(place)
        assert buffer.write(data) == file.write(data)
        assert buffer.tell() == file.tell()
    assert buffer.seek(0, 2) == file.seek(0, 2)
    assert buffer.take() == file.getvalue()


def test_what_was_taken_cannot_be_changed_and_the_rest_can():
    buffer = OutputBuffer(seekable=True)
    buffer.write(b"header")
    assert buffer.take() == b"header"
    buffer.write(b"packets")
    buffer.seek(4)
    assert buffer.write(b"ERPA") == 4
    assert buffer.take() == b"PAckets"
    buffer.seek(0)
    assert buffer.write(b"HEADER") == 6
    assert buffer.take() == b""
    buffer.seek(0, 2)
    buffer.write(b"end")
    assert buffer.take() == b"end"


def test_seeking_is_relative_to_the_beginning_the_position_and_the_end():
    buffer = OutputBuffer(seekable=False)
    buffer.write(b"0123456789")
    assert not buffer.seekable()
    assert [buffer.seek(4), buffer.seek(-1, 1), buffer.seek(-2, 2)] == [4, 3, 8]
