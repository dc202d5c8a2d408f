"""What the jobs of this process are computed with: the voices and the streams of the server, or of a worker."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from threading import Event
from time import monotonic

from server.audio.label import GeneratedLabel
from server.client import Client
from server.config import Config
from server.errors import RequestError
from server.jobs.documents.document import DocumentLimits, read_parts
from server.jobs.documents.file_names import safe_name
from server.jobs.job import Job, JobResult, Part, PartContent, PartResult
from server.jobs.rendering.part_computation import PartComputation
from server.jobs.rendering.part_files import PartFiles
from server.jobs.rendering.result_file import ResultFormat, ResultWriter
from server.jobs.rendering.speech import FIRST, LAST, PartPlanner, fields_of, output_of
from server.jobs.request import JobRequest
from server.scheduling.async_streams import ActiveStreams
from server.synthesis.speech_plan import SpeechPlan
from server.synthesis.voice_resolver import Voices, allowed_voices
from server.timestamps.formats import timestamp_format

_YIELDED = 3
"""Joining leaves live streams that many times the time that it takes itself."""
_MAX_PAUSE = 0.5
"""Seconds."""
_LINE = re.compile(r"line (\d+)(?=[,:])")


class JobRenderer:
    """Splits requests into parts, computes parts, and joins them; see `Renderer`."""

    def __init__(
        self,
        voices: Voices,
        streams: ActiveStreams,
        config: Config,
        is_busy: Callable[[], bool] = lambda: False,
    ) -> None:
        """`is_busy` says whether live streams are computed at the moment."""
        self._config = config
        self._voices = voices
        self._streams = streams
        self._is_busy = is_busy

    def reconfigure(self, config: Config) -> None:
        """Splits, computes and joins with another configuration from now on."""
        self._config = config

    def split(self, client: Client, request: JobRequest, data: bytes | None) -> Sequence[PartContent]:
        """The parts of a request; see `Renderer.split`."""
        config = self._config
        limits = DocumentLimits(config.jobs.max_characters, config.synthesis.max_characters, config.jobs.max_parts)
        planner = PartPlanner(allowed_voices(self._voices, client.voices), config)
        output = output_of(request)
        if request.timestamps:
            timestamp_format(request.timestamps)
        parts = read_parts(request, data, limits)
        given = request.model_dump(mode="json", exclude_unset=True, exclude={"input", "lines"})

        def plan(part: PartContent) -> SpeechPlan:
            fields = fields_of(given, part) if part.fields else request
            with _located(part):
                return planner.plan(part.text, planner.options(fields))

        def has_speech(part: PartContent) -> bool:
            planned = plan(part)
            with _located(part):
                return planned.has_speech()

        for part in parts:
            output.rate_for(plan(part).rate)
        return _with_ends(parts, has_speech, is_joined=not has_many_files(request))

    async def compute(self, job: Job, part: Part, folder: Path, report: Callable[[int], None]) -> PartResult:
        """Computes a part; see `Renderer.compute`."""
        computation = PartComputation(PartPlanner(self._voices, self._config), self._streams)
        return await computation.compute(job, part, PartFiles(folder), report)

    def join(self, job: Job, parts: Sequence[Part], folder: Path, is_cancelled: Callable[[], bool]) -> JobResult:
        """Makes the result; see `Renderer.join`."""
        fields = JobRequest.model_validate(job.request)
        label = GeneratedLabel.of(self._config.label)
        is_repeatable = fields.seed is not None and job.digest
        result = ResultFormat(
            title=safe_name(job.name, "speech"),
            output=replace(output_of(fields), label=label),
            label_seed=job.digest if is_repeatable else job.id,
            has_many=has_many_files(fields),
            times=timestamp_format(fields.timestamps) if fields.timestamps else None,
            sentence_silence=self._config.synthesis.sentence_silence,
        )
        return ResultWriter(result, PartFiles(folder), self._pause(is_cancelled)).write(parts, folder)

    def _pause(self, is_cancelled: Callable[[], bool]) -> Callable[[], None]:
        """Called after each second of audio: leaves most of the time to live streams."""
        never, worked_since = Event(), monotonic()

        def pause() -> None:
            nonlocal worked_since
            if is_cancelled():
                raise InterruptedError
            if self._is_busy():
                never.wait(min(_YIELDED * (monotonic() - worked_since), _MAX_PAUSE))
            worked_since = monotonic()

        return pause


def has_many_files(request: JobRequest) -> bool:
    """Whether the result is a ZIP with a file for each name of a part, by default for lines."""
    output = request.output or ("zip" if request.kind in ("lines", "jsonl") else "file")
    return output == "zip"


def _with_ends(
    parts: Sequence[PartContent], has_speech: Callable[[PartContent], bool], *, is_joined: bool
) -> list[PartContent]:
    """Notes which parts begin and end a file: of those that have something to speak."""
    found = []
    for _, group in groupby(parts, lambda part: "" if is_joined else part.name):
        file = list(group)
        last = len(file) - 1
        first = next((index for index in range(last) if has_speech(file[index])), last)
        last = next((index for index in range(last, first, -1) if has_speech(file[index])), first)
        for index, part in enumerate(file):
            details = {name: True for name, place in ((FIRST, first), (LAST, last)) if place == index}
            found.append(replace(part, details={**part.details, **details}))
    return found


@contextmanager
def _located(part: PartContent) -> Iterator[None]:
    """Errors in the block get the line of the whole input."""
    try:
        yield
    except RequestError as error:
        line = int(part.details.get("line", 1))
        message = str(error)
        if found := _LINE.match(message):
            message = f"line {line + int(found[1]) - 1}{message[found.end() :]}"
        else:
            message = f"line {line}: {message}"
        raise RequestError(message, param=error.param, code=error.code) from None
