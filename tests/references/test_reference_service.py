"""The service: what is deleted is forgotten everywhere."""

import pytest

from server.client import Client
from server.config import Config, ReferencesSection, StorageSection
from server.references.reference_service import ReferenceService

CLIENT = Client("anna")
FIELDS = {"name": "a", "consent": "I am the speaker, and I agree.", "transcript": None}


@pytest.fixture
def forgotten():
    return []


@pytest.fixture
async def service(tmp_path, opened, forgotten, monkeypatch):
    """For one reference of each client, kept for a day; any bytes are a recording."""
    references = ReferencesSection(keep=1.0, client_references=1)
    config = Config(storage=StorageSection(path=tmp_path / "data"), references=references)
    service = ReferenceService(config, forgotten.append)

    async def open_file(data):
        return opened(data)

    monkeypatch.setattr(service, "open", open_file)
    yield service
    service.close()


async def test_what_is_too_old_when_another_is_kept_is_forgotten(service, forgotten, monkeypatch):
    old = await service.add(CLIENT, b"old", **FIELDS)
    other = await service.add(Client("ben"), b"other", **FIELDS)
    assert forgotten == []
    monkeypatch.setattr(service._store, "_clock", lambda: old.created + 86_400)
    new = await service.add(CLIENT, b"new", **FIELDS)
    assert forgotten == [old.digest]
    assert await service.list(CLIENT) == [new]
    assert other.digest not in forgotten
