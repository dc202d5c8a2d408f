"""The atoms of an MP4 file, counted before FFmpeg reads them: a file of nothing else keeps it busy for seconds."""

import struct

from server.audio.decoding.answer import UnusableFileError

MAX_ATOMS = 50_000
"""Of a file. A minute in fragments of 20 ms, which no program writes, has 21,000."""
_CONTAINERS = frozenset(
    (*(b"moov", b"trak", b"mdia", b"minf", b"stbl", b"dinf", b"edts", b"udta", b"mvex"), b"moof", b"traf")
)
"""Atoms whose content is atoms."""
_HEADER = struct.Struct(">I4s")
_LONG_SIZE = struct.Struct(">Q")


def require_few_atoms(data: bytes) -> None:
    """Raises `UnusableFileError` for a file with more than `MAX_ATOMS`.

    Takes any file: the first bytes of the others are the size of an atom that is longer than the file.
    """
    position = count = 0
    while position + _HEADER.size <= len(data):
        count += 1
        if count > MAX_ATOMS:
            raise UnusableFileError(
                f"the file has more than {MAX_ATOMS:,} MP4 atoms; export the recording again", "unreadable_audio"
            )
        size, name = _HEADER.unpack_from(data, position)
        if name in _CONTAINERS:
            position += _HEADER.size
            continue
        if size == 1 and position + _HEADER.size + _LONG_SIZE.size <= len(data):
            (size,) = _LONG_SIZE.unpack_from(data, position + _HEADER.size)
        if size < _HEADER.size:  # up to the end of the file, or no atom
            return
        position += size
