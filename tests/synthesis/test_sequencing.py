"""Pauses have their exact length, cause no click, and do not fill the memory."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import RequestError
from server.scheduling.playback import PlaybackClock
from server.scheduling.task import Chunks, iterate, run_to_completion
from server.synthesis.sequencing import Item, sequence, silence, trailing_silent_units
from server.synthesis.synthesizer import Synthesizer
from server.text.sentence import Pause, Sentence
from server.text.units.symbols import byte_symbols
from server.types import Audio, Style
from tests.conftest import Items, chunks_of, samples_of, speak

PAUSES = [0, 0.1, 0.3, 1, 5]
QUIET = 0.004
PAIRS = [("你好", "再见"), ("我们走吧", "然后回家"), ("天上", "有云")]


def synthesized(demo: Synthesizer, *items: Item) -> Iterator[Audio]:
    return iterate(chunks_of(demo, items))


def sentences(demo: Synthesizer, *texts: str) -> list[Sentence]:
    return [next(demo.sentences(text)) for text in texts]


def loud(samples: np.ndarray, rate: int) -> np.ndarray:
    """Indices of the 5 ms windows with sound."""
    size = rate // 200
    windows = samples[: len(samples) // size * size].reshape(-1, size)
    return np.flatnonzero(windows.std(axis=1) > QUIET)


def measured_gap(demo: Synthesizer, pair: tuple[str, str], pause: float) -> float:
    """Seconds between the last sound of the first sentence and the first sound of the second."""
    first, second = sentences(demo, *pair)
    first = replace(first, pause=pause)
    samples, border = samples_of(synthesized(demo, first, second)), len(samples_of(synthesized(demo, first)))
    before, after = loud(samples[:border], demo.rate)[-1] + 1, loud(samples[border:], demo.rate)[0]
    return border / demo.rate - before / 200 + after / 200


@pytest.mark.parametrize("pair", PAIRS)
def test_a_pause_has_the_length_that_was_requested(pair: tuple[str, str], demo: Synthesizer) -> None:
    natural = measured_gap(demo, pair, 0)
    assert natural < 0.12
    for pause in PAUSES:
        assert measured_gap(demo, pair, pause) - natural == pytest.approx(pause, abs=0.03)


def test_a_sentence_that_was_cut_for_its_length_continues_without_the_silence_between_sentences(
    demo: Synthesizer,
) -> None:
    first, rest = demo.sentences("老师说只要每天坚持练习就一定会有进步" * 5)
    assert (first.continues, rest.continues) == (True, False)
    assert demo.sentence_silence > 0.2
    together, alone = synthesized(demo, first, rest), [synthesized(demo, first), synthesized(demo, rest)]
    # alone, the rest begins a text, so its prefix is composed before the whole: up to 4 frames differ
    difference = len(samples_of(together)) - sum(len(samples_of(each)) for each in alone)
    assert abs(difference) <= 4 * demo.voice.manifest.vocoder.samples_per_frame


@pytest.mark.parametrize("pause", [0, 0.01, 0.06, 0.1234, 0.125, 0.2, 3.3])
def test_the_end_of_a_sentence_counts_towards_its_pause(pause: float, demo: Synthesizer) -> None:
    (sentence,) = sentences(demo, "你好")
    natural = run_to_completion(demo._acoustic.predict_prosody(sentence.units, Style())).durations
    speech = int(natural[:-1].sum()) * demo.voice.manifest.vocoder.samples_per_frame
    assert len(samples_of(synthesized(demo, replace(sentence, pause=pause)))) == speech + round(pause * demo.rate)


@pytest.mark.parametrize("pause", [0, 0.02, 0.1, 1])
@pytest.mark.parametrize("text", [first for first, _ in PAIRS])
def test_there_is_no_click_before_a_pause(text: str, pause: float, demo: Synthesizer) -> None:
    (sentence,) = sentences(demo, text)
    samples = samples_of(synthesized(demo, replace(sentence, pause=pause)))
    end = int(np.flatnonzero(samples)[-1]) + 1
    assert np.abs(samples[end - 8 : end]).max() < 0.003


def test_sentences_without_pauses_are_separated_by_the_configured_silence(demo: Synthesizer) -> None:
    first, second = sentences(demo, "你好。", "再见。")
    together = samples_of(synthesized(demo, first, second))
    np.testing.assert_allclose(together, samples_of(speak(demo, "你好。再见。")), atol=1e-6)
    silent = round(0.28 * demo.rate)
    assert not together[len(samples_of(synthesized(demo, first))) :][:silent].any()


def test_pauses_before_between_and_after_sentences_have_their_length(demo: Synthesizer) -> None:
    first, second = sentences(demo, "你好。", "再见。")
    plain = [len(samples_of(synthesized(demo, sentence))) for sentence in (first, second)]
    items: list[Item] = [Pause(0.5), first, Pause(0.7), replace(second, pause=2.0)]
    samples, rate = samples_of(synthesized(demo, *items)), demo.rate
    ending = samples_of(synthesized(demo, replace(second, pause=2.0)))
    assert len(samples) == round(1.2 * rate) + plain[0] + len(ending)
    assert not samples[: rate // 2].any()
    assert not samples[-rate:].any()


@given(st.integers(0, 100_000), st.sampled_from([8000, 16000, 24000]))
def test_silence_is_exact_and_split_into_chunks_of_a_second(samples: int, rate: int) -> None:
    sizes = [len(piece.samples) for piece in silence(samples, rate, PlaybackClock())]
    assert sum(sizes) == samples
    assert max(sizes, default=0) <= rate


def test_a_long_pause_is_streamed(demo: Synthesizer, decoder_steps: list[str]) -> None:
    (sentence,) = sentences(demo, "你好。")
    stream = synthesized(demo, Pause(10**6), sentence)
    assert len(next(stream).samples) == demo.rate
    stream.close()
    assert list(stream) == []
    assert decoder_steps == []


def test_a_text_with_nothing_to_speak_is_an_error_before_the_pause_before_it(demo: Synthesizer) -> None:
    def items():
        yield Pause(1)
        yield from demo.sentences("。。。")

    with pytest.raises(RequestError, match="nothing to speak"):
        next(iterate(chunks_of(demo, items())))


class Recording:
    """Synthesizes a sentence in three chunks of 0.4 s, and records the calls."""

    rate, sentence_silence = 100, 0.0

    def __init__(self) -> None:
        self.calls: list[str] = []

    async def prepare(self, sentence: Sentence, clock: PlaybackClock, seed: int) -> Chunks[Audio]:
        self.calls.append("prepare")
        return self._chunks(clock)

    async def _chunks(self, clock: PlaybackClock) -> Chunks[Audio]:
        for _ in range(3):
            self.calls.append("chunk")
            clock.push(0.4)
            yield Audio(np.ones(40, np.float32), self.rate)


def test_the_next_sentence_is_prepared_as_soon_as_enough_audio_is_buffered(demo: Synthesizer) -> None:
    voice, (sentence,) = Recording(), sentences(demo, "你好。")
    items = Items([(voice, sentence), (voice, Pause(1)), (voice, sentence)])
    for _ in iterate(sequence(items, PlaybackClock(lambda: 0.0))):
        pass
    assert voice.calls == ["prepare", "chunk", "chunk", "prepare", "chunk", "chunk", "chunk", "chunk"]


def in_bytes(text: str) -> str:
    return " ".join(unit.format("F7", "emotion_neutral") for unit in byte_symbols(text))


@pytest.mark.parametrize(
    ("symbols", "silent"),
    [
        ("{h_c$tone3} {ao_c$tone3} {#4$tone_none}", 1),
        ("{h_c$tone3} {#1$tone_none} {#4$tone_none}", 2),
        ("{h_c$tone3} {ao_c$tone3}", 0),
        (in_bytes("你好。"), 3),
        (in_bytes("你好"), 0),
        (in_bytes("ok?!"), 2),
        ("{229$emotion_neutral$F7} {255$emotion_neutral$F7}", 2),
    ],
)
def test_breaks_and_punctuation_at_the_end_are_silent(symbols: str, silent: int) -> None:
    assert trailing_silent_units(symbols) == silent
