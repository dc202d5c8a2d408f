"""The media types of the audio formats."""

from server.audio.encoders import ENCODERS, SAMPLE_RATES
from server.http.openapi.operation import Json


def media_type(name: str) -> str:
    """Returns the media type of a format, without parameters."""
    encoder = ENCODERS[name]
    rate = encoder.rates[0] if encoder.rates else SAMPLE_RATES[0]
    return encoder(rate).media_type.partition(";")[0]


def audio_content() -> Json:
    """Returns the content of a response with audio, of every format."""
    return {media_type(name): {"schema": {"description": f"`response_format` {name}."}} for name in ENCODERS}
