"""What the client of a task receives for its chunks: events and audio, which differ between the two modes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from server.http.dashscope import events
from server.http.dashscope.events import Event
from server.http.dashscope.sentence_times import sentence_object, word_objects
from server.http.dashscope.usage import count_characters
from server.timestamps.times_first import TimesFirst
from server.types import EncodedChunk, SentenceTiming


class Results(Protocol):
    """The messages of one task: audio as bytes, everything else as events."""

    def of(self, chunk: EncodedChunk) -> Iterator[Event | bytes]:
        """The messages for the next chunk."""

    def end(self) -> Iterator[Event]:
        """The messages after the last chunk."""

    @property
    def output(self) -> Mapping[str, Any] | None:
        """What `task-finished` has besides the usage."""


class WholeTextResults:
    """Sambert: audio, and before that of a sentence its times, if they are asked for."""

    def __init__(self, task_id: str, *, words: bool, phonemes: bool) -> None:
        self._task_id = task_id
        self._phonemes = phonemes
        self._times_first = TimesFirst() if words else None
        self._characters = 0

    def of(self, chunk: EncodedChunk) -> Iterator[Event | bytes]:
        """The times of the sentence that begins with the chunk, then its audio."""
        for each in self._times_first.of(chunk) if self._times_first else (chunk,):
            if each.sentence and self._times_first:
                self._characters += count_characters(each.sentence.text)
                sentence = sentence_object(each.sentence, phonemes=self._phonemes)
                yield events.sentence_times(self._task_id, sentence, self._characters)
            if each.data:
                yield each.data

    def end(self) -> Iterator[Event]:
        """Nothing."""
        yield from ()

    @property
    def output(self) -> None:
        """The official client takes anything else for a sentence."""
        return


class PiecesResults:
    """CosyVoice: the beginning and the end of every sentence, and an event before every binary chunk.

    The times of a sentence are sent twice, as the cloud does: with its first audio, and at its end. That is known from
    its length, so that a client hears of it also while no more text comes.
    """

    def __init__(self, task_id: str, *, words: bool, phonemes: bool) -> None:
        self._task_id = task_id
        self._has_words = words
        self._has_phonemes = phonemes
        self._times_first = TimesFirst()
        self._characters = 0
        self._position = 0
        """Samples so far, at the rate of the speech."""
        self._count = 0
        """Sentences so far."""
        self._sentence: SentenceTiming | None = None
        """The one that has not ended."""
        self._words: list[Any] = []
        """Of the sentence."""
        self._all_words: list[Any] = []

    def of(self, chunk: EncodedChunk) -> Iterator[Event | bytes]:
        """The beginning of a sentence where it begins, the audio and its event, the end of a sentence where it ends."""
        for each in self._times_first.of(chunk):
            yield from self._of(each)

    def _of(self, chunk: EncodedChunk) -> Iterator[Event | bytes]:
        new_words: Sequence[Any] = ()
        if chunk.sentence:
            yield from self.end()
            new_words = self._begin(chunk.sentence)
            yield events.sentence_begin(self._task_id, self._index, chunk.sentence.text)
        if chunk.data:
            yield events.sentence_audio(self._task_id, self._index, new_words)
            yield chunk.data
        self._position += chunk.samples
        if self._sentence and self._position >= self._sentence.end:
            yield from self.end()

    def end(self) -> Iterator[Event]:
        """The end of the last sentence."""
        if self._sentence:
            self._characters += count_characters(self._sentence.text)
            yield events.sentence_end(self._task_id, self._index, self._sentence.text, self._words, self._characters)
            self._sentence = None

    @property
    def _index(self) -> int:
        """Of the last sentence; silence after it counts as its audio."""
        return max(0, self._count - 1)

    def _begin(self, sentence: SentenceTiming) -> Sequence[Any]:
        self._sentence = sentence
        self._count += 1
        if self._has_words:
            self._words = word_objects(sentence, phonemes=self._has_phonemes, indices=True)
            self._all_words += self._words
        return self._words

    @property
    def output(self) -> Mapping[str, Any]:
        """The words of the whole text: `get_response` of the official client is this event."""
        return {"sentence": {"words": self._all_words}}
