"""The operations of speech."""

from collections.abc import Sequence

from server.http.openapi.media_types import audio_content
from server.http.openapi.operation import Header, Operation, Response, reference
from server.http.speech.request import SpeechRequest

PATH = "/v1/audio/speech"
TAG = "Speech"

_ERRORS = (400, 429, 500, 503)

_ABOUT = (
    "The status comes with the first audio: until then every failure is an error response. A failure after that cuts "
    "the connection."
)

_EXAMPLES = {
    "plain": {
        "summary": "Like a client of OpenAI's API",
        "value": {"model": "tts-1", "input": "你好，今天天气怎么样？", "voice": "alloy"},
    },
    "style": {
        "summary": "A speaker, an emotion and a pace",
        "value": {
            "input": "我们去公园吧！",
            "speaker": "female",
            "emotion": "happy",
            "speed": 1.2,
            "response_format": "wav",
        },
    },
    "ssml": {
        "summary": "SSML",
        "value": {"input": "<speak>你好<break time='500ms'/>再见</speak>", "response_format": "wav"},
    },
}


def speech_operations() -> Sequence[Operation]:
    """Returns the operations."""
    return (
        Operation(
            "post",
            PATH,
            TAG,
            "Speak a text",
            "Answers with audio that streams while it is computed. " + _ABOUT,
            {200: Response("The speech.", audio_content(), {"Cache-Control": Header("`no-cache`.", required=True)})},
            errors=(*_ERRORS, 413, 415),
            body={"application/json": {"schema": reference(SpeechRequest), "examples": _EXAMPLES}},
        ),
    )
