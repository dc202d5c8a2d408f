"""Files as clients send them: recordings in all formats, and what is no recording."""

import io
import struct
import zlib
from collections.abc import Callable

import av
import numpy as np
import soundfile

from server.types import Floats

RATE = 16000


def spoken(seconds: float = 2.0, rate: int = RATE) -> Floats:
    """What a detector takes for speech: pulses at 150 Hz through two resonances, in four syllables a second."""
    times = np.arange(round(seconds * rate)) / rate
    phase = 2 * np.pi * 150 * times
    gain = [1 / (1 + ((150 * n - 600) / 150) ** 2) + 0.5 / (1 + ((150 * n - 1500) / 200) ** 2) for n in range(1, 20)]
    sound = sum(each * np.sin(n * phase) for n, each in enumerate(gain, 1))
    loudness = np.clip(np.sin(2 * np.pi * 2 * times) ** 2 * 1.5 - 0.2, 0, 1)
    return (0.2 * sound * loudness).astype(np.float32)


def wav(samples: Floats, rate: int = RATE, kind: str = "<i2") -> bytes:
    """A WAV file of samples (samples,) or (samples, channels): 16-bit integers, or floats."""
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    is_float = kind == "<f4"
    data = samples.astype(kind).tobytes() if is_float else (samples * 32767).astype(kind).tobytes()
    size = np.dtype(kind).itemsize
    header = struct.pack(
        "<HHIIHH", 3 if is_float else 1, channels, rate, rate * channels * size, channels * size, 8 * size
    )
    chunks = b"fmt " + struct.pack("<I", len(header)) + header + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def encoded(
    samples: Floats, container: str, codec: str, rate: int = 48000, layout: str = "mono", **options: str
) -> bytes:
    """A file of samples at `rate`, by FFmpeg's encoders."""
    file = io.BytesIO()
    with av.open(file, "w", format=container, container_options=options) as output:
        stream = output.add_stream(codec, rate, layout=layout)
        channels = stream.codec_context.layout.nb_channels
        frame = av.AudioFrame.from_ndarray(np.repeat(samples[None], channels, axis=0), format="fltp", layout=layout)
        frame.sample_rate = rate
        for packet in (*stream.encode(frame), *stream.encode(None)):
            output.mux(packet)
    return file.getvalue()


def _vorbis(samples: Floats) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, 48000, format="OGG", subtype="VORBIS")
    return file.getvalue()


FORMATS: dict[str, tuple[str, Callable[[Floats], bytes]]] = {
    "wav": ("wav", lambda samples: wav(samples, 48000)),
    "wav of floats, stereo": ("wav", lambda samples: wav(np.stack([samples, samples], 1), 48000, "<f4")),
    "wav of unknown length": ("wav", lambda samples: _without_length(wav(samples, 48000))),
    "mp3": ("mp3", lambda samples: encoded(samples, "mp3", "libmp3lame")),
    "mp3 with a cover": ("mp3", lambda samples: _cover() + encoded(samples, "mp3", "libmp3lame")),
    "mp3 with a title in GBK": ("mp3", lambda samples: _title("录音") + encoded(samples, "mp3", "libmp3lame")),
    "flac": ("flac", lambda samples: encoded(samples, "flac", "flac", layout="stereo")),
    "m4a": ("mp4", lambda samples: encoded(samples, "ipod", "aac")),
    "m4a, as browsers record": (
        "mp4",
        lambda samples: encoded(samples, "mp4", "aac", movflags="empty_moov"),
    ),
    "m4a, lossless": ("mp4", lambda samples: encoded(samples, "ipod", "alac")),
    "ogg opus": ("ogg", lambda samples: encoded(samples, "ogg", "libopus")),
    "ogg vorbis": ("ogg", _vorbis),
    "webm opus": ("webm", lambda samples: encoded(samples, "webm", "libopus")),
    "webm opus, as browsers record": ("webm", lambda samples: encoded(samples, "webm", "libopus", live="1")),
    "aac": ("aac", lambda samples: encoded(samples, "adts", "aac")),
}
"""Name -> the format that is reported, and how it is made of samples at 48 kHz."""


