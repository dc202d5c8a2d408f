"""The speech of one part: its text in the voice and the style that the job and the part ask for."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from server.audio.encoders import OutputFormat
from server.config import Config, LabelSection
from server.jobs.job import PartContent
from server.jobs.request import JobRequest
from server.synthesis.options import SpeechOptions
from server.synthesis.output.labeled_speech import TimedSpeech, labeled
from server.synthesis.speech_plan import SpeechPlan, SpeechPlanner
from server.synthesis.voice_resolver import Voices

FIRST, LAST = "first", "last"
"""Details of a part: whether it is the first, or the last one of its file."""


def fields_of(request: Mapping[str, Any], content: PartContent) -> JobRequest:
    """The fields of a job, with those of one of its parts."""
    return JobRequest.model_validate({**request, **content.fields})


def output_of(fields: JobRequest) -> OutputFormat:
    """The format of the result. Raises what `OutputFormat` raises."""
    return OutputFormat(fields.response_format, fields.sample_rate, fields.bit_rate)


@dataclass(frozen=True, slots=True)
class PartSpeech:
    """A part that can be computed."""

    speech: TimedSpeech
    """With the audible label, where the part begins or ends a file that has one."""
    options: SpeechOptions


class PartPlanner:
    """Plans parts, in whatever thread."""

    def __init__(self, voices: Voices, config: Config) -> None:
        self._planner = SpeechPlanner(voices, inline_markup=config.text.marks)
        self._label = config.label

    def options(self, fields: JobRequest) -> SpeechOptions:
        """How a text is spoken, with what the instructions choose. Raises `UnknownNameError` and `VoiceError`."""
        options = fields.options_for(fields.voice)
        if fields.instructions:
            keeps_speed = "speed" in fields.model_fields_set
            options, _ = self._planner.follow(fields.instructions, options, pace=not keeps_speed)
        return options

    def plan(self, text: str, options: SpeechOptions) -> SpeechPlan:
        """The plan of a text, without a label. Raises what `SpeechPlanner.plan_text` raises."""
        return self._planner.plan_text(text, options)

    def prepare(self, fields: JobRequest, content: PartContent) -> PartSpeech:
        """The speech of a part. Raises what `SpeechPlanner.plan_text` raises."""
        options = self.options(fields)
        return PartSpeech(self._speech(content, options), options)

    def at_speed(self, part: PartSpeech, content: PartContent, speed: float) -> PartSpeech:
        """The same part at another speed."""
        options = replace(part.options, style=replace(part.options.style, speed=speed))
        return PartSpeech(self._speech(content, options), options)

    def _speech(self, content: PartContent, options: SpeechOptions) -> TimedSpeech:
        plan = self.plan(content.text, options)
        if not content.details.get(FIRST):
            plan = plan.continuation()
        section = self._section(content)
        return plan if section is None else labeled(plan, section)

    def _section(self, content: PartContent) -> LabelSection | None:
        """The label that belongs to this part of its file. Cues keep their times, so theirs is at the end."""
        position = "end" if content.slot else self._label.position
        if not content.details.get(FIRST if position == "start" else LAST):
            return None
        return self._label.model_copy(update={"position": position})
