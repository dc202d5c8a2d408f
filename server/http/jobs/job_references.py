"""The reference of a job: the emotion of a recording, written down as plain settings when the job is made.

So a job needs the recording no more, wherever and whenever it is computed, and its client may delete it.
"""

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from server.api.reference_fields import ReferenceFields
from server.api.request_reference import resolve_reference
from server.client import Client
from server.config import Config
from server.errors import RequestError
from server.jobs.request import JobRequest
from server.references.reference_service import ReferenceService
from server.synthesis.speech_plan import SpeechPlanner
from server.synthesis.voice_loading import with_voices
from server.synthesis.voice_resolver import allowed_voices

if TYPE_CHECKING:
    from server.synthesis.registry import VoiceRegistry


class JobReferences:
    """Resolves the references of jobs."""

    def __init__(self, references: ReferenceService, registry: "VoiceRegistry", config: Config) -> None:
        self._references = references
        self._registry = registry
        self._config = config

    def reconfigure(self, config: Config) -> None:
        """Resolves with another configuration from now on."""
        self._config = config

    async def settled(self, client: Client, request: JobRequest) -> JobRequest:
        """The same job with emotion and style in place of its reference. Raises what `resolve_reference` raises."""
        fields = ReferenceFields(reference_strength=request.reference_strength, reference_use=("emotion",))
        if request.reference is None:
            if request.reference_strength != 1:
                fields.require_reference()
            return request
        if request.instructions:
            raise RequestError("a job takes a reference or instructions; leave one of them out", param="reference")
        reference = await resolve_reference(self._references, request.reference, fields, client)
        planner = SpeechPlanner.for_config(allowed_voices(self._registry.snapshot(), client.voices), self._config)
        options = replace(request.options_for(request.voice), reference=reference)
        chosen, _ = await with_voices(lambda: planner.refer(options))
        style = {name: value for name, value in asdict(chosen.style).items() if value != getattr(request, name)}
        given = request.model_dump(exclude_unset=True, exclude={"reference", "reference_strength"})
        emotion = {"emotion": chosen.emotion} if chosen.emotion else {}
        return JobRequest.model_validate({**given, **emotion, **style})
