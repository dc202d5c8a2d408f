"""Entries: the chunks of a stream come back with their times, in fewer pieces."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from server.cache.entry import Entry
from server.types import EncodedChunk, PhoneTiming, SentenceTiming, SyllableTiming, WordTiming

numbers = st.integers(0, 2**32 - 1)
phones = st.builds(PhoneTiming, st.text(max_size=4), numbers, numbers, numbers)
syllables = st.builds(
    SyllableTiming, st.text(), numbers, numbers, st.text(), numbers, numbers, st.lists(phones, max_size=2).map(tuple)
)
words = st.builds(
    WordTiming, st.text(), numbers, numbers, numbers, numbers, numbers, st.lists(syllables, max_size=2).map(tuple)
)
sentences = st.builds(
    SentenceTiming, st.text(), numbers, numbers, numbers, numbers, numbers, st.lists(words, max_size=2).map(tuple)
)
chunks = st.builds(EncodedChunk, st.binary(max_size=50), st.integers(0, 48000), st.none() | sentences)


@given(st.lists(chunks, max_size=8))
def test_an_entry_has_the_audio_and_the_times_of_its_chunks(given_chunks):
    entry = Entry.of(given_chunks)
    found = list(entry.chunks())
    assert b"".join(chunk.data for chunk in found) == b"".join(chunk.data for chunk in given_chunks)
    assert sum(chunk.samples for chunk in found) == sum(chunk.samples for chunk in given_chunks)
    assert [each.sentence for each in found if each.sentence] == [
        each.sentence for each in given_chunks if each.sentence
    ]


@given(st.lists(chunks, min_size=1, max_size=8))
def test_each_sentence_begins_where_it_began(given_chunks):
    def begins(stream):
        position, found = 0, []
        for chunk in stream:
            found += [position] if chunk.sentence else []
            position += chunk.samples
        return found

    assert begins(Entry.of(given_chunks).chunks()) == begins(given_chunks)


def test_small_chunks_are_joined_and_large_ones_are_not():
    small = Entry.of(EncodedChunk(bytes([number]), 1, None) for number in range(100))
    assert [len(chunk.data) for chunk in small.chunks()] == [100]
    large = Entry.of(EncodedChunk(bytes(50_000), 1, None) for _ in range(3))
    assert [len(chunk.data) for chunk in large.chunks()] == [50_000] * 3


def test_times_can_be_left_out():
    sentence = SentenceTiming("你好", 0, 2, 0, 100, 16000, ())
    entry = Entry.of([EncodedChunk(b"a", 1, sentence), EncodedChunk(b"b", 1, sentence)])
    assert [chunk.sentence for chunk in entry.chunks(times=False)] == [None, None]
    assert all(one.sentence == other.sentence == sentence for one, other in pairwise(entry.chunks()))


def test_times_that_follow_are_kept_with_the_beginning_of_their_sentence():
    sentence = SentenceTiming("你好", 0, 2, 0, 100, 16000, ())
    large = bytes(50_000)
    pieces = [
        EncodedChunk(b"silence", 1, None), EncodedChunk(large, 1, None, True), EncodedChunk(large, 1, None, True),
        EncodedChunk(large, 1, sentence), EncodedChunk(large, 1, None),
    ]  # fmt: skip
    assert [(chunk.samples, chunk.sentence, chunk.times_follow) for chunk in Entry.of(pieces).chunks()] == [
        (1, None, False), (3, sentence, False), (1, None, False),
    ]  # fmt: skip
