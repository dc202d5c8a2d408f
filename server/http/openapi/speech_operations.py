"""The operations of speech."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from server.http.openapi.media_types import audio_content
from server.http.openapi.operation import Header, Json, Operation, Response, event_stream, json_content, reference
from server.http.openapi.query_parameters import query_parameters
from server.http.speech.events import AudioDelta, AudioDone, AudioTimestamps, ErrorEvent
from server.http.speech.prepared_speech import APPLIED, IGNORED, PRODUCE_ID, REFERENCE_APPLIED, REFERENCE_IGNORED
from server.http.speech.request import SpeechRequest
from server.http.speech.speech_streams import CACHE_HEADER
from server.http.speech.times import SpeechTimes
from server.http.speech.timestamps import TimestampsRequest
from server.http.text.request import TextRequest
from server.text.analysis.document import TextAnalysis
from server.timestamps.formats import TIMESTAMP_FORMATS

PATH = "/v1/audio/speech"
TAG = "Speech"

_ERRORS = (400, 429, 500, 503)

EVENTS = (AudioTimestamps, AudioDelta, AudioDone, ErrorEvent)

_EVENT_STREAM = event_stream(
    "`stream_format` sse. The data of each event is one line of JSON.",
    {"oneOf": [reference(event) for event in EVENTS]},
)

_EXAMPLES = {
    "openai": {
        "summary": "Like a client of OpenAI's API",
        "value": {"model": "tts-1", "input": "你好，今天天气怎么样？", "voice": "alloy"},
    },
    "style": {
        "summary": "An emotion and a pace",
        "value": {"input": "我们去公园吧！", "emotion": "happy", "speed": 1.2, "response_format": "wav"},
    },
    "instructions": {
        "summary": "Instructions in plain words",
        "value": {"input": "我们去公园吧！", "instructions": "用悲伤的语气慢一点"},
    },
    "reference": {
        "summary": "Like a recording that was kept before",
        "value": {
            "input": "我们去公园吧！",
            "reference": "ref_1f0c2d3e4b5a69788796a5b4c3d2e1f0",
            "reference_strength": 0.8,
        },
    },
    "markup": {"summary": "Inline marks", "value": {"input": "重[chong2]庆[pause:300ms]很大。"}},
    "ssml": {"summary": "SSML", "value": {"input": "<speak>你好<break time='500ms'/>再见</speak>"}},
    "format": {
        "summary": "A format, its sampling rate and bit rate",
        "value": {"input": "你好。", "response_format": "opus", "sample_rate": 24000, "bit_rate": 32000},
    },
    "events": {
        "summary": "Server-sent events with times",
        "value": {"input": "你好。", "stream_format": "sse", "timestamps": True},
    },
    "words": {
        "summary": "Readings and replacements of words",
        "value": {
            "input": "重阳镇有SQL课。",
            "lexicon": {"重阳镇": "chong2 yang2 zhen4"},
            "replacements": {"SQL": "sequel"},
        },
    },
}

_TIMES_EXAMPLES = {
    "json": {"summary": "JSON", "value": {"input": "今天25℃。"}},
    "subtitles": {"summary": "Subtitles", "value": {"input": "你好。再见。", "format": "vtt"}},
}

_TEXT_EXAMPLES = {
    "text": {"summary": "Plain text", "value": {"input": "老虎在25℃。"}},
    "markup": {"summary": "Inline marks", "value": {"input": "重[chong2]庆[pause:300ms]很大。"}},
}

_TEXT_HEADERS = {"Cache-Control": Header("`no-cache`.", required=True)}

_TIMES_HEADERS = {
    **_TEXT_HEADERS,
    APPLIED: Header("What the instructions chose, such as `emotion=happy; speed=0.8`."),
    REFERENCE_APPLIED: Header(
        "What the voice takes over of the reference: settings that have the same effect, such as "
        "`emotion=happy; confidence=0.83; speed=1.1`, and `timbre` or `delivery`."
    ),
    REFERENCE_IGNORED: Header("What it does not take over, and what would, in percent-encoded UTF-8."),
    IGNORED: Header("Parts of the instructions that were not understood, in percent-encoded UTF-8."),
}

_STREAM_HEADERS = {
    **_TIMES_HEADERS,
    PRODUCE_ID: Header("The number of the answer in its label (docs/labels.md), where labels are on."),
    CACHE_HEADER: Header(
        "Where the audio comes from (docs/cache.md): `hit`: it was kept; `miss`: it is computed; `shared`: it is being "
        "computed for an equal request; `bypass`: it is computed for this request alone, and not kept.",
        required=True,
    ),
}

_PART_HEADERS = {
    **_STREAM_HEADERS,
    "Content-Range": Header("`bytes FIRST-LAST/LENGTH`.", required=True),
    "Accept-Ranges": Header("`bytes`.", required=True),
    "ETag": Header("Names this file, for `If-Range`.", required=True),
}

_CACHE_PARAMETER = {
    "name": "Cache-Control",
    "in": "header",
    "description": "`no-cache` or `no-store`: the audio is computed for this request, and not kept.",
    "schema": {"type": "string"},
    "examples": {"computed": {"value": "no-store"}},
}

_RANGE_PARAMETERS = (
    {
        "name": "Range",
        "in": "header",
        "description": "A part of the audio, such as `bytes=1000-1999`. The whole file is computed first, unless it "
        "is in the cache. Several ranges and `bytes=0-` are answered with a stream of all.",
        "schema": {"type": "string"},
        "examples": {"part": {"value": "bytes=1000-1999"}},
    },
    {
        "name": "If-Range",
        "in": "header",
        "description": "The `ETag` of the file that the part belongs to; another file is sent whole.",
        "schema": {"type": "string"},
    },
)

_ABOUT_STATUS = (
    "The status comes with the first audio: until then every failure is an error response. A failure after that cuts "
    "the connection."
)


def speech_operations(schemas: Mapping[str, Json]) -> Sequence[Operation]:
    """Returns the operations. `schemas` has the schemas of the types by name."""
    parameters = (*query_parameters(schemas[SpeechRequest.__name__]), _CACHE_PARAMETER, *_RANGE_PARAMETERS)
    content = {**audio_content(), **_EVENT_STREAM}
    stream = Response("The speech, as a stream.", content, _STREAM_HEADERS)
    get = Operation(
        "get",
        PATH,
        TAG,
        "Speak a text, for players",
        "The same as POST, with the fields as query parameters, so that a URL plays: `<audio src=...>`. Numbers, true, "
        "false and objects are written as JSON. Players seek with `Range`.\n\n" + _ABOUT_STATUS,
        {
            200: stream,
            206: Response("A part of the audio.", audio_content(), _PART_HEADERS),
        },
        errors=(*_ERRORS, 416),
        parameters=parameters,
    )
    return (
        Operation(
            "post",
            PATH,
            TAG,
            "Speak a text",
            "Answers with audio that streams while it is computed. " + _ABOUT_STATUS,
            {200: stream},
            errors=(*_ERRORS, 408, 413, 415),
            parameters=(_CACHE_PARAMETER,),
            body={"application/json": {"schema": reference(SpeechRequest), "examples": _EXAMPLES}},
        ),
        get,
        replace(
            get,
            method="head",
            summary="The headers of GET",
            description="Checks a request and sends the headers that GET would send. Computes nothing.",
            responses={200: Response("The headers of the speech.", {}, _STREAM_HEADERS)},
            errors=_ERRORS,
            parameters=parameters[: -len(_RANGE_PARAMETERS)],
        ),
        Operation(
            "post",
            f"{PATH}/timestamps",
            TAG,
            "The times of a text",
            "When each sentence, word, syllable and phone begins and ends in the audio of the same request. No audio "
            "is computed. docs/timestamps.md describes the formats.",
            {200: Response("The times.", _times_content(), _TIMES_HEADERS)},
            errors=(*_ERRORS, 408, 413, 415),
            body={"application/json": {"schema": reference(TimestampsRequest), "examples": _TIMES_EXAMPLES}},
        ),
        Operation(
            "post",
            "/v1/text",
            TAG,
            "How a text is read",
            "The sentences and words of a text with their places in it, the pinyin of each character and all readings "
            "that it can have, phrase breaks, what is read for numbers, and what is left out. No voice is loaded.",
            {200: Response("The analysis.", json_content(TextAnalysis), _TEXT_HEADERS)},
            errors=(*_ERRORS, 408, 413, 415),
            body={"application/json": {"schema": reference(TextRequest), "examples": _TEXT_EXAMPLES}},
        ),
    )


def _times_content() -> Json:
    media_types = {each.media_type for each in TIMESTAMP_FORMATS.values()} - {"application/json"}
    text = {media_type: {"schema": {"type": "string"}} for media_type in sorted(media_types)}
    return {**json_content(SpeechTimes), **text}
