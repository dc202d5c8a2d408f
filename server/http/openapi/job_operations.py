"""The operations of jobs."""

from server.http.jobs.events import LAST_EVENT_ID
from server.http.jobs.objects import PATH, JobDeleted, JobEventObject, JobList, JobObject
from server.http.jobs.routes import KEY_HEADER, MAX_PAGE, PAGE, STATES
from server.http.openapi.media_types import audio_content
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
from server.jobs.request import JobRequest

TAG = "Jobs"

JOB_RESPONSES = (JobObject, JobList, JobDeleted, JobEventObject)

_CREATED = {**NO_STORE, "Location": Header("The path of the job.", required=True)}

_EXAMPLES = {
    "book": {"summary": "A long text", "value": {"input": "第一章\n\n从前有座山。", "name": "故事", "seed": 1}},
    "lines": {"summary": "Many files", "value": {"lines": ["欢迎光临。", "再见。"], "response_format": "wav"}},
    "subtitles": {
        "summary": "Subtitles, with their times",
        "value": {"input": "1\n00:00:01,000 --> 00:00:03,000\n你好。\n", "kind": "srt"},
    },
    "jsonl": {
        "summary": "JSON lines, each with its own fields",
        "value": {"input": '{"input": "你好。", "emotion": "happy"}\n{"input": "再见。"}', "kind": "jsonl"},
    },
}

_FORM = {
    "type": "object",
    "description": "`file`, and the fields of the JSON body except `input` and `lines` as further parts.",
    "required": ["file"],
    "properties": {"file": {"type": "string", "format": "binary", "minLength": 1}},
}

_EVENTS = event_stream(
    "The type of an event is that in its data, its id is a number that rises.", reference(JobEventObject)
)

_ID = path_parameter("id", "The id of the job.")
_KEY = {
    "name": KEY_HEADER,
    "in": "header",
    "description": "Names the request, up to 200 visible ASCII characters: the same key again is answered with the job "
    "that it made, so that a request whose answer was lost can be repeated.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,200}$"},
}
_RANGE = {
    "name": "Range",
    "in": "header",
    "description": "A part of the file, such as `bytes=1000-1999`.",
    "schema": {"type": "string"},
    "examples": {"part": {"value": "bytes=1000-1999"}},
}
_FILE_HEADERS = {
    "Content-Disposition": Header("The name of the file.", required=True),
    "Accept-Ranges": Header("`bytes`.", required=True),
    "ETag": Header("Names this file.", required=True),
}
_FILES = {**audio_content(), "application/zip": {"schema": {"description": "Many files."}}}

JOB_OPERATIONS = (
    Operation(
        "post",
        PATH,
        TAG,
        "Make a job",
        "Long work: a text of any length, lines, subtitles or JSON lines become one file or a ZIP. The job is kept "
        "before it is answered, outlives restarts, and is computed beside live speech, which goes first. A file "
        "is uploaded as `file` of a form, or as the body with its media type (`text/plain`, `application/ssml+xml`, "
        "`application/x-subrip`, `application/jsonl`) and the fields in the query of the URL (docs/jobs.md).",
        {
            202: Response("The job is kept, and will be computed.", json_content(JobObject), _CREATED),
            200: Response("The job of the same idempotency key.", json_content(JobObject), _CREATED),
        },
        errors=(400, 409, 413, 415, 429, 500, 503, 507),
        parameters=(_KEY,),
        body={
            "application/json": {"schema": reference(JobRequest), "examples": _EXAMPLES},
            "multipart/form-data": {"schema": _FORM},
        },
    ),
    Operation(
        "get",
        PATH,
        TAG,
        "List the jobs",
        "The jobs of the client's key, or of all clients without one, the newest first.",
        {200: Response("The jobs.", json_content(JobList), NO_STORE)},
        errors=(400, 500, 503, 507),
        parameters=(
            {
                "name": "limit",
                "in": "query",
                "description": "At most so many.",
                "schema": {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": PAGE},
            },
            {
                "name": "after",
                "in": "query",
                "description": "Those that follow this job in the list: the last id of the page before.",
                "schema": {"type": "string"},
            },
            {
                "name": "state",
                "in": "query",
                "description": "Only those in this state.",
                "schema": {"type": "string", "enum": list(STATES)},
            },
        ),
    ),
    Operation(
        "get",
        PATH + "/{id}",
        TAG,
        "Look up a job",
        "Its state, its progress, when it will probably end, and its result.",
        {200: Response("The job.", json_content(JobObject), NO_STORE)},
        errors=(404, 500, 503, 507),
        parameters=(_ID,),
    ),
    Operation(
        "delete",
        PATH + "/{id}",
        TAG,
        "Cancel or forget a job",
        "The computing stops within a chunk, and the files are deleted. A job that has ended is forgotten.",
        {200: Response("What was done.", json_content(JobDeleted), NO_STORE)},
        errors=(404, 500, 503, 507),
        parameters=(_ID,),
    ),
    Operation(
        "get",
        PATH + "/{id}/events",
        TAG,
        "Watch a job",
        "Server-sent events until the job has ended: `job.queued`, `job.running`, `job.progress`, then `job.done`, "
        "`job.failed` or `job.cancelled`. A connection that was lost goes on after the last event that came.",
        {
            200: Response("The events.", _EVENTS, {"Cache-Control": Header("`no-cache`.")}),
            204: Response("The job has ended, and no event is left: do not come again."),
        },
        errors=(400, 404, 500, 503, 507),
        parameters=(
            _ID,
            {
                "name": LAST_EVENT_ID,
                "in": "header",
                "description": "The id of the last event that came. Browsers send it by themselves.",
                "schema": {"type": "integer", "minimum": 0, "maximum": 999_999_999},
            },
        ),
    ),
    Operation(
        "get",
        PATH + "/{id}/result",
        TAG,
        "Fetch the result",
        "The audio file, or the ZIP of many.",
        {
            200: Response("The file.", _FILES, _FILE_HEADERS),
            206: Response(
                "A part of the file.",
                _FILES,
                {**_FILE_HEADERS, "Content-Range": Header("`bytes FIRST-LAST/LENGTH`.", required=True)},
            ),
            304: Response("The file of `If-None-Match` is still the same."),
        },
        errors=(404, 409, 410, 416, 500, 503, 507),
        parameters=(_ID, _RANGE),
    ),
)
