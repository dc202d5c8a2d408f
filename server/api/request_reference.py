"""The reference of a request for speech: one that its client keeps, or a recording in the request itself."""

import asyncio

from server.api.reference_fields import InlineReference, ReferenceFields, require_consent
from server.client import Client
from server.errors import RequestError
from server.references.analyzed_recording import AnalyzedRecording
from server.references.reference_service import ReferenceService
from server.synthesis.reference.speech_reference import SpeechReference

PARAM = "reference"


async def resolve_reference(
    service: ReferenceService, reference: str | InlineReference | None, fields: ReferenceFields, client: Client
) -> SpeechReference | None:
    """What of which recording a text takes over; None without a reference.

    Raises `RequestError` for an id that the client does not have, and what `ReferenceService.open` raises.
    """
    if reference is None:
        fields.require_reference()
        return None
    if isinstance(reference, InlineReference):
        require_consent(reference.consent)
        opened = await service.open(await asyncio.to_thread(lambda: reference.data))
        return fields.speech_reference(opened, reference.transcript)
    kept, transcript = await _kept(service, reference, client)
    return fields.speech_reference(kept, transcript)


async def _kept(service: ReferenceService, reference_id: str, client: Client) -> tuple[AnalyzedRecording, str | None]:
    stored = await service.get(client, reference_id)
    opened = await service.open_kept(client, stored) if stored else None
    if stored is None or opened is None:
        raise RequestError(
            f"there is no reference {reference_id[:100]!r}; GET /v1/audio/references lists yours",
            param=PARAM,
            code="unknown_reference",
        )
    return opened, stored.transcript
