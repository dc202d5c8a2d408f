"""Whatever is done to a file, it is decoded or refused."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from server.audio.decoding.answer import UnusableFileError
from server.audio.decoding.decoder_process import MAX_AMPLITUDE, decode_audio
from tests.audio.recording_files import FORMATS, RATE, spoken

MAX_SECONDS = 1.0
FILES = [make(spoken(0.5, 48000)) for _, make in FORMATS.values()]

changes = st.lists(
    st.tuples(
        st.sampled_from(["set", "insert", "delete", "repeat", "cut"]),
        st.floats(0, 1) | st.floats(0, 0.02),  # headers are at the beginning
        st.binary(min_size=1, max_size=8) | st.sampled_from([b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff"]),
    ),
    min_size=1,
    max_size=6,
)


def changed(data, change):
    kind, share, other = change
    place = round(share * len(data))
    match kind:
        case "set":
            return data[:place] + other + data[place + len(other) :]
        case "insert":
            return data[:place] + other + data[place:]
        case "delete":
            return data[:place] + data[place + len(other) :]
        case "repeat":
            return data[:place] + data[place : place + 1000] * other[0] + data[place:]
    return data[:place]


@settings(max_examples=30, deadline=None, derandomize=True, database=None)
@given(st.sampled_from(FILES), changes)
def test_a_changed_file_is_decoded_or_refused(data, changes):
    for change in changes:
        data = changed(data, change)
    try:
        file, audio = decode_audio(data, MAX_SECONDS, RATE)
    except UnusableFileError:
        return
    assert 0 < file.seconds <= MAX_SECONDS
    assert np.all(np.abs(audio.samples) <= MAX_AMPLITUDE)
