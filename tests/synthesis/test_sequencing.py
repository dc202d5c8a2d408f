"""Pauses last as long as they were asked to, end no sound with a click, and never fill the memory."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import RequestError
from server.scheduling.playback import PlaybackClock
from server.scheduling.task import Speech, Work, at_once, finished
from server.synthesis.sequencing import Item, deliver, silence, units_of_silence
from server.synthesis.synthesizer import Synthesizer
from server.text.frontend import Pause, Sentence
from server.text.units.symbols import byte_symbols
from server.types import Audio, Style

PAUSES = [0, 0.1, 0.3, 1, 5]
QUIET = 0.004
PAIRS = [("你好", "再见"), ("我们走吧", "然后回家"), ("天上", "有云")]


def joined(audio: list[Audio]) -> np.ndarray:
    return np.concatenate([np.zeros(0, np.float32), *(piece.samples for piece in audio)])


def said(demo: Synthesizer, *items: Item) -> Iterator[Audio]:
    return at_once(demo.speech(items))


def sentences(demo: Synthesizer, *texts: str) -> list[Sentence]:
    return [next(demo.read(text)) for text in texts]


def loud(samples: np.ndarray, rate: int) -> np.ndarray:
    """Numbers of the 5 ms windows in which something sounds."""
    size = rate // 200
    windows = samples[: len(samples) // size * size].reshape(-1, size)
    return np.flatnonzero(windows.std(axis=1) > QUIET)


def heard_gap(demo: Synthesizer, pair: tuple[str, str], pause: float) -> float:
    """Seconds between the last sound of the first sentence and the first sound of the second."""
    first, second = sentences(demo, *pair)
    first = replace(first, pause=pause)
    samples, border = joined(list(said(demo, first, second))), len(joined(list(said(demo, first))))
    before, behind = loud(samples[:border], demo.rate)[-1] + 1, loud(samples[border:], demo.rate)[0]
    return border / demo.rate - before / 200 + behind / 200


@pytest.mark.parametrize("pair", PAIRS)
def test_a_listener_hears_a_pause_of_the_length_that_was_asked_for(pair: tuple[str, str], demo: Synthesizer) -> None:
    natural = heard_gap(demo, pair, 0)
    assert natural < 0.12
    for pause in PAUSES:
        assert heard_gap(demo, pair, pause) - natural == pytest.approx(pause, abs=0.03)


def test_a_sentence_that_was_cut_for_its_length_goes_on_without_the_silence_between_sentences(
    demo: Synthesizer,
) -> None:
    first, rest = demo.read("老师说只要每天坚持练习就一定会有进步" * 5)
    assert (first.continues, rest.continues) == (True, False)
    assert demo.sentence_silence > 0.2
    together = len(joined(list(said(demo, first, rest))))
    assert together == len(joined(list(said(demo, first)))) + len(joined(list(said(demo, rest))))


@pytest.mark.parametrize("pause", [0, 0.01, 0.06, 0.1234, 0.125, 0.2, 3.3])
def test_the_end_of_a_sentence_counts_towards_its_pause(pause: float, demo: Synthesizer) -> None:
    (sentence,) = sentences(demo, "你好")
    natural = finished(demo._acoustic.compose(sentence.units, Style())).durations
    spoken = int(natural[:-1].sum()) * demo.voice.manifest.vocoder.samples_per_frame
    assert len(joined(list(said(demo, replace(sentence, pause=pause))))) == spoken + round(pause * demo.rate)


@pytest.mark.parametrize("pause", [0, 0.02, 0.1, 1])
@pytest.mark.parametrize("text", [first for first, _ in PAIRS])
def test_speech_ends_at_a_pause_without_a_click(text: str, pause: float, demo: Synthesizer) -> None:
    (sentence,) = sentences(demo, text)
    samples = joined(list(said(demo, replace(sentence, pause=pause))))
    end = int(np.flatnonzero(samples)[-1]) + 1
    assert np.abs(samples[end - 8 : end]).max() < 0.003


def test_without_a_pause_of_its_own_a_sentence_sounds_as_ever(demo: Synthesizer) -> None:
    first, second = sentences(demo, "你好。", "再见。")
    together = joined(list(said(demo, first, second)))
    np.testing.assert_array_equal(together, joined(list(demo.speak("你好。再见。"))))
    silent = round(0.28 * demo.rate)
    assert not together[len(joined(list(said(demo, first)))) :][:silent].any()


def test_pauses_sound_before_between_and_behind_sentences(demo: Synthesizer) -> None:
    first, second = sentences(demo, "你好。", "再见。")
    plain = [len(joined(list(said(demo, sentence)))) for sentence in (first, second)]
    items: list[Item] = [Pause(0.5), first, Pause(0.7), replace(second, pause=2.0)]
    samples, rate = joined(list(said(demo, *items))), demo.rate
    ending = joined(list(said(demo, replace(second, pause=2.0))))
    assert len(samples) == round(1.2 * rate) + plain[0] + len(ending)
    assert not samples[: rate // 2].any()
    assert not samples[-rate:].any()


@given(st.integers(0, 100_000), st.sampled_from([8000, 16000, 24000]))
def test_silence_is_exact_and_comes_in_pieces_of_a_second(samples: int, rate: int) -> None:
    sizes = [len(piece.samples) for piece in silence(samples, rate, PlaybackClock())]
    assert sum(sizes) == samples
    assert max(sizes, default=0) <= rate


def test_a_long_pause_is_computed_as_it_is_listened_to(demo: Synthesizer, decoder_steps: list[str]) -> None:
    (sentence,) = sentences(demo, "你好。")
    stream = said(demo, Pause(10**6), sentence)
    assert len(next(stream).samples) == demo.rate
    stream.close()
    assert list(stream) == []
    assert decoder_steps == []


def test_what_cannot_be_read_is_refused_before_the_pause_in_front_of_it(demo: Synthesizer) -> None:
    def items():
        yield Pause(1)
        yield from demo.read("。。。")

    with pytest.raises(RequestError, match="nothing to speak"):
        demo.speech(items())


class Noting:
    """Says a sentence in three chunks of 0.4 s, and notes what it does."""

    rate, sentence_silence = 100, 0.0

    def __init__(self) -> None:
        self.notes: list[str] = []

    def compose(self, sentence: Sentence, pace: PlaybackClock) -> Work[Speech[Audio]]:
        self.notes.append("composes")
        yield from ()
        return self._chunks(pace)

    def _chunks(self, pace: PlaybackClock) -> Speech[Audio]:
        for _ in range(3):
            self.notes.append("speaks")
            pace.hand_over(0.4)
            yield Audio(np.ones(40, np.float32), self.rate)


def test_the_next_sentence_is_composed_as_soon_as_there_is_enough_to_hear(demo: Synthesizer) -> None:
    speaker, (sentence,) = Noting(), sentences(demo, "你好。")
    for _ in at_once(
        deliver([(speaker, sentence), (speaker, Pause(1)), (speaker, sentence)], PlaybackClock(lambda: 0.0))
    ):
        pass
    assert speaker.notes == ["composes", "speaks", "speaks", "composes", "speaks", "speaks", "speaks", "speaks"]


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
    assert units_of_silence(symbols) == silent
