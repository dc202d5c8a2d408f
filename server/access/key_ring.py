"""The keys that are known now: those of config.yaml and of the key file, which is read again when it changes."""

import hmac
import logging
import threading
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from server.access.key_file import KeyFile
from server.access.secret import hash_secret, is_well_formed
from server.config import AccessKey, Config
from server.errors import AuthenticationError, ConfigurationError

_log = logging.getLogger(__name__)

_HINT = "`python -m server keys` lists and adds keys"


class KeyRing:
    """Finds the key of a secret. Safe in several threads.

    Raises `ConfigurationError` where the key file cannot be read. A file that becomes unreadable later, or disappears,
    changes nothing but the log: nobody gains access by a damaged file, and nobody loses it.
    """

    def __init__(self, config: Config) -> None:
        self._lock = threading.Lock()
        self._config = config
        self._file = KeyFile(config.storage.path)
        self._version = self._file.version
        self._from_file = tuple(self._file.read())
        self._has_file = self._version is not None
        self._keys = _by_hash((*config.access.keys, *self._from_file))

    @property
    def is_required(self) -> bool:
        """Whether a request needs a key. Without its last key a server does not open again."""
        match self._config.access.required:
            case "auto":
                return self._has_file or bool(self._config.access.keys)
            case setting:
                return setting == "always"

    @property
    def is_outdated(self) -> bool:
        """Whether the file has changed since it was read. Costs one system call."""
        return self._file.version != self._version

    def reload(self) -> None:
        """Reads the file again if it has changed; keeps the keys and logs an error where that is not possible."""
        with self._lock:
            version = self._file.version
            if version == self._version:
                return
            self._version = version
            try:
                if version is None:
                    raise ConfigurationError(f"{self._file.path} has disappeared")
                found = tuple(self._file.read())
                keys = _by_hash((*self._config.access.keys, *found))
            except ConfigurationError as error:
                _log.error("the keys stay as they were: %s", error)
                return
            self._from_file, self._keys, self._has_file = found, keys, True
            _log.info("%s was read: %d keys", self._file.path, len(found))

    def check(self, config: Config) -> None:
        """Raises `ConfigurationError` where the keys of another configuration do not go with those of the file."""
        _by_hash((*config.access.keys, *self._from_file))

    def reconfigure(self, config: Config) -> None:
        """Takes the keys of another configuration. Its storage folder has no effect before the next start."""
        with self._lock:
            try:
                self._keys = _by_hash((*config.access.keys, *self._from_file))
            except ConfigurationError as error:
                _log.error("the keys stay as they were: %s", error)
                return
            self._config = config

    def find(self, secret: str) -> AccessKey:
        """The key of a secret. Raises `AuthenticationError` where it is not known or has expired.

        The time tells nothing about the keys: whoever tries secrets cannot choose their hashes, so how far the search
        in the table came, which compares hashes, leads no closer to a secret. Where an entry is found,
        `compare_digest` takes the same time for any two hashes.
        """
        if not is_well_formed(secret):
            raise AuthenticationError(
                f"the key is not one of this server, or not complete: it begins with sk-sambert-; {_HINT}"
            )
        digest = hash_secret(secret)
        key = self._keys.get(digest)
        if key is None or not hmac.compare_digest(key.sha256, digest):
            raise AuthenticationError(f"the key is not known here, or was revoked; {_HINT}")
        if has_expired(key):
            raise AuthenticationError(f"the key {key.name} expired after {key.expires}; {_HINT}")
        return key


def has_expired(key: AccessKey) -> bool:
    """Whether its last day is over."""
    return key.expires is not None and datetime.now(UTC).date() > key.expires


def _by_hash(keys: Iterable[AccessKey]) -> Mapping[str, AccessKey]:
    """Raises `ConfigurationError` for two keys with the same name or secret."""
    found: dict[str, AccessKey] = {}
    names = set()
    for key in keys:
        if key.name in names or key.sha256 in found:
            raise ConfigurationError(f"key {key.name!r} is listed twice, or its hash is; remove one of them")
        names.add(key.name)
        found[key.sha256] = key
    return found
