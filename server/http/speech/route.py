"""POST /v1/audio/speech: text in, audio out while it is being computed."""

import asyncio
import logging
from typing import TYPE_CHECKING

from aiohttp import web

from server.audio.encoder import AudioEncoder
from server.audio.encoders import OutputFormat, create_encoder
from server.config import Config
from server.errors import ShutdownError, SpeechError, SynthesisError
from server.http.speech.request import parse
from server.http.startup import Startup
from server.scheduling.async_streams import ActiveStreams, ChunkStream
from server.scheduling.playback import PlaybackClock
from server.scheduling.task import Chunks
from server.synthesis.multi_voice import SpeechPlan, SpeechPlanner

if TYPE_CHECKING:
    from server.synthesis.registry import VoiceRegistry

_log = logging.getLogger(__name__)

SECONDS_PER_CHARACTER = 0.2
"""A guess at the duration of a text."""


class SpeechRoute:
    """Synthesizes plain text, text with inline markup, or SSML."""

    def __init__(self, registry: "VoiceRegistry", startup: Startup, streams: ActiveStreams, config: Config) -> None:
        limit = config.synthesis.max_characters
        self._planner = SpeechPlanner(registry, inline_markup=config.text.marks, max_characters=limit)
        self._startup = startup
        self._streams = streams

    async def speak(self, request: web.Request) -> web.StreamResponse:
        """Sends the status with the first chunk: until then every failure is a proper error response."""
        if request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType(
                text=f"send JSON with Content-Type: application/json, not {request.content_type}"
            )
        body = parse(await request.read())
        self._startup.require_ready()
        plan = await asyncio.to_thread(self._planner.plan_text, body.input, body.options)
        encoder = create_encoder(OutputFormat(body.response_format), plan.rate)
        expected_seconds = len(body.input) * SECONDS_PER_CHARACTER / body.speed
        with self._streams.open(
            plan.main_voice,
            lambda clock: _encode(plan, encoder, clock),
            expected_seconds=expected_seconds,
            batched=plan.seed is None,
        ) as chunks:
            first = await anext(chunks, None)
            if first is None:
                raise SynthesisError("the voice computed no audio for this text")
            response = web.StreamResponse(
                headers={"Content-Type": encoder.media_type, "Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
            )
            await response.prepare(request)
            await _send(request, response, first, chunks)
            return response


async def _encode(plan: SpeechPlan, encoder: AudioEncoder, clock: PlaybackClock) -> Chunks[bytes]:
    """Runs in the scheduler's threads, text analysis included. The header comes with the first audio."""
    header = encoder.header()
    async for audio in plan.audio(clock):
        if data := encoder.encode(audio):
            yield header + data
            header = b""
    if data := encoder.finish():
        yield header + data


async def _send(request: web.Request, response: web.StreamResponse, first: bytes, chunks: ChunkStream[bytes]) -> None:
    """Writes the stream. A failure in the middle cuts the connection: a clean end would look like complete speech."""
    try:
        await response.write(first)
        async for chunk in chunks:
            await response.write(chunk)
        await response.write_eof()
    except ConnectionError:
        _log.debug("the client disconnected")
    except Exception as error:  # noqa: BLE001 - it is too late for an error response
        level = logging.WARNING if isinstance(error, ShutdownError) else logging.ERROR
        _log.log(level, "a stream was cut off: %s", error, exc_info=not isinstance(error, SpeechError))
        if request.transport is not None:
            request.transport.close()
