"""The routes below /v1/audio/references."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp import web
from pydantic import Field

from server.api.fields import Fields, Name
from server.client import Client
from server.errors import UnknownReferenceError
from server.http.client import client_of
from server.http.references.objects import (
    PATH,
    ReferenceDeleted,
    ReferenceList,
    ReferenceObject,
    ReferenceSettings,
)
from server.http.references.upload import read_upload
from server.http.response_model import model_response
from server.http.speech.query import json_fields, query_json
from server.http.speech.request import validate_json
from server.http.startup import Startup
from server.references.analyzed_recording import AnalyzedRecording
from server.references.reference_file import StoredReference
from server.references.reference_service import ReferenceService
from server.synthesis.reference.application import apply_reference
from server.synthesis.reference.speech_reference import ReferenceUse, SpeechReference
from server.synthesis.voice_loading import with_voices
from server.synthesis.voice_resolver import VoiceResolver, Voices, allowed_voices

if TYPE_CHECKING:
    from server.synthesis.registry import VoiceRegistry

_NO_STORE = {"Cache-Control": "no-store"}


class SettingsFields(Fields):
    """The query of the settings."""

    voice: Name | None = Field(
        default=None, description="A voice, an alias, or `voice/speaker`; by default the default voice."
    )
    speaker: Name | None = Field(default=None, description="A speaker of the voice; by default the first one.")
    strength: float = Field(default=1.0, ge=0, le=1, description="As `reference_strength` of a request for speech.")


_JSON_FIELDS = json_fields(SettingsFields)


class ReferencesRoutes:
    """References of clients: each sees its own."""

    def __init__(self, service: ReferenceService, registry: "VoiceRegistry", startup: Startup) -> None:
        self._service = service
        self._registry = registry
        self._startup = startup

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Adds the routes."""
        router.add_post(PATH, self.create)
        router.add_get(PATH, self.list, allow_head=False)
        router.add_get(PATH + "/{id}", self.get, allow_head=False)
        router.add_delete(PATH + "/{id}", self.delete)
        router.add_get(PATH + "/{id}/settings", self.settings, allow_head=False)

    async def create(self, request: web.Request) -> web.Response:
        """Keeps a recording."""
        upload = await read_upload(request, self._service.max_bytes)
        fields, client = upload.fields, client_of(request)
        stored = await self._service.add(
            client, upload.data, name=fields.name, consent=fields.consent, transcript=fields.transcript
        )
        self._measure_default_voice()
        headers = {**_NO_STORE, "Location": f"{PATH}/{stored.id}"}
        return model_response(ReferenceObject.of(stored, stored.analysis), 201, headers)

    async def list(self, request: web.Request) -> web.Response:
        """The client's references, the newest first."""
        found = await self._service.list(client_of(request))
        data = tuple(ReferenceObject.of(stored, stored.analysis) for stored in found)
        return model_response(ReferenceList(data=data), headers=_NO_STORE)

    async def get(self, request: web.Request) -> web.Response:
        """One reference. It is measured again where another version of the server has measured it."""
        stored = await self._stored(request)
        analysis = stored.analysis or (await self._opened(client_of(request), stored)).analysis
        return model_response(ReferenceObject.of(stored, analysis), headers=_NO_STORE)

    async def delete(self, request: web.Request) -> web.Response:
        """Deletes one."""
        reference_id = request.match_info["id"]
        if not await self._service.delete(client_of(request), reference_id):
            raise UnknownReferenceError(reference_id)
        return model_response(ReferenceDeleted(id=reference_id), headers=_NO_STORE)

    async def settings(self, request: web.Request) -> web.Response:
        """What a voice takes over of it, as plain settings."""
        self._startup.require_ready()
        fields = validate_json(SettingsFields, query_json(urlsplit(request.raw_path).query, _JSON_FIELDS))
        client = client_of(request)
        stored = await self._stored(request)
        opened = await self._opened(client, stored)
        voices = allowed_voices(self._registry.snapshot(), client.voices)
        settings = await with_voices(lambda: _settings(stored.id, fields, opened, voices))
        return model_response(settings, headers=_NO_STORE)

    def _measure_default_voice(self) -> None:
        """In the background, so that the first request with the recording need not wait for it."""
        default = self._registry.voices.get(self._registry.default_voice or "")
        if default:
            self._registry.comparisons.profiles.prepare(default, default.voice.speaker(None))

    async def _stored(self, request: web.Request) -> StoredReference:
        """The reference of the path. Raises 404 for those of others too."""
        reference_id = request.match_info["id"]
        stored = await self._service.get(client_of(request), reference_id)
        if stored is None:
            raise UnknownReferenceError(reference_id)
        return stored

    async def _opened(self, client: Client, stored: StoredReference) -> AnalyzedRecording:
        opened = await self._service.open_kept(client, stored)
        if opened is None:
            raise UnknownReferenceError(stored.id)
        return opened


def _settings(
    reference_id: str, fields: SettingsFields, opened: AnalyzedRecording, voices: Voices
) -> ReferenceSettings:
    synthesizer, speaker = VoiceResolver(voices).resolve(fields.voice, fields.speaker)
    uses = frozenset((ReferenceUse.TIMBRE, ReferenceUse.EMOTION))  # with delivery, there would be no style
    reference = SpeechReference(opened.recording, opened.analysis, uses, fields.strength)
    application = apply_reference(reference, synthesizer, speaker)
    return ReferenceSettings.of(reference_id, (synthesizer.voice, speaker), fields.strength, application)
