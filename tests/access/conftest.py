"""Keys in files of a temporary storage folder."""

from pathlib import Path

import pytest

from server.access.key_file import KeyFile
from server.config import AccessKey, Config
from tests.keys import make_key


@pytest.fixture
def key_file(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "data")


@pytest.fixture
def config(tmp_path: Path):
    """`config(required="always")`: a configuration with the storage folder of `key_file`."""

    def make(**access: object) -> Config:
        return Config.model_validate({"storage": {"path": str(tmp_path / "data")}, "access": access})

    return make


@pytest.fixture
def add(key_file: KeyFile):
    """Adds a key to the file; returns its secret."""

    def add(name: str = "reception", **limits: object) -> str:
        secret, entry = make_key(name, **limits)
        key_file.change(lambda keys: [*keys, AccessKey(**entry)])
        return secret

    return add
