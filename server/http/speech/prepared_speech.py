"""A validated request and its plan: everything that is known, and every error of the client's, before the computing."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from server.audio.encoder import AudioEncoder
from server.audio.encoders import OutputFormat, create_encoder
from server.audio.label import GeneratedLabel
from server.client import Client
from server.config import Config, LabelSection
from server.http.speech.request import SpeechRequest
from server.http.startup import Startup
from server.logs.context import report_text
from server.logs.texts import log_text
from server.synthesis.output.labeled_speech import TimedSpeech, labeled
from server.synthesis.speech_plan import SpeechPlanner
from server.synthesis.voice_loading import with_voices
from server.synthesis.voice_resolver import allowed_voices
from server.text.instructions.parser import Instructions

if TYPE_CHECKING:
    from server.synthesis.registry import VoiceRegistry

APPLIED, IGNORED = "X-Instructions-Applied", "X-Instructions-Ignored"
MAX_IGNORED_BYTES = 2000
"""Of the header, percent-encoding included: clients refuse long ones."""

PRODUCE_ID = "X-AIGC-Produce-ID"


@dataclass(frozen=True, slots=True)
class PreparedSpeech:
    """A request that can be computed."""

    request: SpeechRequest
    plan: TimedSpeech
    """With its audible label."""
    output: OutputFormat
    expected_seconds: float
    """A guess at the duration of the audio."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Of the response, about the instructions."""

    @property
    def audio_headers(self) -> Mapping[str, str]:
        """Of a response with audio: also the number of its label."""
        label = self.output.label
        return {**self.headers, PRODUCE_ID: label.produce_id} if label else self.headers

    def create_encoder(self) -> AudioEncoder:
        """The encoder of one stream."""
        return create_encoder(self.output, self.plan.rate)


class SpeechPreparation:
    """Plans the requests of clients."""

    def __init__(self, registry: "VoiceRegistry", startup: Startup, config: Config) -> None:
        self._registry = registry
        self._startup = startup
        self._config = config

    def reconfigure(self, config: Config) -> None:
        """Plans the requests that come from now on with this configuration."""
        self._config = config

    async def prepare(self, request: SpeechRequest, client: Client, *, repeatable: bool = False) -> PreparedSpeech:
        """Raises 503 until the server is ready, and the exceptions of `SpeechPlanner` and `OutputFormat`.

        Raises `AccessDeniedError` for a voice that the client may not use. `repeatable`: equal requests give equal
        bytes, also without a seed.
        """
        self._startup.require_ready()
        log_text(request.input)
        voices = allowed_voices(self._registry.snapshot(), client.voices)
        planner = SpeechPlanner.for_config(voices, self._config)
        label = self._config.label
        speech = await with_voices(lambda: _prepare(request, planner, label, repeatable))
        report_text(speech.plan.main_voice, len(request.input))
        return speech


def _prepare(
    request: SpeechRequest, planner: SpeechPlanner, label_settings: LabelSection, repeatable: bool
) -> PreparedSpeech:
    output, options = request.output, request.options
    headers: dict[str, str] = {}
    if repeatable and options.seed is None:
        options = replace(options, seed=0)
    if request.instructions:
        keeps_speed = "speed" in request.model_fields_set
        options, found = planner.follow(request.instructions, options, pace=not keeps_speed)
        headers |= instruction_headers(found)
    plan = labeled(planner.plan_text(request.input, options), label_settings)
    output.rate_for(plan.rate)  # raises for a bit rate that the format does not have at this rate
    if label := _label(label_settings, request, is_repeatable=plan.seed is not None):
        output = replace(output, label=label)
    return PreparedSpeech(request, plan, output, options.expected_seconds(len(request.input)), headers)


def _label(section: LabelSection, request: SpeechRequest, *, is_repeatable: bool) -> GeneratedLabel | None:
    """A new label, if labels are on. Its number follows from the request where equal requests give equal bytes."""
    label = GeneratedLabel.of(section)
    if label and is_repeatable:
        return replace(label, produce_id=uuid5(NAMESPACE_URL, request.model_dump_json()).hex)
    return label


def instruction_headers(instructions: Instructions) -> dict[str, str]:
    """Returns the headers that name what was applied and what was ignored, in percent-encoded UTF-8."""
    speed = None if instructions.speed is None else f"{instructions.speed:g}"
    applied = [f"{name}={value}" for name, value in (("emotion", instructions.emotion), ("speed", speed)) if value]
    headers = {APPLIED: "; ".join(applied)} if applied else {}
    if instructions.ignored:
        headers[IGNORED] = _encoded_list(instructions.ignored)
    return headers


def _encoded_list(parts: tuple[str, ...]) -> str:
    """`part, part`, percent-encoded; where there are too many, the end is `...`."""
    listed, size = [], 0
    for part in parts:
        encoded = quote(part, safe=" ")
        size += len(encoded) + 2
        if size > MAX_IGNORED_BYTES:
            listed.append("...")
            break
        listed.append(encoded)
    return ", ".join(listed)
