"""POST /v1/audio/speech/timestamps: the times of a text, without its audio."""

import asyncio

from aiohttp import web
from pydantic import Field

from server.api.fields import Name
from server.http.client import charge, client_of
from server.http.speech.prepared_speech import SpeechPreparation
from server.http.speech.request import SpeechRequest, read_request
from server.scheduling.async_streams import ActiveStreams
from server.timestamps.formats import TIMESTAMP_FORMATS, timestamp_format


class TimestampsRequest(SpeechRequest):
    """A request for times: the fields of speech, those of the audio without effect, and the format."""

    format: Name = Field(
        default="json", description="The format of the times.", json_schema_extra={"enum": list(TIMESTAMP_FORMATS)}
    )


class TimestampsRoute:
    """The /v1/audio/speech/timestamps route."""

    def __init__(self, preparation: SpeechPreparation, streams: ActiveStreams) -> None:
        self._preparation = preparation
        self._streams = streams

    async def post(self, request: web.Request) -> web.Response:
        """Returns the times, which are those of the audio of the same request."""
        fields = await read_request(TimestampsRequest, request, self._preparation.max_bytes)
        chosen = timestamp_format(fields.format)
        speech = await self._preparation.prepare(fields, client_of(request))
        charge(request, len(fields.input))
        plan = speech.plan
        with await self._streams.open(
            plan.main_voice,
            plan.times,
            client=client_of(request),
            expected_seconds=speech.expected_seconds,
            batched=plan.seed is None,
        ) as times:
            timing = await anext(times)
        text = await asyncio.to_thread(chosen.write, timing)
        headers = {"Cache-Control": "no-cache", **speech.headers}
        return web.Response(text=text, content_type=chosen.media_type, charset="utf-8", headers=headers)
