"""Server-sent events of speech, as OpenAI's API has them."""

from typing import Literal

from pydantic import Field

from server.http.errors import ErrorResponse
from server.http.response_model import ResponseModel
from server.http.speech.times import SentenceTimes


class AudioDelta(ResponseModel):
    """The next part of the encoded audio."""

    type: Literal["speech.audio.delta"] = "speech.audio.delta"
    audio: str = Field(description="Bytes in base64.")


class AudioTimestamps(ResponseModel):
    """With `timestamps`: the times of a sentence, before its first audio."""

    type: Literal["speech.audio.timestamps"] = "speech.audio.timestamps"
    sentence: SentenceTimes


class Usage(ResponseModel):
    """The length of the text and of the audio, in the fields of OpenAI's API."""

    input_tokens: int = Field(description="Characters of the text.")
    output_tokens: int = Field(description="Milliseconds of audio.")
    total_tokens: int = Field(description="Their sum.")


class AudioDone(ResponseModel):
    """The end of the audio."""

    type: Literal["speech.audio.done"] = "speech.audio.done"
    usage: Usage
    reference_similarity: float | None = Field(
        default=None,
        description="With `reference_similarity`: the cosine of the speaker embeddings of the speech and of the "
        "reference, -1 to 1; null where the voice has no speaker encoder, or the speech is shorter than a second.",
    )


class ErrorEvent(ErrorResponse):
    """A failure after the stream began; the connection is cut after it."""

    type: Literal["error"] = "error"
