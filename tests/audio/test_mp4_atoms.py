"""MP4 files of nothing but atoms are refused before FFmpeg reads them."""

import struct

import pytest

from server.audio.decoding.answer import UnusableFileError
from server.audio.decoding.atoms import MAX_ATOMS, require_few_atoms
from server.audio.decoding.decoder_process import decode_audio
from tests.audio.recording_files import FORMATS, encoded, spoken


def atom(name: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I4s", 8 + len(content), name) + content


START = atom(b"ftyp", b"isom" + bytes(4))
MANY = 2_500_000


def long_atom(name: bytes) -> bytes:
    return struct.pack(">I4sQ", 1, name, 16)


@pytest.mark.parametrize(
    "content",
    [
        *(atom(name) * MANY for name in (b"free", b"mdat", b"moov", b"what")),
        long_atom(b"free") * (MANY // 2),
        atom(b"moov", atom(b"free") * MANY),
        atom(b"moov", atom(b"trak", atom(b"mdia", atom(b"minf", atom(b"stbl", atom(b"what") * MANY))))),
        atom(b"moof", atom(b"traf", atom(b"free") * MANY)),
    ],
    ids=["free", "mdat", "moov", "unknown", "long", "in moov", "in stbl", "in traf"],
)
def test_a_file_of_atoms_is_refused(content: bytes) -> None:
    with pytest.raises(UnusableFileError, match="the file has more than 50,000 MP4 atoms") as refused:
        decode_audio(START + content, 60, 16000)
    assert refused.value.code == "unreadable_audio"


def test_the_limit_is_exact() -> None:
    require_few_atoms(START + atom(b"free") * (MAX_ATOMS - 1))
    with pytest.raises(UnusableFileError):
        require_few_atoms(START + atom(b"free") * MAX_ATOMS)


def test_a_recording_in_many_fragments_is_taken() -> None:
    data = encoded(spoken(5, 48000), "mp4", "aac", movflags="empty_moov+frag_every_frame")
    assert data.count(b"moof") > 200
    assert decode_audio(data, 60, 16000)[0].seconds == pytest.approx(5, abs=0.1)


@pytest.mark.parametrize("name", FORMATS)
def test_other_formats_have_no_atoms(name: str) -> None:
    require_few_atoms(FORMATS[name][1](spoken(1, 48000)) + atom(b"free") * 3)


@pytest.mark.parametrize(
    "end", [b"\x00\x00\x00\x01free", b"\x00\x00\x00\x00mdat", b"\x00\x00\x00", b"\xff\xff\xff\xfffree"]
)
def test_an_atom_without_its_end_ends_the_count(end: bytes) -> None:
    require_few_atoms(START + end)
