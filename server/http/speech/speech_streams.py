"""The streams of prepared requests: from the cache, shared with equal requests, or computed for one alone."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Literal, TypeAlias

from server.cache import AudioCache, CacheStatus, ChunkSource
from server.client import LOCAL_CLIENT, Client
from server.http.speech.cache_key import CacheKeys
from server.http.speech.prepared_speech import PreparedSpeech
from server.scheduling.async_streams import ActiveStreams

CACHE_HEADER = "X-Cache"

Status: TypeAlias = CacheStatus | Literal["bypass"]
"""`bypass`: computed for this request alone, and not kept."""


@dataclass(frozen=True, slots=True)
class OpenedSpeech:
    """The chunks of a request, and where they come from."""

    chunks: ChunkSource
    status: Status


class SpeechStreams:
    """Opens the streams of prepared requests."""

    def __init__(self, streams: ActiveStreams, cache: AudioCache, keys: CacheKeys) -> None:
        self._streams = streams
        self._cache = cache
        self._keys = keys

    @property
    def caches(self) -> bool:
        """Whether anything is kept."""
        return self._cache.enabled

    @property
    def stall_limit(self) -> float | None:
        """Seconds after which a client that does not read is cut off; None: never."""
        return self._streams.stall_limit

    async def open(
        self, speech: PreparedSpeech, client: Client = LOCAL_CLIENT, *, background: bool = False
    ) -> OpenedSpeech:
        """The chunks for a request. Stored ones wait for no place. Raises what `ActiveStreams.open` raises."""

        async def begin() -> ChunkSource:
            return await self._streams.open(
                speech.plan.main_voice,
                speech.encoded,
                client=client,
                expected_seconds=speech.expected_seconds,
                batched=speech.plan.seed is None,
                background=background,
            )

        key = speech.cache_key
        if key is None:
            return OpenedSpeech(await begin(), "bypass")
        opened = await self._cache.open(
            key.digest,
            begin,
            keep=lambda: self._keys.stands(key),
            times=speech.request.timestamps,
            background=background,
        )
        return OpenedSpeech(opened.chunks, opened.status)

    def sending(self, opened: OpenedSpeech) -> AbstractContextManager[None]:
        """In this block the chunks are sent, so that a server that stops waits for them, also if they are computed."""
        return nullcontext() if opened.status == "bypass" else self._streams.sending()

    def status(self, speech: PreparedSpeech) -> Status:
        """What `open` would probably say. Opens nothing."""
        return self._cache.status(speech.cache_key.digest) if speech.cache_key else "bypass"
