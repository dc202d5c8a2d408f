"""FLAC: lossless, 16 bits a sample."""

from server.audio.compressed.encoder import Codec, CompressedEncoder


class FlacEncoder(CompressedEncoder):
    """Encodes a stream as FLAC. A file also has the number of samples and their checksum in its header."""

    media_type = "audio/flac"
    codec = Codec("flac", "flac", container_options={"metadata_header_padding": "0"})
