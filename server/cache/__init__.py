"""Finished audio for equal requests: in memory, on the disk, and while it is still computed.

It knows keys and encoded chunks, no requests and no voices. `cachetools` decides what leaves. No library for the disk
is used: `diskcache` has had no release since 2023 and reads its files with pickle, which executes what is in them (a
reported vulnerability). Its index is a database, whose damage would cost all entries; a file of its own costs one.
"""

from server.cache.audio_cache import AudioCache, CachedStream, CacheStatus
from server.cache.report import CacheReport, TierReport
from server.cache.shared_stream import ChunkSource

__all__ = ["AudioCache", "CacheReport", "CacheStatus", "CachedStream", "ChunkSource", "TierReport"]
