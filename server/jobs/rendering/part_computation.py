"""Computes one part into its files, beside live streams."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from server.atomic_file import AtomicFile
from server.audio.encoders import OutputFormat, create_encoder
from server.client import Client
from server.errors import NothingToSpeakError
from server.jobs.job import Job, Part, PartContent, PartResult
from server.jobs.rendering.part_files import PartFiles
from server.jobs.rendering.slots import fitting_speed
from server.jobs.rendering.speech import PartPlanner, PartSpeech, fields_of
from server.jobs.threads import in_thread
from server.scheduling.async_streams import ActiveStreams, ChunkStream
from server.synthesis.output.encoding import encode_stream
from server.synthesis.voice_loading import with_voices
from server.types import EncodedChunk, SentenceTiming, SpeechTiming

_LOSSLESS = OutputFormat("flac")

Report = Callable[[int], None]
"""Is told how many characters of a part are done."""


@dataclass(frozen=True, slots=True)
class PartComputation:
    """What computes parts in this process."""

    planner: PartPlanner
    streams: ActiveStreams

    async def compute(self, job: Job, part: Part, files: PartFiles, report: Report) -> PartResult:
        """Computes a part; see `Renderer.compute`."""
        fields = fields_of(job.request, part.content)
        client = Client(name=job.client)
        try:
            speech = await with_voices(lambda: self.planner.prepare(fields, part.content))
            base = speech.options.style.speed
            if part.content.slot:
                speech = await self._fitted(speech, part.content, client)
            timing = await self._write(speech, part, files, client, report)
        except NothingToSpeakError as error:
            return PartResult(0.0, details={"empty": str(error)})
        if fields.timestamps:
            await in_thread(files.write_timing, part.index, timing)
        details: dict[str, Any] = {"samples": timing.samples, "rate": timing.rate}
        if speech.options.style.speed > base:
            details["faster"] = round(speech.options.style.speed / base, 3)
        return PartResult(timing.samples / timing.rate, details=details)

    async def _fitted(self, speech: PartSpeech, content: PartContent, client: Client) -> PartSpeech:
        """The same part, so fast that it fits into its time, as far as that is allowed."""
        assert content.slot

        async def seconds_at(speed: float) -> float:
            part = await with_voices(lambda: self.planner.at_speed(speech, content, speed))
            with await self.streams.open(
                part.speech.main_voice, part.speech.times, client=client, background=True
            ) as times:
                timing = await anext(times)
                return timing.samples / timing.rate

        slot = content.slot.end - content.slot.begin
        speed = await fitting_speed(speech.options.style.speed, slot, seconds_at)
        return await with_voices(lambda: self.planner.at_speed(speech, content, speed))

    async def _write(
        self, part: PartSpeech, which: Part, files: PartFiles, client: Client, report: Report
    ) -> SpeechTiming:
        """Computes and writes the audio. Returns its times."""
        speech, encoder = part.speech, create_encoder(_LOSSLESS, part.speech.rate)
        with await self.streams.open(
            speech.main_voice,
            lambda clock: encode_stream(speech, encoder, clock),
            client=client,
            expected_seconds=part.options.expected_seconds(which.content.characters),
            batched=speech.seed is None,
            background=True,
        ) as chunks:
            await in_thread(files.prepare)
            target = await in_thread(AtomicFile, files.audio(which.index))
            try:
                sentences, samples = await _write_chunks(chunks, target, report)
                await in_thread(target.commit)
            finally:
                target.discard()
        return SpeechTiming(tuple(sentences), samples, speech.rate)


async def _write_chunks(
    chunks: ChunkStream[EncodedChunk], target: AtomicFile, report: Report
) -> tuple[list[SentenceTiming], int]:
    sentences, samples = [], 0
    async for chunk in chunks:
        if chunk.sentence:
            sentences.append(chunk.sentence)
            report(chunk.sentence.start)
        samples += chunk.samples
        if chunk.data:
            await in_thread(target.file.write, chunk.data)
    return sentences, samples
