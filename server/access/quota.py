"""Counts the characters that each key has used today, and refuses more than its limit.

The counts outlive a restart. They are written now and then and at the end, so a process that is killed forgets the last
seconds.
"""

import json
import logging
import math
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from server.atomic_file import write_atomic
from server.config import AccessKey
from server.errors import QuotaError, RequestError

NAME = "characters.json"

_log = logging.getLogger(__name__)


class CharacterQuota:
    """The characters of the current day (UTC), by the name of the key. Safe in several threads."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._lock = threading.Lock()
        self._day, self._used = _read(self._path)
        self._changed = False
        self._writable = True

    def charge(self, key: AccessKey, characters: int) -> None:
        """Counts characters. Raises `QuotaError` where the key may not use so many any more today; counts none then."""
        now = datetime.now(UTC)
        with self._lock:
            self._begin_day(now)
            used = self._used[key.name]
            if key.characters_per_day and used + characters > key.characters_per_day:
                raise QuotaError(
                    f"key {key.name} may use {key.characters_per_day} characters a day and has used {used}; this text "
                    f"has {characters}. The day ends at midnight UTC",
                    retry_after=_rest_of_day(now),
                )
            self._used[key.name] = used + characters
            self._changed = True

    def refund(self, key: AccessKey, characters: int) -> None:
        """Takes characters back that were not spoken."""
        with self._lock:
            self._used[key.name] = max(0, self._used[key.name] - characters)
            self._changed = True

    def used(self, name: str) -> int:
        """The characters that the key of this name has used today."""
        with self._lock:
            self._begin_day(datetime.now(UTC))
            return self._used[name]

    def save(self) -> None:
        """Writes the counts if they have changed. Where that fails, they are still right until the process ends."""
        with self._lock:
            if not self._changed:
                return
            content = json.dumps({"day": self._day, "characters": self._used}).encode()
            self._changed = False
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(self._path, content)
        except (OSError, RequestError) as error:
            if self._writable:
                _log.error("the characters of today would be lost with a restart: %s", error)
            self._writable, self._changed = False, True
        else:
            self._writable = True

    def _begin_day(self, now: datetime) -> None:
        """A clock that is set gives every key a new day at worst."""
        day = now.date().isoformat()
        if day != self._day:
            self._day, self._used, self._changed = day, Counter(), True


def _rest_of_day(now: datetime) -> int:
    midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), UTC)
    return max(1, math.ceil((midnight - now).total_seconds()))


def _read(path: Path) -> tuple[str, Counter[str]]:
    """The day and its counts. A damaged file is reported, and its counts begin anew."""
    try:
        content = json.loads(path.read_bytes())
        day, counts = str(content["day"]), {str(name): int(count) for name, count in content["characters"].items()}
    except FileNotFoundError:
        return "", Counter()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        _log.error("%s cannot be read, the characters of today begin at 0: %s", path, error)
        return "", Counter()
    return day, Counter(counts)
