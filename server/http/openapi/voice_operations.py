"""The operations of administrators: voices, conversions."""

from server.http.admin.messages import (
    AdministeredVoices,
    Conversion,
    ConversionEnd,
    ConversionRequest,
    ConversionStep,
    Reloaded,
    RemovedVoice,
)
from server.http.admin.voices import PATH
from server.http.openapi.operation import (
    NO_STORE,
    Header,
    Operation,
    Response,
    event_stream,
    json_content,
    path_parameter,
    reference,
)

_TAG = "Administration"
_KEY = "Needs a key with the right `admin`. "

_CONVERSION = (path_parameter("conversion", "The `id` of the conversion."),)

_EVENTS = event_stream(
    "The data of each event is one line of JSON.", {"oneOf": [reference(ConversionStep), reference(ConversionEnd)]}
)

VOICE_OPERATIONS = (
    Operation(
        "get",
        PATH,
        _TAG,
        "List the voices with their state",
        _KEY + "State, version, precision, license, memory and streams of every voice, why one is broken, and the "
        "conversions.",
        {200: Response("The voices.", json_content(AdministeredVoices), NO_STORE)},
    ),
    Operation(
        "post",
        PATH,
        _TAG,
        "Convert a package",
        _KEY
        + "Converts a folder below `models.import_from`, or a model of ModelScope, in the background, one at a time; "
        "the voices are in service when it is done.",
        {
            202: Response(
                "The conversion is queued.",
                json_content(Conversion),
                {"Location": Header("The path of the conversion.", required=True)},
            )
        },
        errors=(400, 409, 413, 429, 500, 503),
        body={
            "application/json": {
                "schema": reference(ConversionRequest),
                "examples": {
                    "model": {"value": {"source": "iic/speech_sambert-hifigan_tts_zhibei_emo_zh-cn_16k"}},
                    "folder": {"value": {"source": "zhibei", "name": "zhibei", "precision": ["fp32"], "replace": True}},
                },
            }
        },
    ),
    Operation(
        "post",
        f"{PATH}/reload",
        _TAG,
        "Look at the folder of the voices",
        _KEY
        + "Takes added and replaced voices into service, and removed ones out of it. Streams keep the version that "
        "they began with.",
        {200: Response("What has changed.", json_content(Reloaded))},
        errors=(500, 503),
    ),
    Operation(
        "delete",
        f"{PATH}/{{voice}}",
        _TAG,
        "Remove a voice",
        _KEY + "Takes a voice out of service and moves its folder to the trash. The default voice stays.",
        {200: Response("The voice is removed.", json_content(RemovedVoice))},
        errors=(404, 409, 500),
        parameters=(path_parameter("voice", "The name of the voice."),),
    ),
    Operation(
        "get",
        f"{PATH}/conversions/{{conversion}}",
        _TAG,
        "Look up a conversion",
        _KEY + "A conversion of this process.",
        {200: Response("The conversion.", json_content(Conversion), NO_STORE)},
        errors=(404, 500),
        parameters=_CONVERSION,
    ),
    Operation(
        "delete",
        f"{PATH}/conversions/{{conversion}}",
        _TAG,
        "Cancel a conversion",
        _KEY + "Ends it; nothing of it remains. A finished one stays as it is.",
        {200: Response("The conversion.", json_content(Conversion))},
        errors=(404, 500),
        parameters=_CONVERSION,
    ),
    Operation(
        "get",
        f"{PATH}/conversions/{{conversion}}/events",
        _TAG,
        "Follow a conversion",
        _KEY + "Its steps so far and later, as server-sent events; the last one has the result.",
        {200: Response("The events.", _EVENTS)},
        errors=(404, 500),
        parameters=_CONVERSION,
    ),
)
