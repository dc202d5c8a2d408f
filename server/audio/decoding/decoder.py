"""Decodes one audio file in memory with FFmpeg's libraries. Without NumPy, which would double the time to start."""

import io
from collections.abc import Iterator

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition

from server.audio.decoding.answer import AudioFile, UnusableFileError
from server.audio.decoding.atoms import require_few_atoms
from server.audio.decoding.heights import SampleHeights
from server.audio.resampling_filter import OPTIONS

SAMPLE_BYTES = 4
"""Of a sample of the result: 32-bit floats."""
RATES = range(8000, 96001)
"""Hz, of the files that are taken."""
MAX_CHANNELS = 2

FORMATS = {
    "wav": "wav",
    "mp3": "mp3",
    "flac": "flac",
    "mov,mp4,m4a,3gp,3g2,mj2": "mp4",
    "ogg": "ogg",
    "matroska,webm": "webm",
    "aac": "aac",
    "amr": "amr",
}
"""FFmpeg's name of a demultiplexer -> what clients are told. No other one is ever opened: playlists, and formats that
name other files, are not among them."""
CODECS = (
    *("pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le", "pcm_alaw", "pcm_mulaw"),
    *("pcm_s16be", "adpcm_ms", "adpcm_ima_wav", "mp3float", "flac", "aac", "alac", "opus", "vorbis", "amrnb", "amrwb"),
)
"""FFmpeg's names of the decoders; no other one is opened."""
WORDS = "WAV, MP3, FLAC, M4A, Ogg or WebM with Opus or Vorbis, AAC, or AMR"
"""The same, for error messages."""

_HEADER_HAS_LENGTH = ("flac", "mp4", "webm")
"""Of the others it is unknown, estimated, or that of what is there."""
_CUT_SECONDS = 0.5
"""By which a file may be shorter than its header says: the delays of encoders."""
_UNKNOWN_SIZE = 0x7FFF0000
"""Of a WAV file. It and larger ones are written by programs that do not know it yet."""
_CUT_BYTES = 64
"""By which the header of a WAV file may be wrong: some programs count it too."""
_MAX_DAMAGED = 2
"""Packets that cannot be decoded: what is left of a frame where a file was cut out of another, and tags."""
_OPTIONS = {
    "format_whitelist": ",".join(FORMATS),
    "codec_whitelist": ",".join(CODECS),
    "protocol_whitelist": "none",
    "max_streams": "8",
    "probesize": "1000000",
}


def decode_file(data: bytes, max_seconds: float, rate: int) -> tuple[AudioFile, bytes]:
    """Decodes the first audio stream of a file; returns its properties and the samples, mono at `rate`.

    The channels are averaged. Decoding stops as soon as the file is longer than `max_seconds`. Raises
    `UnusableFileError`.
    """
    if not data:
        raise UnusableFileError("the recording is empty", "unreadable_audio")
    _require_whole_riff(data)
    require_few_atoms(data)
    with _open(data) as container:
        stream = _audio_stream(container)
        name = FORMATS[container.format.name]
        try:
            rate_of_file, channels, seconds, heights, samples = _decode(container, stream, max_seconds, rate)
        except av.FFmpegError as error:
            raise _damaged(str(error.strerror)) from None
        if name in _HEADER_HAS_LENGTH and container.duration:
            _require_whole(container.duration / av.time_base, seconds)
    return AudioFile(name, rate_of_file, channels, seconds, heights), samples


def _open(data: bytes) -> InputContainer:
    try:
        # Titles and names may be in any encoding; they are not used.
        return av.open(io.BytesIO(data), "r", options=_OPTIONS, io_open=_open_nothing, metadata_errors="replace")
    except av.ArgumentError:  # of the list of formats
        raise UnusableFileError(
            f"the file is no recording that can be read; send {WORDS}", "unsupported_audio"
        ) from None
    except (av.FFmpegError, PermissionError):
        raise UnusableFileError(
            f"the file has no audio that can be read, or it is damaged; send {WORDS}", "unreadable_audio"
        ) from None


