"""A validated request and its plan: everything that is known, and every error of the client's, before the computing."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from server.api.reference_fields import MAX_INLINE
from server.api.request_reference import resolve_reference
from server.audio.encoders import OutputFormat, create_encoder
from server.audio.label import GeneratedLabel
from server.client import Client
from server.config import Config, LabelSection
from server.http.speech.cache_key import CacheKey, CacheKeys
from server.http.speech.request import SpeechRequest, max_bytes
from server.http.startup import Startup
from server.logs.context import report_text
from server.logs.texts import log_text
from server.references.reference_service import ReferenceService
from server.scheduling.playback import PlaybackClock
from server.scheduling.task import Chunks
from server.synthesis.options import SpeechOptions
from server.synthesis.output.encoding import encode_stream, encode_whole
from server.synthesis.output.labeled_speech import TimedSpeech, labeled
from server.synthesis.output.measured_speech import MeasuredSpeech
from server.synthesis.reference.application import ReferenceApplication
from server.synthesis.reference.speech_reference import SpeechReference
from server.synthesis.speech_plan import SpeechPlanner
from server.synthesis.voice_loading import with_voices
from server.synthesis.voice_resolver import Voices, allowed_voices
from server.text.instructions.parser import Instructions
from server.types import EncodedChunk

if TYPE_CHECKING:
    from server.synthesis.registry import VoiceRegistry

APPLIED, IGNORED = "X-Instructions-Applied", "X-Instructions-Ignored"
MAX_IGNORED_BYTES = 2000
"""Of the header, percent-encoding included: clients refuse long ones."""

REFERENCE_APPLIED, REFERENCE_IGNORED = "X-Reference-Applied", "X-Reference-Ignored"

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
    """Of the response, about the instructions and the reference."""
    is_file: bool = False
    """Whether it is computed as a whole file, so that its parts fit together."""
    cache_key: CacheKey | None = None
    """None: its audio is neither looked for nor kept."""

    def similarity(self) -> float | None:
        """How similar the speech is to its reference, where the request asks for it; see `MeasuredSpeech`."""
        return self.plan.similarity() if isinstance(self.plan, MeasuredSpeech) else None

    @property
    def audio_headers(self) -> Mapping[str, str]:
        """Of a response with audio: also the number of its label."""
        label = self.output.label
        return {**self.headers, PRODUCE_ID: label.produce_id} if label else self.headers

    @property
    def media_type(self) -> str:
        """Of the audio."""
        return self.output.media_type(self.plan.rate)

    def encoded(self, clock: PlaybackClock) -> Chunks[EncodedChunk]:
        """The encoded audio, for a scheduler."""
        if self.is_file:
            return encode_whole(self.plan, self.output, clock)
        return encode_stream(self.plan, create_encoder(self.output, self.plan.rate), clock)


class SpeechPreparation:
    """Plans the requests of clients."""

    def __init__(
        self, registry: "VoiceRegistry", startup: Startup, config: Config, references: ReferenceService
    ) -> None:
        self._registry = registry
        self._references = references
        self._startup = startup
        self._config = config
        self.keys = CacheKeys(registry)

    def reconfigure(self, config: Config) -> None:
        """Plans the requests that come from now on with this configuration."""
        self._config = config

    @property
    def max_bytes(self) -> int:
        """Of the body of a request, with a recording in it."""
        return max_bytes(self._config.synthesis.max_characters) + min(MAX_INLINE, 2 * self._references.max_bytes)

    async def prepare(
        self, request: SpeechRequest, client: Client, *, as_file: bool = False, cached: bool = False
    ) -> PreparedSpeech:
        """Raises 503 until the server is ready, and the exceptions of `SpeechPlanner` and `OutputFormat`.

        Raises `AccessDeniedError` for a voice that the client may not use. `as_file`: as a whole file; equal requests
        give equal bytes, also without a seed. `cached`: its audio may come from the cache, and is kept there.
        """
        self._startup.require_ready()
        log_text(request.input)
        voices = allowed_voices(self._registry.snapshot(), client.voices)
        config = self._config
        reference = await resolve_reference(self._references, request.reference, request, client)
        options = replace(request.options, reference=reference)
        cached = cached and not request.reference_similarity
        speech = await with_voices(lambda: self._prepare(request, options, voices, config, as_file, cached))
        report_text(speech.plan.main_voice, len(request.input))
        return speech

    def _prepare(
        self,
        request: SpeechRequest,
        options: SpeechOptions,
        voices: Voices,
        config: Config,
        as_file: bool,
        cached: bool,
    ) -> PreparedSpeech:
        planner = SpeechPlanner.for_config(voices, config)
        output, options = request.output, replace(options, noise=config.cache.seed or 0)
        headers: dict[str, str] = {}
        if as_file and options.seed is None:
            options = replace(options, seed=0)
        if request.instructions:
            keeps_speed = "speed" in request.model_fields_set
            options, found = planner.follow(request.instructions, options, pace=not keeps_speed)
            headers |= instruction_headers(found)
        reference = options.reference
        options, applied = planner.refer(options)
        if applied:
            headers |= reference_headers(applied)
        speech = planner.plan_text(request.input, options)
        plan = labeled(speech, config.label)
        output.rate_for(plan.rate)  # raises for a bit rate that the format does not have at this rate
        key = self.keys.key("file" if as_file else "stream", request.input, options, speech, output, config)
        cache_key = key if cached and key.is_fixed else None
        is_repeatable = cache_key is not None or plan.seed is not None
        if reference and request.reference_similarity:
            plan = _measured(plan, planner, options, reference)
        if label := _label(config.label, key, is_repeatable=is_repeatable):
            output = replace(output, label=label)
        seconds = options.expected_seconds(len(request.input))
        return PreparedSpeech(request, plan, output, seconds, headers, as_file, cache_key)


def _measured(
    speech: TimedSpeech, planner: SpeechPlanner, options: SpeechOptions, reference: SpeechReference
) -> MeasuredSpeech:
    synthesizer, _ = planner.resolve(options.voice, options.speaker)
    return MeasuredSpeech(speech, synthesizer.voice, synthesizer.encoders, reference.recording)


def _label(section: LabelSection, key: CacheKey, *, is_repeatable: bool) -> GeneratedLabel | None:
    """A new label, if labels are on. Its number follows from the request where equal requests give equal bytes."""
    label = GeneratedLabel.of(section)
    return replace(label, produce_id=key.digest[:32]) if label and is_repeatable else label


def instruction_headers(instructions: Instructions) -> dict[str, str]:
    """Returns the headers that name what was applied and what was ignored, in percent-encoded UTF-8."""
    speed = None if instructions.speed is None else f"{instructions.speed:g}"
    applied = [f"{name}={value}" for name, value in (("emotion", instructions.emotion), ("speed", speed)) if value]
    headers = {APPLIED: "; ".join(applied)} if applied else {}
    if instructions.ignored:
        headers[IGNORED] = _encoded_list(instructions.ignored)
    return headers


def reference_headers(application: ReferenceApplication) -> dict[str, str]:
    """Returns the headers that name what was taken over of a reference as plain settings, and what was not."""
    headers = {}
    if application.summary:
        headers[REFERENCE_APPLIED] = quote(application.summary, safe=" =;.")
    if application.ignored:
        headers[REFERENCE_IGNORED] = _encoded_list(application.ignored)
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
