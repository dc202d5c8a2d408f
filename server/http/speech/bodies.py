"""The body of a streamed response: the audio itself, or server-sent events with the audio in base64."""

import asyncio
import base64
from typing import Protocol

from server.http.errors import report_error
from server.http.response_model import ResponseModel
from server.http.speech.events import AudioDelta, AudioDone, AudioTimestamps, ErrorEvent, Usage
from server.http.speech.prepared_speech import PreparedSpeech
from server.http.speech.times import SentenceTimes
from server.timestamps.json_document import sentence_object
from server.timestamps.times_first import TimesFirst
from server.types import EncodedChunk


class StreamBody(Protocol):
    """Turns the chunks of an encoded stream into the bytes of a response. Each method may return no bytes."""

    @property
    def media_type(self) -> str:
        """The value of the Content-Type header."""

    def part(self, chunk: EncodedChunk) -> bytes:
        """Returns what is sent for a chunk."""

    async def end(self) -> bytes:
        """Returns what is sent after the last chunk."""

    def failure(self, error: Exception) -> bytes:
        """Returns what is sent before the connection is cut."""


class AudioBody:
    """The audio, and nothing else."""

    def __init__(self, media_type: str) -> None:
        self.media_type = media_type

    def part(self, chunk: EncodedChunk) -> bytes:
        """Returns the audio of the chunk."""
        return chunk.data

    async def end(self) -> bytes:
        """Returns no bytes."""
        return b""

    def failure(self, error: Exception) -> bytes:
        """Returns no bytes: the cut connection is the sign of a failure."""
        return b""


class EventBody:
    """Server-sent events as OpenAI's API has them, and one with times.

    `speech.audio.delta` has a part of the encoded audio, `speech.audio.timestamps` the times of a sentence before its
    first audio, `speech.audio.done` the usage. A failure is an `error` event with the error in OpenAI's format.
    """

    media_type = "text/event-stream"

    def __init__(self, speech: PreparedSpeech) -> None:
        self._speech = speech
        self._samples = 0
        self._times_first = TimesFirst()

    def part(self, chunk: EncodedChunk) -> bytes:
        """Returns the times of the sentence that begins here, if they are wanted, and the audio."""
        self._samples += chunk.samples
        if not self._speech.request.timestamps:
            return _audio_event(chunk)
        events = b""
        for each in self._times_first.of(chunk):
            if each.sentence:
                times = SentenceTimes.model_validate(sentence_object(each.sentence))
                events += _event(AudioTimestamps(sentence=times))
            events += _audio_event(each)
        return events

    async def end(self) -> bytes:
        """Returns the last event. Its usage counts characters of text, and milliseconds of audio."""
        characters = len(self._speech.request.input)
        milliseconds = round(1000 * self._samples / self._speech.plan.rate)
        total = characters + milliseconds
        usage = Usage(input_tokens=characters, output_tokens=milliseconds, total_tokens=total)
        if not self._speech.request.reference_similarity:
            return _event(AudioDone(usage=usage), leave_out={"reference_similarity"})
        similarity = await asyncio.to_thread(self._speech.similarity)
        return _event(AudioDone(usage=usage, reference_similarity=similarity))

    def failure(self, error: Exception) -> bytes:
        """Returns the error event."""
        return _event(ErrorEvent(error=report_error(error).body.error))


def _audio_event(chunk: EncodedChunk) -> bytes:
    return _event(AudioDelta(audio=base64.b64encode(chunk.data).decode("ascii"))) if chunk.data else b""


def _event(event: ResponseModel, leave_out: set[str] | None = None) -> bytes:
    """One event; its JSON has no line breaks, so it is one line."""
    return f"data: {event.model_dump_json(exclude=leave_out)}\n\n".encode()
