"""POST, GET and HEAD /v1/audio/speech: text in, audio out while it is being computed."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import urlsplit

from aiohttp import HttpVersion11, web

from server.errors import RequestError, ShutdownError, SpeechError, StalledError, SynthesisError
from server.http.client import charge, client_of
from server.http.connections.cutting import cut
from server.http.connections.timed_writer import TimedWriter
from server.http.speech.bodies import AudioBody, EventBody, StreamBody
from server.http.speech.byte_range import partial_response, requested_range
from server.http.speech.prepared_speech import PreparedSpeech, SpeechPreparation
from server.http.speech.query import parse_query
from server.http.speech.request import SpeechRequest, parse_request, require_json
from server.logs.exceptions import summary
from server.scheduling.async_streams import ActiveStreams, ChunkStream
from server.synthesis.output.encoding import EncodedChunk, encode_stream, encode_whole

_log = logging.getLogger(__name__)

_UNBUFFERED = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


class SpeechRoute:
    """Synthesizes plain text, text with inline markup, or SSML."""

    def __init__(self, preparation: SpeechPreparation, streams: ActiveStreams) -> None:
        self._preparation = preparation
        self._streams = streams

    async def post(self, request: web.Request) -> web.StreamResponse:
        """Streams the speech of a JSON body."""
        require_json(request)
        speech = await self._prepare(request, parse_request(SpeechRequest, await request.read()))
        charge(request, len(speech.request.input))
        return await self._stream(request, speech)

    async def get(self, request: web.Request) -> web.StreamResponse:
        """Streams the speech of the query of the URL. A client that wants a part of it gets that of the whole file."""
        fields = parse_query(_query(request))
        wanted = requested_range(request) if fields.stream_format == "audio" else None
        speech = await self._prepare(request, fields, repeatable=wanted is not None)
        charge(request, len(fields.input))
        return await (self._stream(request, speech) if wanted is None else self._part(request, speech, wanted))

    async def head(self, request: web.Request) -> web.StreamResponse:
        """Sends the headers that GET would send. Computes nothing."""
        speech = await self._prepare(request, parse_query(_query(request)))
        response = _streamed_response(speech, _body(speech, speech.create_encoder().media_type))
        await response.prepare(request)
        return response

    async def _prepare(
        self, request: web.Request, fields: SpeechRequest, *, repeatable: bool = False
    ) -> PreparedSpeech:
        if fields.timestamps and fields.stream_format != "sse":
            raise RequestError(
                "timestamps need stream_format sse; POST /v1/audio/speech/timestamps gives them without audio",
                param="timestamps",
            )
        return await self._preparation.prepare(fields, client_of(request), repeatable=repeatable)

    async def _stream(self, request: web.Request, speech: PreparedSpeech) -> web.StreamResponse:
        """Sends the status with the first chunk: until then every failure is a proper error response."""
        plan, encoder = speech.plan, speech.create_encoder()
        with await self._streams.open(
            plan.main_voice,
            lambda clock: encode_stream(plan, encoder, clock),
            client=client_of(request),
            expected_seconds=speech.expected_seconds,
            batched=plan.seed is None,
        ) as chunks:
            begun = await _until_audio(chunks)
            body = _body(speech, encoder.media_type)
            response = _streamed_response(speech, body)
            await response.prepare(request)
            await _send(request, TimedWriter(response, self._streams.stall_limit), body, begun, chunks)
            return response

    async def _part(self, request: web.Request, speech: PreparedSpeech, wanted: slice) -> web.Response:
        """Computes the whole file, so that its length is exact and every part of it fits the others."""
        plan = speech.plan
        with await self._streams.open(
            plan.main_voice,
            lambda clock: encode_whole(plan, speech.output, clock),
            client=client_of(request),
            expected_seconds=speech.expected_seconds,
            batched=plan.seed is None,
        ) as files:
            file = await anext(files)
        media_type = speech.create_encoder().media_type
        response = await asyncio.to_thread(partial_response, request, wanted, file, media_type)
        response.headers.update(speech.audio_headers)
        return response


def _query(request: web.Request) -> str:
    """The query as the client sent it."""
    return urlsplit(request.raw_path).query


def _body(speech: PreparedSpeech, media_type: str) -> StreamBody:
    return EventBody(speech) if speech.request.stream_format == "sse" else AudioBody(media_type)


def _streamed_response(speech: PreparedSpeech, body: StreamBody) -> web.StreamResponse:
    return web.StreamResponse(headers={"Content-Type": body.media_type, **_UNBUFFERED, **speech.audio_headers})


async def _until_audio(chunks: ChunkStream[EncodedChunk]) -> Sequence[EncodedChunk]:
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
    chunks: ChunkStream[EncodedChunk],
) -> None:
    """Writes the stream. A failure in the middle cuts the connection: a clean end would look like complete speech."""
    try:
        for chunk in begun:
            await writer.write(body.part(chunk))
        async for chunk in chunks:
            await writer.write(body.part(chunk))
        await writer.write(body.end())
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