def _open_nothing(url: str, flags: int, options: object) -> object:
    """In place of opening what a file names."""
    raise PermissionError("a recording may not name other files")


def _audio_stream(container: InputContainer) -> AudioStream:
    streams = container.streams
    if any(not each.disposition & Disposition.attached_pic for each in streams.video):  # a cover is no video
        raise UnusableFileError("the file is a video; send only the audio of it", "unsupported_audio")
    if not streams.audio:
        raise UnusableFileError(f"the file has no audio; send {WORDS}", "unsupported_audio")
    stream = streams.audio[0]
    context = stream.codec_context
    if context is None or context.name not in CODECS:
        codec = "is not known" if context is None else f"{context.name} is not taken"
        raise UnusableFileError(f"the codec of the audio {codec}; send {WORDS}", "unsupported_audio")
    context.thread_count = 1
    return stream


def _decode(
    container: InputContainer, stream: AudioStream, max_seconds: float, new_rate: int
) -> tuple[int, int, float, tuple[int, ...], bytes]:
    """The rate and the channels of the file, its seconds, the heights of its samples, and the samples."""
    options = {**OPTIONS, "rematrix_maxval": "1"}  # the mean of two channels, not a louder mix
    resampler = av.AudioResampler(format="flt", layout="mono", rate=new_rate, options=options)
    pieces: list[bytes] = []
    heights = SampleHeights()
    rate, channels, samples = 0, 0, 0
    for frame in _frames(container, stream):
        if not rate:
            rate, channels = _properties(frame)
        samples += frame.samples
        if samples > max_seconds * rate:
            raise UnusableFileError(f"the recording is longer than {max_seconds:g} seconds", "audio_too_long")
        pieces += _converted(resampler, frame)
        heights.add(frame)
    if not rate:
        raise _damaged("nothing in it can be decoded")
    pieces += _converted(resampler, None)
    return rate, channels, samples / rate, heights.histogram(), b"".join(pieces)


def _frames(container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
    damaged = 0
    for packet in container.demux(stream):
        try:
            yield from stream.decode(packet)
        except av.InvalidDataError:
            damaged += 1
            if damaged > _MAX_DAMAGED:
                raise


def _properties(frame: AudioFrame) -> tuple[int, int]:
    """The rate and the channels, which can be converted."""
    rate, channels = frame.sample_rate, frame.layout.nb_channels
    if rate not in RATES:
        raise UnusableFileError(
            f"the recording has a sampling rate of {rate} Hz; valid: {RATES[0]} to {RATES[-1]}", "unsupported_audio"
        )
    if channels > MAX_CHANNELS:
        raise UnusableFileError(f"the recording has {channels} channels; send one or two", "unsupported_audio")
    return rate, channels


def _converted(resampler: av.AudioResampler, frame: AudioFrame | None) -> Iterator[bytes]:
    try:
        converted = resampler.resample(frame)
    except ValueError:  # the errors of FFmpeg are of this type too
        raise _damaged("its sampling rate or its channels change") from None
    for each in converted:
        yield bytes(each.planes[0])[: SAMPLE_BYTES * each.samples]


def _require_whole_riff(data: bytes) -> None:
    """FFmpeg takes the length of the file in place of that in the header."""
    size = int.from_bytes(data[4:8], "little")
    if data[:4] == b"RIFF" and len(data) + _CUT_BYTES < size < _UNKNOWN_SIZE:
        raise UnusableFileError(
            f"the file is cut off: it has {len(data)} bytes, its header says {size + 8}", "unreadable_audio"
        )


def _require_whole(expected: float, seconds: float) -> None:
    if seconds < expected - _CUT_SECONDS:
        raise UnusableFileError(
            f"the file is cut off: it has {seconds:.1f} seconds of audio, its header says {expected:.1f}",
            "unreadable_audio",
        )


def _damaged(reason: str) -> UnusableFileError:
    return UnusableFileError(f"the audio of the file is damaged: {reason}", "unreadable_audio")
