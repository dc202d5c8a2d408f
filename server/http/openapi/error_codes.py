"""Every error over HTTP: its status, its code, when it comes and what to do. docs/errors.md shows the same table."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """One error that the API can answer."""

    status: int
    code: str
    when: str
    remedy: str


ERROR_CODES = (
    ErrorCode(
        400,
        "invalid_json",
        "The body is not a JSON object.",
        'Send JSON in UTF-8, such as `{"input": "你好"}`.',
    ),
    ErrorCode(
        400,
        "invalid_query",
        "The query of the URL cannot be read.",
        "Write `name=value&name=value` in percent-encoded UTF-8.",
    ),
    ErrorCode(
        400,
        "unreadable_body",
        "The body does not match its headers, for example its compression.",
        "Correct `Content-Encoding` or the body.",
    ),
    ErrorCode(
        400,
        "unreadable_request",
        "What was sent is not HTTP/1.1, or has a head that is too large.",
        "Correct the client; for TLS use a proxy.",
    ),
    ErrorCode(
        400,
        "missing_field",
        "`input` is missing.",
        "Send the text in `input`.",
    ),
    ErrorCode(
        400,
        "unknown_field",
        "A field does not exist.",
        "Remove it, or use one of those in the message.",
    ),
    ErrorCode(
        400,
        "invalid_value",
        "A field has a wrong type or a value outside of its limits.",
        "Choose a value that the message names.",
    ),
    ErrorCode(
        400,
        "empty_input",
        "`input` is empty.",
        "Send the text to speak.",
    ),
    ErrorCode(
        400,
        "invalid_input",
        "`input` has control characters.",
        "Remove them.",
    ),
    ErrorCode(
        400,
        "invalid_ssml",
        "The SSML of the text is not valid.",
        "Correct it at the line and column of the message (docs/ssml.md).",
    ),
    ErrorCode(
        400,
        "invalid_mark",
        "An inline mark of the text is not valid.",
        "Correct it at the line and column of the message, or switch the marks off (`text.marks` in config.yaml).",
    ),
    ErrorCode(
        400,
        "invalid_encoding",
        "A file is not in a known encoding of text.",
        "Send it in UTF-8.",
    ),
    ErrorCode(
        400,
        "invalid_subtitles",
        "The subtitles of a job are not valid.",
        "Correct them at the line of the message.",
    ),
    ErrorCode(
        400,
        "input_too_long",
        "`input` is longer than `synthesis.max_characters` in config.yaml.",
        "Divide the text, or raise the limit.",
    ),
    ErrorCode(
        400,
        "nothing_to_speak",
        "Nothing of the text can be spoken.",
        "Write at least one Chinese character, letter or digit.",
    ),
    ErrorCode(
        400,
        "unsupported_language",
        "The text has a language that the voice does not speak.",
        "Choose another voice, or write the text in Chinese.",
    ),
    ErrorCode(
        400,
        "unknown_phone",
        "The voice lacks a phone of the text.",
        "Choose another voice, or another reading.",
    ),
    ErrorCode(
        400,
        "different_rates",
        "The voices of an SSML text have different sampling rates.",
        "Use voices of one rate in a text.",
    ),
    ErrorCode(
        400,
        "unknown_voice",
        "No voice and no alias has this name.",
        "Use a name of `/v1/audio/voices`.",
    ),
    ErrorCode(
        400,
        "unknown_speaker",
        "The voice has no such speaker.",
        "Use a speaker that `/v1/audio/voices` lists for the voice.",
    ),
    ErrorCode(
        400,
        "unknown_emotion",
        "The voice was not trained on this emotion.",
        "Use an emotion that `/v1/audio/voices` lists for the voice.",
    ),
    ErrorCode(
        400,
        "unknown_response_format",
        "There is no such audio format.",
        "Use a format that the message lists.",
    ),
    ErrorCode(
        400,
        "unknown_format",
        "There is no such format of times.",
        "Use a format that the message lists.",
    ),
    ErrorCode(
        400,
        "unknown_reference",
        "The client has no reference with the id in `reference`.",
        "Use an id that `GET /v1/audio/references` lists, with the key that added it.",
    ),
    ErrorCode(
        400,
        "consent_missing",
        "A recording comes without a statement of consent.",
        "Say in `consent`, in your words, that the speaker agrees to this use.",
    ),
    ErrorCode(
        400,
        "unsupported_audio",
        "The recording is in no format that is read, or the file is something else.",
        "Send WAV, MP3, FLAC, M4A, Ogg or WebM with sound.",
    ),
    ErrorCode(
        400,
        "unreadable_audio",
        "The recording is damaged.",
        "Record or convert it again.",
    ),
    ErrorCode(
        400,
        "audio_too_large",
        "The file of the recording is larger than `references.max_megabytes` in config.yaml.",
        "Send a shorter or compressed recording.",
    ),
    ErrorCode(
        400,
        "audio_too_long",
        "The recording is longer than `references.max_seconds` in config.yaml.",
        "Cut it to 3 to 10 seconds.",
    ),
    ErrorCode(
        400,
        "audio_too_short",
        "The recording has less than a second of speech.",
        "Record 3 to 10 seconds.",
    ),
    ErrorCode(
        400,
        "no_speech",
        "No speech was found in the recording.",
        "Speak closer to the microphone.",
    ),
    ErrorCode(
        400,
        "wrong_embedding",
        "The speaker encoder of the voice gives embeddings of another size than the voice takes.",
        "Convert the voice again with its own encoder (`--se-model`).",
    ),
    ErrorCode(
        400,
        "poor_alignment",
        "For delivery, the recording does not say the text, or its `transcript`.",
        "Send what is said in it as `transcript`, record it more clearly, or leave `delivery` out of `reference_use`.",
    ),
    ErrorCode(
        400,
        "references_disabled",
        "The server takes no recordings.",
        "Send the request without `reference`, or set `references.enabled` in config.yaml.",
    ),
    ErrorCode(
        401,
        "invalid_api_key",
        "The server needs a key, and the request has none, or one that is not known, was revoked or has expired.",
        "Send `Authorization: Bearer KEY` (docs/access.md).",
    ),
    ErrorCode(
        403,
        "missing_right",
        "The key has not the right that the path needs.",
        "Use a key with the right that the message names.",
    ),
    ErrorCode(
        403,
        "voice_not_allowed",
        "The key may not use the voice, or the default voice where the request names none.",
        "Use a voice that the message lists.",
    ),
    ErrorCode(
        403,
        "origin_not_allowed",
        "A web page of another host sent the request without a key.",
        "Add its host to `access.cors_origins` in config.yaml, or send a key.",
    ),
    ErrorCode(
        404,
        "not_found",
        "There is nothing at this path.",
        "Correct the path.",
    ),
    ErrorCode(
        404,
        "model_not_found",
        "There is no such model.",
        "Use a name of `/v1/models`.",
    ),
    ErrorCode(
        404,
        "voice_not_found",
        "There is no such voice.",
        "Use a name of `/v1/admin/voices`.",
    ),
    ErrorCode(
        404,
        "conversion_not_found",
        "There is no such conversion, or it ended long ago.",
        "Use an `id` of `/v1/admin/voices`.",
    ),
    ErrorCode(
        404,
        "job_not_found",
        "The client has no job with this id.",
        "Use an id that `GET /v1/audio/jobs` lists.",
    ),
    ErrorCode(
        404,
        "reference_not_found",
        "The client has no reference with this id, or it was too old.",
        "Use an id that `GET /v1/audio/references` lists.",
    ),
    ErrorCode(
        405,
        "method_not_allowed",
        "The path does not support this method.",
        "Use a method of the header `Allow`.",
    ),
    ErrorCode(
        408,
        "request_timeout",
        "The head or the body of the request came too slowly (`limits` in config.yaml).",
        "Send the request at once.",
    ),
    ErrorCode(
        408,
        "client_stalled",
        "The client did not read a stream of events for `limits.stall_limit` seconds. A stream of audio is cut off.",
        "Read while the speech is computed, or begin again.",
    ),
    ErrorCode(
        409,
        "voice_exists",
        "A voice has this name already.",
        "Choose another `name`, or send `replace: true`.",
    ),
    ErrorCode(
        409,
        "default_voice",
        "The default voice cannot be removed.",
        "Choose another one first (`models.default_voice`).",
    ),
    ErrorCode(
        409,
        "models_read_only",
        "The models folder cannot be written.",
        "Mount it writable, or change it by other means and reload.",
    ),
    ErrorCode(
        409,
        "idempotency_key_reused",
        "The idempotency key was used for another request.",
        "Use a new key for a new request.",
    ),
    ErrorCode(
        409,
        "job_has_no_result",
        "The job is not done.",
        "Fetch the result after the event `job.done`.",
    ),
    ErrorCode(
        409,
        "too_many_references",
        "The client has as many references as it may keep, or too many bytes of them (`references` in config.yaml).",
        "Delete one.",
    ),
    ErrorCode(
        410,
        "result_expired",
        "The result was deleted after `jobs.keep_hours`.",
        "Make the job again.",
    ),
    ErrorCode(
        413,
        "request_entity_too_large",
        "The body is larger than any valid request.",
        "Divide the text.",
    ),
    ErrorCode(
        415,
        "unsupported_media_type",
        "The body is not declared as JSON, or as a file that the path takes.",
        "Send `Content-Type: application/json`, or for a file a type that the message lists.",
    ),
    ErrorCode(
        416,
        "range_not_satisfiable",
        "`Range` begins after the end of the audio.",
        "Use the length in the header `Content-Range`.",
    ),
    ErrorCode(
        426,
        "upgrade_required",
        "The path is a WebSocket.",
        "Connect with `ws://` or `wss://`.",
    ),
    ErrorCode(
        429,
        "too_many_streams",
        "The server is at capacity, and no place became free in time (docs/limits.md).",
        "Repeat the request after the seconds in `Retry-After`.",
    ),
    ErrorCode(
        429,
        "insufficient_quota",
        "The characters that the key may use in a day are used up.",
        "Repeat the request after the seconds in `Retry-After`: the next day (UTC).",
    ),
    ErrorCode(
        429,
        "too_many_conversions",
        "Too many conversions are waiting.",
        "Repeat the request after the seconds in `Retry-After`, or cancel one.",
    ),
    ErrorCode(
        429,
        "key_stream_limit",
        "The key has as many streams as it may have at a time.",
        "Wait until one has ended.",
    ),
    ErrorCode(
        429,
        "address_stream_limit",
        "The IP address has as many streams as `limits.streams_per_address` in config.yaml allows.",
        "Wait until one has ended, or use a key.",
    ),
    ErrorCode(
        429,
        "too_many_jobs",
        "The client has too many unfinished jobs (`jobs.client_jobs`), or too many characters in them.",
        "Repeat the request when one has ended, or delete one.",
    ),
    ErrorCode(
        429,
        "too_many_recordings",
        "Too many recordings are being read.",
        "Repeat the request after the seconds in `Retry-After`.",
    ),
    ErrorCode(
        500,
        "synthesis_failed",
        "The voice or its device failed. A stream that has begun is cut off instead.",
        "Repeat the request; if it fails again, read the log of the server.",
    ),
    ErrorCode(
        500,
        "internal_error",
        "A mistake in the server.",
        "Read the log of the server, and report it.",
    ),
    ErrorCode(
        503,
        "service_unavailable",
        "The voices are still loading, or none can be used.",
        "Repeat the request after the seconds in `Retry-After`; without that header, correct what the message names.",
    ),
    ErrorCode(
        503,
        "broken_voice",
        "The voice is damaged.",
        "Convert it again, or choose another one.",
    ),
    ErrorCode(
        503,
        "voice_not_loaded",
        "The voice is not in memory, and `models.memory_budget_mb` has no room for it.",
        "Repeat the request after the seconds in `Retry-After`; without that header, raise the budget.",
    ),
    ErrorCode(
        503,
        "too_many_connections",
        "The server has as many connections as it may have, of all clients or of this address.",
        "Close others, or connect again after the seconds in `Retry-After`.",
    ),
    ErrorCode(
        503,
        "shutting_down",
        "The server is stopping.",
        "Repeat the request after the seconds in `Retry-After`.",
    ),
    ErrorCode(
        503,
        "converter_missing",
        "The converter, or a package that it needs, is not installed.",
        "`pip install '.[convert]'` in the project's folder.",
    ),
    ErrorCode(
        503,
        "models_folder_missing",
        "The models folder does not exist.",
        "Mount it; the voices in memory speak meanwhile.",
    ),
    ErrorCode(
        503,
        "references_missing",
        "The libraries that read recordings are not installed.",
        "`pip install '.[references]'` in the project's folder.",
    ),
    ErrorCode(
        503,
        "storage_unavailable",
        "Jobs or references cannot be kept: a read-only disk, a database that is away.",
        "Correct what the message names.",
    ),
    ErrorCode(
        507,
        "storage_full",
        "The disk, or the quota of jobs (`jobs.quota_mb`), is full.",
        "Delete jobs that are done, or free space.",
    ),
)


def with_status(status: int) -> tuple[ErrorCode, ...]:
    """Returns the errors with this status."""
    return tuple(error for error in ERROR_CODES if error.status == status)
