"""POST /v1/audio/speech: text in, audio out while it is still being computed."""

import asyncio
import logging
from typing import TYPE_CHECKING

from aiohttp import web

from server.audio.encoders import AudioEncoder, create_encoder
from server.config import Config
from server.errors import ShutdownError, SpeechError, SynthesisError
from server.http.schema import SpeechRequest, parse
from server.http.startup import Startup
from server.http.streams import ActiveStreams, Stream
from server.scheduling.playback import PlaybackClock
from server.scheduling.task import Speech, each
from server.synthesis.multi_voice import SpeechPlan, SpeechPlanner
from server.text.markup.parser import read
from server.text.markup.script import SpeakingStyle

if TYPE_CHECKING:
    from server.synthesis.registry import VoiceRegistry

_log = logging.getLogger(__name__)

SECONDS_PER_CHARACTER = 0.2
"""A guess at how long a text takes to speak."""


class SpeechRoute:
    """Text, with marks or as SSML, in; audio out."""

    def __init__(self, library: "VoiceRegistry", readiness: Startup, bridge: ActiveStreams, config: Config) -> None:
        self._narrator = SpeechPlanner(library)
        self._readiness = readiness
        self._bridge = bridge
        self._longest = config.synthesis.max_characters
        self._marks = config.text.marks

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/v1/audio/speech", self.speak)]

    async def speak(self, request: web.Request) -> web.StreamResponse:
        """The status is decided when the first chunk is there: up to then every failure is a proper error."""
        if request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType(
                text=f"send JSON with Content-Type: application/json, not {request.content_type}"
            )
        wanted = parse(await request.read(), self._longest)
        self._readiness.require()
        narration = await asyncio.to_thread(self._prepare, wanted)
        encoder = create_encoder(wanted.response_format, narration.rate)
        pace, expected = PlaybackClock(), len(wanted.input) * SECONDS_PER_CHARACTER / wanted.speed
        speech = _encoded(narration, encoder, pace)
        with self._bridge.stream(speech, pace, voice=narration.voice, expected=expected) as chunks:
            first = await anext(chunks, None)
            if first is None:
                raise SynthesisError("the voice computed no audio for this text")
            response = web.StreamResponse(
                headers={
                    "Content-Type": encoder.media_type,
                    "Cache-Control": "no-cache",
                    "X-Accel-Buffering": "no",
                }
            )
            await response.prepare(request)
            await _send(request, response, encoder.header() + first, chunks)
            return response

    def _prepare(self, wanted: SpeechRequest) -> SpeechPlan:
        script = read(wanted.input, SpeakingStyle(wanted.style), marks=self._marks)
        return self._narrator.prepare(script, voice=wanted.voice, speaker=wanted.speaker, emotion=wanted.emotion)


def _encoded(narration: SpeechPlan, encoder: AudioEncoder, pace: PlaybackClock) -> Speech[bytes]:
    """Runs in the scheduler's threads, the checks of the text included."""
    yield from each(narration.speech(pace), lambda audio: encoder.encode(audio) or None)
    if end := encoder.finish():
        yield end


async def _send(request: web.Request, response: web.StreamResponse, first: bytes, chunks: Stream) -> None:
    """Writes the stream. A failure half-way cuts the connection: a clean end would pass for the whole speech."""
    try:
        await response.write(first)
        async for chunk in chunks:
            await response.write(chunk)
        await response.write_eof()
    except ConnectionError:
        _log.debug("the client went away")
    except Exception as error:
        expected = isinstance(error, SpeechError)
        level = logging.WARNING if isinstance(error, ShutdownError) else logging.ERROR
        _log.log(level, "a stream was cut off: %s", error, exc_info=None if expected else error)
        if request.transport is not None:
            request.transport.close()