def hostile_files() -> dict[str, tuple[bytes, str]]:
    """Name -> a file that must be refused, and the code of its refusal."""
    speech = spoken()
    m4a = encoded(spoken(2, 48000), "ipod", "aac")
    flac = encoded(spoken(2, 48000), "flac", "flac")
    nan = speech.copy()
    nan[1000] = np.nan
    too_loud = speech.copy()
    too_loud[1000] = 1e30
    return {
        "empty": (b"", "unreadable_audio"),
        "one byte": (b"R", "unreadable_audio"),
        "text": ("这不是录音。\n".encode() * 50, "unreadable_audio"),
        "json": (b'{"audio": "UklGRg=="}', "unreadable_audio"),
        "zeros": (bytes(100_000), "unreadable_audio"),
        "only a header": (wav(speech)[:44], "unreadable_audio"),
        "truncated wav": (wav(speech)[:30_000], "unreadable_audio"),
        "truncated m4a": (m4a[: len(m4a) // 2], "unreadable_audio"),
        "truncated flac": (flac[: len(flac) // 2], "unreadable_audio"),
        "192 kHz": (wav(spoken(2, 192000), 192000), "unsupported_audio"),
        "1 Hz": (silent_flac(36000, 1), "unsupported_audio"),
        "32 channels": (wav(np.repeat(speech[:, None], 32, 1)), "unsupported_audio"),
        "65535 channels": (_with(wav(speech), 22, struct.pack("<H", 65535)), "unreadable_audio"),
        "NaN": (wav(nan, kind="<f4"), "unreadable_audio"),
        "far above full scale": (wav(too_loud, kind="<f4"), "unreadable_audio"),
        "ten hours": (silent_flac(36000 * 8000, 8000), "audio_too_long"),
        "61 seconds": (wav(np.zeros(61 * RATE, np.float32)), "audio_too_long"),
        "a header of ten hours": (_with(flac, 21, bytes.fromhex("f066f85a00")), "unreadable_audio"),
        "video": (_video("mp4", "mpeg4", sound=True), "unsupported_audio"),
        "video without sound": (_video("webm", "libvpx", sound=False), "unsupported_audio"),
        "picture": (_video("image2pipe", "png", sound=False), "unsupported_audio"),
        "playlist of addresses": (b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n", "unreadable_audio"),
        "playlist of files": (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n", "unreadable_audio"),
        "list of files": (b"ffconcat version 1.0\nfile /etc/passwd\n", "unsupported_audio"),
        "session description": (b"v=0\nc=IN IP4 127.0.0.1\nm=audio 9 RTP/AVP 0\n", "unsupported_audio"),
        "compressed header": (compressed_moov(80 * 2**20), "unreadable_audio"),
        "compressed blocks": (compressed_matroska(9_000_000), "audio_too_long"),
        "header with 2 GB of samples": (_with(m4a, m4a.index(b"stsz") + 12, b"\x1f\xff\xff\xff"), "unreadable_audio"),
    }  # fmt: skip


def silent_flac(samples: int, rate: int) -> bytes:
    """Silence in very few bytes: each frame is 14 bytes for 65,535 samples (RFC 9639)."""
    info = struct.pack(">HHxxxxxx", 65535, 65535) + struct.pack(">Q", rate << 44 | 15 << 36 | samples) + bytes(16)
    frames, number = [], 0
    while samples > 0:
        block = min(samples, 65535)
        header = b"\xff\xf8\x70\x08" + chr(number).encode() + struct.pack(">H", block - 1)
        frame = header + bytes([_crc(header, 0x07, 8)]) + b"\x00\x00\x00"
        frames.append(frame + struct.pack(">H", _crc(frame, 0x8005, 16)))
        samples, number = samples - block, number + 1
    return b"fLaC\x80" + len(info).to_bytes(3, "big") + info + b"".join(frames)


def compressed_moov(size: int) -> bytes:
    """A QuickTime file whose header is compressed, from `size` bytes to a thousandth."""
    content = zlib.compress(bytes(size), 9)
    movie = _atom(b"cmov", _atom(b"dcom", b"zlib") + _atom(b"cmvd", struct.pack(">I", size) + content))
    return _atom(b"ftyp", b"qt  " + bytes(4)) + _atom(b"moov", movie)


def compressed_matroska(samples: int) -> bytes:
    """A Matroska file with one block of silence, compressed to a thousandth (RFC 9559)."""
    compression = _element("6D80", _element("6240", _element("5034", _element("4254", b"\x00"))))
    audio = _element("E1", _element("B5", struct.pack(">d", 8000.0)) + _element("6264", b"\x08"))
    track = (
        _element("D7", b"\x01") + _element("73C5", b"\x01") + _element("83", b"\x02")
        + _element("86", b"A_PCM/INT/LIT") + audio + compression
    )  # fmt: skip
    block = _element("A3", b"\x81\x00\x00\x80" + zlib.compress(b"\x80" * samples, 9))
    content = _element("1654AE6B", _element("AE", track)) + _element("1F43B675", _element("E7", b"\x00") + block)
    return _element("1A45DFA3", _element("4282", b"matroska")) + _element("18538067", content)


def _element(name: str, content: bytes) -> bytes:
    return bytes.fromhex(name) + (1 << 56 | len(content)).to_bytes(8, "big") + content


def _atom(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), name) + content


def _crc(data: bytes, polynomial: int, bits: int) -> int:
    value = 0
    for byte in data:
        value ^= byte << (bits - 8)
        for _ in range(8):
            value = (value << 1) ^ (polynomial if value >> (bits - 1) else 0)
            value &= (1 << bits) - 1
    return value


def _with(data: bytes, place: int, other: bytes) -> bytes:
    return data[:place] + other + data[place + len(other) :]


def _without_length(data: bytes) -> bytes:
    """As programs write that do not know the length yet."""
    return _with(_with(data, 4, b"\xff" * 4), 40, b"\xff" * 4)


def _cover() -> bytes:
    """An ID3 tag with a picture."""
    picture = b"\x00image/png\x00\x03\x00" + _video("image2pipe", "png", sound=False)
    return _tag(b"APIC", picture)


def _title(text: str) -> bytes:
    """An ID3 tag whose text says that it is UTF-8."""
    return _tag(b"TIT2", b"\x03" + text.encode("gbk"))


def _tag(name: bytes, content: bytes) -> bytes:
    frame = name + struct.pack(">IH", len(content), 0) + content
    size = len(frame)
    synchsafe = bytes([size >> 21 & 127, size >> 14 & 127, size >> 7 & 127, size & 127])
    return b"ID3\x03\x00\x00" + synchsafe + frame


def _video(container: str, codec: str, *, sound: bool) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, 10)
        stream.width = stream.height = 64
        stream.pix_fmt = "rgb24" if codec == "png" else "yuv420p"
        audio = output.add_stream("aac", 48000, layout="mono") if sound else None
        for _ in range(1 if codec == "png" else 10):
            frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            output.mux(stream.encode(frame.reformat(format=stream.pix_fmt)))
        output.mux(stream.encode(None))
        if audio:
            frame = av.AudioFrame.from_ndarray(spoken(2, 48000)[None], format="fltp", layout="mono")
            frame.sample_rate = 48000
            output.mux([*audio.encode(frame), *audio.encode(None)])
    return file.getvalue()
