"""The operations of references."""

from server.http.openapi.operation import (
    NO_STORE,
    Header,
    Operation,
    Response,
    json_content,
    path_parameter,
)
from server.http.openapi.query_parameters import query_parameters
from server.http.references.objects import (
    PATH,
    ReferenceDeleted,
    ReferenceList,
    ReferenceObject,
    ReferenceSettings,
)
from server.http.references.routes import SettingsFields
from server.http.references.upload import MEDIA_TYPES, UploadFields

_TAG = "References"

REFERENCE_RESPONSES = (ReferenceObject, ReferenceList, ReferenceDeleted, ReferenceSettings)

_ID = path_parameter("id", "The id of the reference.")
_FILE = {"schema": {"type": "string", "format": "binary", "description": "The file; the fields are in the query."}}
_FORM = {
    "type": "object",
    "required": ["file", "consent"],
    "properties": {
        "file": {"type": "string", "format": "binary", "minLength": 1, "description": "The recording."},
        **UploadFields.model_json_schema()["properties"],
    },
}
REFERENCE_OPERATIONS = (
    Operation(
        "post",
        PATH,
        _TAG,
        "Keep a recording",
        "A recording of 1 to 60 seconds that texts are spoken like: WAV, MP3, FLAC, M4A, Ogg or WebM, as `file` of a "
        "form or as the body, with the fields in the query. Without a statement of consent nothing is kept. Only the "
        "same key can see, use and delete it (docs/references.md). The same file again replaces its entry.",
        {
            201: Response(
                "The reference is kept.",
                json_content(ReferenceObject),
                {**NO_STORE, "Location": Header("The path of the reference.", required=True)},
            )
        },
        errors=(400, 408, 409, 413, 415, 429, 500, 503, 507),
        parameters=tuple(
            {**parameter, "required": False}  # a form has them in its parts
            for parameter in query_parameters(UploadFields.model_json_schema())
        ),
        body={"multipart/form-data": {"schema": _FORM}, **dict.fromkeys(MEDIA_TYPES, _FILE)},
    ),
    Operation(
        "get",
        PATH,
        _TAG,
        "List the references",
        "Those of the client's key, or of all clients without one, the newest first.",
        {200: Response("The references.", json_content(ReferenceList), NO_STORE)},
        errors=(500, 503, 507),
    ),
    Operation(
        "get",
        PATH + "/{id}",
        _TAG,
        "Look up a reference",
        "With what is measured of it, in units.",
        {200: Response("The reference.", json_content(ReferenceObject), NO_STORE)},
        errors=(400, 404, 429, 500, 503, 507),
        parameters=(_ID,),
    ),
    Operation(
        "delete",
        PATH + "/{id}",
        _TAG,
        "Delete a reference",
        "At once, with all that was computed from it. Speech that has begun goes on.",
        {200: Response("It is deleted.", json_content(ReferenceDeleted), NO_STORE)},
        errors=(404, 500, 503, 507),
        parameters=(_ID,),
    ),
    Operation(
        "get",
        PATH + "/{id}/settings",
        _TAG,
        "The emotion of a reference as plain settings",
        "Which emotion of a voice is nearest to the recording, and the style that remains: fields of a request for "
        "speech that have the same effect as the reference.",
        {200: Response("The settings.", json_content(ReferenceSettings), NO_STORE)},
        errors=(400, 404, 429, 500, 503, 507),
        parameters=(_ID, *query_parameters(SettingsFields.model_json_schema())),
    ),
)
