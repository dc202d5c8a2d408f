"""Times without a voice."""

from collections.abc import Callable

import pytest

from server.types import PhoneTiming, SentenceTiming, SpeechTiming, SyllableTiming, WordTiming

RATE = 16000
Say = Callable[..., SentenceTiming]


@pytest.fixture(scope="session")
def say() -> Say:
    """Makes a sentence: its words, or (word, silence before it in samples); each character is a syllable of 0.1 s."""

    def made(
        text: str, *words: str | tuple[str, int], begin: int = 0, start: int = 0, pause: int = 0
    ) -> SentenceTiming:
        position, offset, timed = begin, 0, []
        for word in words:
            word, silence = (word, 0) if isinstance(word, str) else word
            offset = text.index(word, offset)
            position += silence
            syllables = []
            for index, char in enumerate(word, offset):
                phone = PhoneTiming("a_c", 1, position, position + RATE // 10)
                syllables.append(SyllableTiming(char, index, index + 1, "a1", phone.begin, phone.end, (phone,)))
                position = phone.end
            span = offset, offset + len(word)
            timed.append(WordTiming(word, *span, offset, syllables[0].begin, position, tuple(syllables)))
            offset += len(word)
        return SentenceTiming(text, 0, len(text), begin, position + pause, RATE, tuple(timed))

    return made


@pytest.fixture(scope="session")
def speech() -> Callable[..., SpeechTiming]:
    """Joins sentences."""
    return lambda *sentences, silence=0: SpeechTiming(
        sentences, (sentences[-1].end if sentences else 0) + silence, RATE
    )
