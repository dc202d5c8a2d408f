"""Starts tasks: resolves the voice, plans the text and opens the stream."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from server.access.caller import Caller
from server.api.request_reference import resolve_reference
from server.audio.encoder import AudioEncoder
from server.audio.encoders import OutputFormat, create_encoder
from server.client import Client
from server.config import Config
from server.errors import RequestError, UnknownNameError
from server.http.dashscope.errors import UnknownModelError
from server.http.dashscope.messages import RunTask
from server.http.dashscope.parameters import Parameters, voice_of_model
from server.http.dashscope.results import PiecesResults, WholeTextResults
from server.http.dashscope.task import PiecesTask, SpeechTask
from server.http.dashscope.usage import Usage
from server.logs.context import report_text
from server.logs.texts import log_text
from server.references.reference_service import ReferenceService
from server.scheduling.async_streams import ActiveStreams, ChunkStream
from server.synthesis.options import SpeechOptions
from server.synthesis.output.encoding import encode_stream
from server.synthesis.output.labeled_speech import Speech, labeled, labeled_input
from server.synthesis.reference.speech_reference import SpeechReference
from server.synthesis.speech_input import SpeechInput
from server.synthesis.speech_plan import SpeechPlanner
from server.synthesis.voice_loading import with_voices
from server.synthesis.voice_resolver import Voices, allowed_voices
from server.text.markdown import MarkdownFilter
from server.types import EncodedChunk

if TYPE_CHECKING:
    from server.synthesis.registry import VoiceRegistry

CHARACTERS_IN_PIECES = 100
"""A guess at the length of a text that is not known yet."""
INSTRUCTION = "parameters.instruction"
SAMBERT_FORMAT = OutputFormat("wav", 16000)
COSYVOICE_FORMAT = OutputFormat("mp3", 22050)
"""The defaults of the cloud, which clients rely on."""


@dataclass(frozen=True, slots=True)
class TaskNotes:
    """What a client is told when its task starts."""

    warnings: tuple[str, ...]
    """What has no effect."""
    reference: str = ""
    """What is taken over of a recording."""


@dataclass(frozen=True, slots=True)
class _PreparedTask:
    """A task that can be computed."""

    parameters: Parameters
    speech: Speech
    text: SpeechInput | None
    """Takes the text; None if it is whole."""
    usage: Usage
    encoder: AudioEncoder
    expected_seconds: float
    notes: TaskNotes


class TaskStarter:
    """Starts the tasks of all connections."""

    def __init__(
        self, registry: "VoiceRegistry", streams: ActiveStreams, config: Config, references: ReferenceService
    ) -> None:
        self._registry = registry
        self._references = references
        self._streams = streams
        self._config = config

    def reconfigure(self, config: Config) -> None:
        """Starts the tasks that come from now on with this configuration."""
        self._config = config

    async def start(self, message: RunTask, caller: Caller) -> tuple[SpeechTask, TaskNotes]:
        """The task and what is said of it. Raises `RequestError`, `BusyError` or `VoiceError`.

        Raises `AccessDeniedError` for a voice that the caller may not use, `QuotaError` where its characters are used
        up.
        """
        try:
            parameters = Parameters.parse(message.payload.parameters)
            reference = await resolve_reference(self._references, parameters.reference, parameters, caller.client)
            preparation = _TaskPreparation(self._registry.snapshot(), self._config, caller)
            task = await with_voices(lambda: preparation.prepare(message, parameters, reference))
            chunks = await self._open(task, caller.client)
        except Exception:
            caller.refund()
            raise
        task_id, usage = message.header.task_id, task.usage
        if task.text is None:
            whole = WholeTextResults(task_id, **task.parameters.times)
            return SpeechTask(task_id, chunks, whole, usage), task.notes
        results = PiecesResults(task_id, **task.parameters.times)
        filters_markdown = task.parameters.enable_markdown_filter
        return PiecesTask(task_id, chunks, results, usage, task.text, filters_markdown=filters_markdown), task.notes

    async def _open(self, task: _PreparedTask, client: Client) -> ChunkStream[EncodedChunk]:
        return await self._streams.open(
            task.speech.main_voice,
            lambda clock: encode_stream(task.speech, task.encoder, clock),
            client=client,
            expected_seconds=task.expected_seconds,
            batched=task.speech.seed is None,
        )


class _TaskPreparation:
    """Plans the text of one task, with the voices and the configuration of its start, for one caller."""

    def __init__(self, voices: Voices, config: Config, caller: Caller) -> None:
        self._voices = allowed_voices(voices, caller.client.voices)
        self._config = config
        self._charge = caller.charge
        self._planner = SpeechPlanner.for_config(self._voices, config)

    def prepare(self, message: RunTask, parameters: Parameters, reference: SpeechReference | None) -> _PreparedTask:
        """The task. Raises `RequestError` or `VoiceError`."""
        options, ignored = self._options(parameters, message.payload.model)
        options, applied = self._planner.refer(replace(options, reference=reference))
        in_pieces = message.header.streaming == "duplex"
        section = self._config.label
        label = parameters.label(section, message.header.task_id)
        output = parameters.output_format(COSYVOICE_FORMAT if in_pieces else SAMBERT_FORMAT, label)
        text: SpeechInput | None = None
        usage = Usage(self._config.synthesis.max_characters, self._charge)
        if in_pieces:
            text = self._planner.open_input(options, early=self._config.synthesis.early_clause)
            speech = labeled_input(text, section)
            characters = CHARACTERS_IN_PIECES
        else:
            checked = Usage(self._config.synthesis.max_characters)
            written = _whole_text(message, checked, filters_markdown=parameters.enable_markdown_filter)
            speech = labeled(self._planner.plan_text(written, options), section)
            usage.add(message.payload.input.text or "")  # at last: the work is repeated when a voice must be loaded
            characters = len(written)
            report_text(speech.main_voice, characters)
        encoder = create_encoder(output, speech.rate)
        unused = [f"parameters.reference: {each}" for each in applied.ignored] if applied else []
        notes = TaskNotes((*parameters.warnings(), *ignored, *unused), applied.summary if applied else "")
        return _PreparedTask(parameters, speech, text, usage, encoder, options.expected_seconds(characters), notes)

    def _voice_of(self, parameters: Parameters, model: str) -> tuple[str, str]:
        """The names of the voice and the speaker of a task. A model that names none is told as such."""
        # An alias or a voice may have the whole name of a model.
        known = {*self._voices.aliases, *self._voices.sample_rates()}
        name = model if model in known else voice_of_model(model)
        try:
            synthesizer, speaker = self._planner.resolve(parameters.voice or name)
        except UnknownNameError as error:
            if parameters.voice or name is None:
                raise
            raise UnknownModelError(
                f"model {model!r} names no voice here: {error}; config.yaml may add it (models.aliases)"
            ) from None
        return synthesizer.voice.name, speaker

    def _options(self, parameters: Parameters, model: str) -> tuple[SpeechOptions, list[str]]:
        """How the text is spoken, and the parts of the instruction that were not understood."""
        options = SpeechOptions(
            *self._voice_of(parameters, model),
            style=parameters.style,
            wording=parameters.hot_fix.wording,
            seed=parameters.seed or None,
        )
        if not parameters.instruction:
            return options, []
        # Clients send a rate of 1 also where nobody has chosen it.
        options, found = self._planner.follow(parameters.instruction, options, pace=parameters.rate == 1)
        return options, [f"{INSTRUCTION}: {part!r} was not understood" for part in found.ignored]


def _whole_text(message: RunTask, usage: Usage, *, filters_markdown: bool) -> str:
    """The text as it is spoken; the usage counts it as it was sent. Raises `RequestError` where there is none."""
    text: str | None = message.payload.input.text
    if not text:
        raise RequestError("payload.input.text is missing or empty; with streaming out, send the whole text")
    usage.add(text)
    log_text(text)
    if not filters_markdown:
        return text
    markdown = MarkdownFilter()
    return markdown.append(text) + markdown.finish()
