"""Watches the models folder, and says when something in it has changed."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from server.config import ModelsSection

log = logging.getLogger(__name__)

QUIET_MILLISECONDS = 200
"""Changes are reported together when there were none for this time."""
LONGEST_MILLISECONDS = 2000
"""... and at the latest after this time."""
TIMEOUT_MILLISECONDS = 500
"""Between two looks at whether the thread should end."""


class VoiceWatcher:
    """One thread that waits for events of the file system, or looks at it regularly (`models.watch_poll_seconds`)."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        """`on_change` must return quickly."""
        self._on_change = on_change
        self._settings: ModelsSection | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, settings: ModelsSection) -> None:
        """Begins to watch `models.path` if `models.watch` is set."""
        self._settings = settings
        if not settings.watch:
            return
        self._stop = threading.Event()
        arguments = (settings.path, settings.watch_poll_seconds, self._stop)
        self._thread = threading.Thread(target=self._watch, args=arguments, name="voice-watcher", daemon=True)
        self._thread.start()

    def update(self, settings: ModelsSection) -> None:
        """Takes over other settings, if `start` was called."""
        if self._settings is not None and self._settings != settings:
            self._stop.set()  # the old thread ends by itself
            self.start(settings)

    def stop(self) -> None:
        """Ends the thread."""
        self._stop.set()
        if self._thread:
            self._thread.join()

    def _watch(self, folder: Path, poll_seconds: float, stop: threading.Event) -> None:
        import watchfiles  # only here: without models.watch it costs nothing

        logging.getLogger("watchfiles").setLevel(logging.WARNING)
        root = folder.resolve()

        def is_voice(change: watchfiles.Change, path: str) -> bool:
            return not any(part.startswith(".") for part in Path(path).relative_to(root).parts[:1])

        try:
            is_first = True
            for changes in watchfiles.watch(
                root,
                watch_filter=is_voice,
                debounce=LONGEST_MILLISECONDS,
                step=QUIET_MILLISECONDS,
                stop_event=stop,
                rust_timeout=TIMEOUT_MILLISECONDS,
                yield_on_timeout=True,
                raise_interrupt=False,
                force_polling=poll_seconds > 0,
                poll_delay_ms=round(1000 * poll_seconds) or 300,
            ):
                if changes or is_first:  # first, since the folder may have changed before it was watched
                    self._on_change()
                is_first = False
        except Exception as error:  # noqa: BLE001 - its classes are those of the operating system
            log.error("%s is not watched any more; reload the voices by hand (docs/voices.md): %s", folder, error)
