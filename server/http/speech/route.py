"""POST, GET and HEAD /v1/audio/speech: text in, audio out while it is being computed."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import urlsplit

from aiohttp import HttpVersion11, web

from server.cache import ChunkSource
from server.errors import RequestError, ShutdownError, SpeechError, StalledError, SynthesisError
from server.http.client import charge, client_of
from server.http.connections.cutting import cut
from server.http.connections.timed_writer import TimedWriter
from server.http.speech.bodies import AudioBody, EventBody, StreamBody
from server.http.speech.byte_range import partial_response, requested_range
from server.http.speech.prepared_speech import PreparedSpeech, SpeechPreparation
from server.http.speech.query import parse_query
from server.http.speech.request import SpeechRequest, read_request
from server.http.speech.speech_streams import CACHE_HEADER, SpeechStreams, Status
from server.logs.exceptions import summary
from server.types import EncodedChunk

_log = logging.getLogger(__name__)

_UNBUFFERED = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


class SpeechRoute:
    """Synthesizes plain text, text with inline markup, or SSML."""

    def __init__(self, preparation: SpeechPreparation, streams: SpeechStreams) -> None:
        self._preparation = preparation
        self._streams = streams

    async def post(self, request: web.Request) -> web.StreamResponse:
        """Streams the speech of a JSON body."""
        fields = await read_request(SpeechRequest, request, self._preparation.max_bytes)
        speech = await self._prepare(request, fields)
        charge(request, len(speech.request.input))
        return await self._stream(request, speech)

    async def get(self, request: web.Request) -> web.StreamResponse:
        """Streams the speech of the query of the URL. A client that wants a part of it gets that of the whole file."""
        fields = parse_query(_query(request))
        wanted = requested_range(request) if fields.stream_format == "audio" else None
        speech = await self._prepare(request, fields, as_file=wanted is not None)
        charge(request, len(fields.input))
        return await (self._stream(request, speech) if wanted is None else self._part(request, speech, wanted))

    async def head(self, request: web.Request) -> web.StreamResponse:
        """Sends the headers that GET would send. Computes nothing."""
        speech = await self._prepare(request, parse_query(_query(request)))
        response = _streamed_response(speech, _body(speech), self._streams.status(speech))
        await response.prepare(request)
        return response

    async def _prepare(self, request: web.Request, fields: SpeechRequest, *, as_file: bool = False) -> PreparedSpeech:
        if fields.timestamps and fields.stream_format != "sse":
            raise RequestError(
                "timestamps need stream_format sse; POST /v1/audio/speech/timestamps gives them without audio",
                param="timestamps",
            )
        if fields.reference_similarity and fields.stream_format != "sse":
            raise RequestError("reference_similarity needs stream_format sse", param="reference_similarity")
        cached = self._streams.caches and not _bypasses_cache(request)
        return await self._preparation.prepare(fields, client_of(request), as_file=as_file, cached=cached)

    async def _stream(self, request: web.Request, speech: PreparedSpeech) -> web.StreamResponse:
        """Sends the status with the first chunk: until then every failure is a proper error response."""
        opened = await self._streams.open(speech, client_of(request))
        with opened.chunks as chunks, self._streams.sending(opened):
            begun = await _until_audio(chunks)
            body = _body(speech)
            response = _streamed_response(speech, body, opened.status)
            await response.prepare(request)
            await _send(request, TimedWriter(response, self._streams.stall_limit), body, begun, chunks)
            return response

    async def _part(self, request: web.Request, speech: PreparedSpeech, wanted: slice) -> web.Response:
        """Computes the whole file, so that its length is exact and every part of it fits the others."""
        opened = await self._streams.open(speech, client_of(request))
        with opened.chunks as chunks:
            file = b"".join([chunk.data async for chunk in chunks])
        response = await asyncio.to_thread(partial_response, request, wanted, file, speech.media_type)
        response.headers.update({**speech.audio_headers, CACHE_HEADER: opened.status})
        return response


def _query(request: web.Request) -> str:
    """The query as the client sent it."""
    return urlsplit(request.raw_path).query


def _bypasses_cache(request: web.Request) -> bool:
    """Whether the client wants its audio computed."""
    directives = {part.strip().lower() for part in request.headers.get("Cache-Control", "").split(",")}
    return bool(directives & {"no-store", "no-cache"})


def _body(speech: PreparedSpeech) -> StreamBody:
    return EventBody(speech) if speech.request.stream_format == "sse" else AudioBody(speech.media_type)


def _streamed_response(speech: PreparedSpeech, body: StreamBody, status: Status) -> web.StreamResponse:
    headers = {"Content-Type": body.media_type, **_UNBUFFERED, **speech.audio_headers, CACHE_HEADER: status}
    return web.StreamResponse(headers=headers)


async def _until_audio(chunks: ChunkSource) -> Sequence[EncodedChunk]:
    """The chunks up to the first one with audio. Raises the stream's error, `SynthesisError` without audio."""
    begun = []
    async for chunk in chunks:
        begun.append(chunk)
        if chunk.samples:
            return begun
    raise SynthesisError("the voice computed no audio for this text")


async def _send(
    request: web.Request,
    writer: TimedWriter,
    body: StreamBody,
    begun: Sequence[EncodedChunk],
    chunks: ChunkSource,
) -> None:
    """Writes the stream. A failure in the middle cuts the connection: a clean end would look like complete speech."""
    try:
        for chunk in begun:
            await writer.write(body.part(chunk))
        async for chunk in chunks:
            await writer.write(body.part(chunk))
        await writer.write(await body.end())
        await writer.write_eof()
    except ConnectionError:
        _log.debug("the client disconnected")
    except Exception as error:  # noqa: BLE001 - it is too late for an error response
        level = logging.WARNING if isinstance(error, ShutdownError | StalledError) else logging.ERROR
        _log.log(level, "a stream was cut off: %s", summary(error), exc_info=not isinstance(error, SpeechError))
        message = body.failure(error)
        with suppress(ConnectionError, StalledError):
            await writer.write_last(message)
        cut(request, reset=not message and (request.version < HttpVersion11 or isinstance(error, StalledError)))
