"""Each file is decoded and analyzed once, as long as it is in memory."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from server.config import ReferencesSection
from server.errors import RequestError
from server.references import reference_cache
from server.references.reference_cache import ReferenceCache
from tests.audio.recording_files import spoken, wav
from tests.references.conftest import ANALYSIS


@pytest.fixture
def decoded(monkeypatch, opened):
    """The files that were decoded, each with the limit of its length."""
    calls = []

    def decode(data, max_seconds):
        calls.append((data, max_seconds))
        if data == b"bad":
            raise RequestError("no recording", param="reference", code="unreadable_audio")
        return opened(data).recording

    monkeypatch.setattr(reference_cache, "decode", decode)
    return calls


def cache_of(**settings):
    return ReferenceCache(ReferencesSection(**settings), lambda recording: ANALYSIS)


def test_a_known_file_is_not_decoded_again(decoded, opened):
    cache = cache_of(max_seconds=9.0)
    first = cache.open(b"a")
    assert first.analysis is ANALYSIS
    assert cache.open(b"a") is first
    assert cache.known(first.recording.digest) is first
    assert cache.known(opened(b"b").recording.digest) is None
    assert decoded == [(b"a", 9.0)]
    assert (cache.hits, cache.misses) == (2, 1)


def test_what_is_forgotten_is_decoded_again(decoded):
    cache = cache_of()
    digest = cache.open(b"a").recording.digest
    cache.forget(digest)
    cache.forget(digest)
    assert cache.known(digest) is None
    cache.open(b"a")
    assert len(decoded) == 2


def test_what_is_forgotten_while_it_is_decoded_is_not_kept(monkeypatch, opened):
    cache, digest = cache_of(), opened(b"a").recording.digest

    def decode(data, max_seconds):
        cache.forget(digest)
        return opened(data).recording

    monkeypatch.setattr(reference_cache, "decode", decode)
    assert cache.open(b"a").recording.digest == digest
    assert cache.known(digest) is None


def test_a_server_that_takes_no_references_any_more_knows_none(decoded):
    cache = cache_of()
    digest = cache.open(b"a").recording.digest
    cache.reconfigure(ReferencesSection(enabled=False))
    assert cache.known(digest) is None


def test_a_real_file_is_decoded_and_analyzed():
    seen = []
    opened = ReferenceCache(ReferencesSection(), lambda recording: seen.append(recording) or ANALYSIS).open(
        wav(spoken())
    )
    assert opened.recording.format == "wav"
    assert seen == [opened.recording]


def test_concurrent_requests_for_one_file_decode_it_once(monkeypatch, opened):
    begun, may_end, calls = threading.Event(), threading.Event(), []

    def decode(data, max_seconds):
        calls.append(data)
        begun.set()
        assert may_end.wait(60)
        return opened(data).recording

    monkeypatch.setattr(reference_cache, "decode", decode)
    cache = cache_of()
    with ThreadPoolExecutor(5) as threads:
        results = [threads.submit(cache.open, b"a") for _ in range(5)]
        assert begun.wait(60)
        may_end.set()
        found = {id(each.result()) for each in results}
    assert len(found) == len(calls) == 1
    assert (cache.hits, cache.misses) == (4, 1)


def test_a_file_that_is_refused_is_refused_again(decoded):
    cache = cache_of()
    for _ in range(2):
        with pytest.raises(RequestError, match="no recording"):
            cache.open(b"bad")
    assert len(decoded) == 2


def test_the_least_recently_used_leave_memory(decoded):
    cache = cache_of(memory_mb=1)  # a recording of the fixture has 128 KB: eight fit
    digests = [cache.open(bytes([number])).recording.digest for number in range(8)]
    cache.open(bytes([0]))
    cache.open(b"another")
    assert cache.known(digests[0])
    assert not cache.known(digests[1])
    cache.reconfigure(ReferencesSection(memory_mb=0))
    assert not cache.known(digests[0])
    cache.open(b"another")
    cache.open(b"another")
    assert [data for data, _ in decoded].count(b"another") == 3


@pytest.mark.parametrize(
    ("settings", "size", "code"),
    [({"enabled": False}, 1, "references_disabled"), ({"max_megabytes": 1}, 2**20 + 1, "audio_too_large")],
)
def test_what_the_configuration_does_not_allow_is_not_decoded(decoded, settings, size, code):
    with pytest.raises(RequestError, match=r"config\.yaml") as refusal:
        cache_of(**settings).open(bytes(size))
    assert (refusal.value.param, refusal.value.code) == ("reference", code)
    assert not decoded
