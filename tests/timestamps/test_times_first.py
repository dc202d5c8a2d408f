"""The times of a sentence leave with its first chunk, and nothing is lost."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from server.timestamps.times_first import TimesFirst
from server.types import EncodedChunk, SentenceTiming

SENTENCE = SentenceTiming("你好", 0, 2, 0, 100, 16000, ())


def sentence_chunks(sizes: list[int], known: int, text: str) -> list[EncodedChunk]:
    """The chunks of a sentence, and silence after it; its times come with chunk `known`."""
    timing = replace(SENTENCE, text=text)
    return [
        EncodedChunk(bytes([size]), size, timing if index == known else None, times_follow=index < known)
        for index, size in enumerate(sizes)
    ]


streams = st.lists(
    st.builds(sentence_chunks, st.lists(st.integers(0, 255), min_size=3, max_size=6), st.integers(0, 2), st.text()),
    max_size=4,
)


@given(streams)
def test_every_sentence_begins_with_its_times(sentences: list[list[EncodedChunk]]) -> None:
    times_first = TimesFirst()
    found = [each for sentence in sentences for chunk in sentence for each in times_first.of(chunk)]
    given_chunks = [chunk for sentence in sentences for chunk in sentence]
    assert [(each.data, each.samples) for each in found] == [(each.data, each.samples) for each in given_chunks]
    assert not any(each.times_follow for each in found)
    expected = [
        next(chunk.sentence for chunk in sentence if chunk.sentence) if index == 0 else None
        for sentence in sentences
        for index in range(len(sentence))
    ]
    assert [each.sentence for each in found] == expected


def test_audio_waits_only_for_times_that_follow() -> None:
    times_first = TimesFirst()
    silent, held, known = (
        EncodedChunk(b"a", 1, None),
        EncodedChunk(b"b", 1, None, times_follow=True),
        EncodedChunk(b"c", 1, SENTENCE),
    )
    assert list(times_first.of(silent)) == [silent]
    assert list(times_first.of(held)) == []
    first, second = times_first.of(known)
    assert (first.data, first.sentence, second.data, second.sentence) == (b"b", SENTENCE, b"c", None)
